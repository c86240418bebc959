"""Several GPUs against one: `python tests/gpu/several.py` trains on one GPU, then on all, and compares the losses.

Started without torchrun it is the one that compares; torchrun starts it again, a process for each GPU. Weights are held
by every process, or spread over all (`shard_weights`). Exits with the number of failures.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "tests/gpu")]

LAUNCH = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node"]
# Adapter, readout and architecture; settings; how far the losses of a step may lie apart.
EXACT, HALF = {"mixed_precision": "no"}, {"mixed_precision": "auto"}
CASES: dict[str, tuple[tuple[str, str, str], dict[str, Any], float]] = {
    "full": (("full", "classifier", "encoder"), EXACT, 1e-4),
    "lora": (("lora", "linear_head", "encoder"), EXACT, 1e-4),
    "full, bf16": (("full", "classifier", "encoder"), HALF, 3e-2),
    "QLoRA": (("lora", "generation", "decoder"), HALF | {"precision": "nf4", "optimizer": "paged_adamw_8bit"}, 3e-2),
    "full, spread": (("full", "classifier", "encoder"), EXACT | {"shard_weights": True}, 1e-4),
    "full decoder, spread": (("full", "generation", "decoder"), EXACT | {"shard_weights": True}, 1e-4),
    "full decoder, spread, bf16": (
        ("full", "generation", "decoder"),
        HALF | {"shard_weights": True, "gradient_checkpointing": True},
        3e-2,
    ),
    "lora, spread": (("lora", "generation", "decoder"), EXACT | {"shard_weights": True}, 1e-4),
    "lora, spread, bf16": (("lora", "linear_head", "decoder"), HALF | {"shard_weights": True}, 3e-2),
    "lora on bfloat16, spread": (
        ("lora", "generation", "decoder"),
        HALF | {"precision": "bfloat16", "shard_weights": True},
        3e-2,
    ),
    "p_tuning, spread": (("p_tuning", "classifier", "encoder"), EXACT | {"shard_weights": True}, 1e-4),
}


def train_all(file: Path) -> None:
    """Train every case; the first process writes losses, held-out losses and bytes."""
    import torch

    from checks import folders, run
    from fineprint.jobs.processes import join_processes, leave_processes

    folders()  # before the processes meet: then Transformers writes a model in the first one alone
    processes, found = join_processes(), {}
    torch.backends.cuda.matmul.allow_tf32 = False
    for name, (choice, settings, _) in CASES.items():
        outcome, _ = run(*choice, record=False, **settings)
        found[name] = {
            "losses": [step.loss for step in outcome.steps],
            "held_out": [epoch.held_out_loss for epoch in outcome.epochs],
            "bytes": [outcome.weight_bytes, outcome.gradient_bytes, outcome.optimizer_bytes],
            "notes": outcome.notes,
        }
    if processes.writes:
        file.write_text(json.dumps(found), encoding="utf-8")
    leave_processes(0)


def compare(alone: dict[str, Any], together: dict[str, Any]) -> int:
    """Say how each case went; return how many failed."""
    failures = 0
    for name, (_, settings, tolerance) in CASES.items():
        one, other = alone[name], together[name]
        pairs = zip(one["losses"] + one["held_out"], other["losses"] + other["held_out"], strict=True)
        worst = max(abs(a - b) / abs(a) for a, b in pairs)
        held = [b / a for a, b in zip(one["bytes"], other["bytes"], strict=True)]
        parts = ", ".join(f"{share:.2f}" for share in held)
        failed = worst > tolerance or (held[0] < 0.7) != settings.get("shard_weights", False)
        failures += failed
        outcome = "FAILED" if failed else "ok"
        print(f"{name:28} {outcome}: losses within {worst:.0e}; of weights, gradients, state {parts}", flush=True)
    return failures


def main() -> int:
    """Train alone and together in processes of their own, and compare."""
    import torch

    count, files = torch.cuda.device_count(), []
    if count < 2:
        sys.exit("This needs two GPUs.")
    folder = Path(tempfile.mkdtemp())
    for launch in ([], [*LAUNCH, str(count)]):
        files.append(folder / f"{len(files)}.json")
        environment = os.environ | ({} if launch else {"CUDA_VISIBLE_DEVICES": "0"})
        subprocess.run([sys.executable, *launch, __file__, files[-1]], env=environment, check=True)
    return compare(*(json.loads(file.read_text(encoding="utf-8")) for file in files))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train_all(Path(sys.argv[1]))
    else:
        sys.exit(main())

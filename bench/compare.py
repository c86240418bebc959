"""Compare Fineprint's speed with the assignment's way and with what users pick instead, on this machine's card.

    python bench/compare.py --output DIR          about nine minutes on a data centre's GPU
    python bench/compare.py --output DIR --tiny   tries the scripts out on a CPU

Every group of parts runs in its own process with a time limit. DIR gets three files, written anew after each group:
table.txt, results.json and log.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scripts")]

# Group → most seconds. The last ones are left out where time runs short.
GROUPS = {
    "rate": 40,
    "fineprint_encoder": 140,
    "assignment_encoder": 90,
    "fineprint_prompting": 70,
    "assignment_decoder": 120,
    "fineprint_generation": 90,
    "fineprint_head": 90,
    "fineprint_lean": 75,
    "alternatives": 120,
}
# Row of the table: (ours, theirs), each (group, part); the ratio wanted.
PAIRS = {
    "full fine-tuning, batch 8": (("fineprint_encoder", "full_8"), ("assignment_encoder", "full"), 4.5),
    "full fine-tuning, batch 64": (("fineprint_encoder", "full_64"), ("assignment_encoder", "full"), 14),
    "LoRA, batch 8": (("fineprint_encoder", "lora_8"), ("assignment_encoder", "lora"), 9),
    "LoRA, batch 64": (("fineprint_encoder", "lora_64"), ("assignment_encoder", "lora"), 24),
    "P-Tuning, batch 8": (("fineprint_encoder", "p_tuning_8"), ("assignment_encoder", "p_tuning"), 4),
    "P-Tuning, batch 64": (("fineprint_encoder", "p_tuning_64"), ("assignment_encoder", "p_tuning"), 15),
    "prediction": (("fineprint_encoder", "prediction_512"), ("assignment_encoder", "prediction"), 8),
    "zero-shot": (("fineprint_prompting", "zero_shot"), ("assignment_decoder", "zero_shot"), 160),
    "one-shot": (("fineprint_prompting", "one_shot"), ("assignment_decoder", "one_shot"), 110),
    "QLoRA generation, 16 per step": (
        ("fineprint_generation", "qlora"),
        ("assignment_decoder", "qlora_generation"),
        10,
    ),
    "QLoRA head, 16 per step": (("fineprint_head", "qlora"), ("assignment_decoder", "qlora_head"), 10),
    "QLoRA generation, lean": (
        ("fineprint_lean", "qlora_generation"),
        ("assignment_decoder", "qlora_generation"),
        3,
    ),
    "QLoRA head, lean": (("fineprint_lean", "qlora_head"), ("assignment_decoder", "qlora_head"), 3),
    "Trainer by length, bf16, full 8": (("alternatives", "full_grouped_8"), ("assignment_encoder", "full"), 0),
    "Trainer by length, bf16, full 64": (("alternatives", "full_grouped_64"), ("assignment_encoder", "full"), 0),
    "Trainer by length, bf16, LoRA 8": (("alternatives", "lora_grouped_8"), ("assignment_encoder", "lora"), 0),
    "Trainer by length, bf16, LoRA 64": (("alternatives", "lora_grouped_64"), ("assignment_encoder", "lora"), 0),
    "the same compiled, full 64": (("alternatives", "full_compiled_64"), ("assignment_encoder", "full"), 0),
}
# Forward passes' worth of arithmetic per text: a trained weight costs two more, a frozen one in between one more.
PASSES = {"full": 3, "lora": 2, "p_tuning": 2, "prefix": 2, "qlora": 2, "prediction": 1}


def run_group(group: str, tiny: bool, output: Path) -> None:
    """Run one group in this process."""
    from measure import matmul_rate, run_parts
    from models import Sizes

    sizes, folder = Sizes(tiny), output.parent / f"{group}.work"
    folder.mkdir(parents=True, exist_ok=True)
    if group == "rate":
        run_parts({"rate": lambda: describe_card(matmul_rate())}, output)
        return
    side, name = group.split("_", 1) if "_" in group else (group, group)
    if side == "fineprint":
        import fineprint_way as ours

        parts = {
            "encoder": lambda: ours.encoder_parts(sizes, folder),
            "prompting": lambda: ours.prompting_parts(sizes, folder),
            "generation": lambda: ours.qlora_parts(sizes, folder, "generation"),
            "head": lambda: ours.qlora_parts(sizes, folder, "linear_head"),
            "lean": lambda: ours.lean_parts(sizes, folder),
        }[name]()
    else:
        import assignment as theirs

        parts = {
            "encoder": lambda: theirs.encoder_parts(sizes, folder),
            "decoder": lambda: theirs.decoder_parts(sizes, folder),
            "alternatives": lambda: theirs.alternative_parts(sizes, folder),
        }[name]()
    run_parts(parts, output)


def describe_card(rate: float | None) -> dict[str, Any]:
    """Return the card's name, its measured rate, and what it computes per text."""
    import torch

    from measure import forward_operations
    from models import Sizes, make_rows

    lengths = [sum(len(text.split()) for text in row.texts.values()) + 4 for row in make_rows(2000, 9, Sizes(False), 4)]
    encoder, decoder = Sizes(False).config("encoder"), Sizes(False).config("decoder")
    from models import PROMPT

    words = len(PROMPT.split()) - 2
    return {
        "card": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch": torch.__version__,
        "matmul_rate": rate,
        "mean_length": sum(lengths) / len(lengths),
        "encoder_operations": forward_operations(encoder, lengths),
        "encoder_operations_p_tuning": forward_operations(encoder, lengths, 20),
        "decoder_operations": forward_operations(decoder, lengths),
        "decoder_operations_prompt": forward_operations(decoder, lengths, words),
    }


def run_all(output: Path, tiny: bool, only: list[str], seconds: float) -> None:
    """Run every group in a process of its own, and write the table after each."""
    (output / "log.txt").unlink(missing_ok=True)
    begin, work = time.perf_counter(), Path(tempfile.mkdtemp(prefix="bench-"))
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true", "PYTHONUNBUFFERED": "1"}
    for group, limit in GROUPS.items():
        left = seconds - (time.perf_counter() - begin)
        if (only and group not in only) or left < 15:
            print(f"{group}: left out", flush=True)
            continue
        command = [sys.executable, str(HERE / "compare.py"), "--output", str(work), "--group", group]
        start = time.perf_counter()
        with (work / f"{group}.log").open("w") as log:
            try:
                subprocess.run(
                    [*command, *(["--tiny"] if tiny else [])],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=min(limit * (10 if tiny else 1), left),
                    env=environment,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                print(f"{group}: stopped at its time limit", flush=True)
        print(f"{group}: {time.perf_counter() - start:.0f} s", flush=True)
        with (output / "log.txt").open("a") as whole:
            whole.write(f"=== {group}\n{(work / f'{group}.log').read_text()}\n")
        write_table(work, output)
    print((output / "table.txt").read_text(), flush=True)


def read_results(work: Path) -> dict[str, dict[str, Any]]:
    """Return what the groups have measured so far."""
    return {group: json.loads(file.read_text()) for group in GROUPS if (file := work / f"{group}.json").exists()}


def write_table(work: Path, output: Path) -> None:
    """Write the ratios as text and as JSON."""
    results = read_results(work)
    card = results.get("rate", {}).get("rate", {})
    lines = [f"{card.get('card')} · torch {card.get('torch')} · bf16 matrix product {tera(card.get('matmul_rate'))}"]
    lines.append(f"{'':34} {'per s':>9} {'theirs':>9} {'ratio':>7} {'wanted':>7} {'share':>6} {'GB':>6} {'theirs':>6}")
    table = {}
    for name, (ours, theirs, wanted) in PAIRS.items():
        own, other = (results.get(group, {}).get(part, {}) for group, part in (ours, theirs))
        speed, slow = own.get("per_second"), other.get("per_second")
        ratio = speed / slow if speed and slow else None
        share = share_of_rate(ours, speed, card)
        table[name] = {"ours": own, "theirs": other, "ratio": ratio, "wanted": wanted, "share": share}
        cells = [number(speed, 9), number(slow, 9), number(ratio, 7), number(wanted or None, 7)]
        cells += [number(share and 100 * share, 5) + "%", giga(own), giga(other)]
        lines.append(f"{name:34} " + " ".join(cells) + (f"  {own['failed'][:60]}" if "failed" in own else ""))
    (output / "table.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (output / "results.json").write_text(json.dumps({"results": results, "table": table}, indent=1), encoding="utf-8")


def share_of_rate(ours: tuple[str, str], speed: float | None, card: dict[str, Any]) -> float | None:
    """Return the share of the card's measured rate that useful arithmetic, padding left out, makes up."""
    group, part = ours
    if not speed or not card.get("matmul_rate"):
        return None
    if part in ("zero_shot", "one_shot"):
        return None
    passes = next(count for kind, count in PASSES.items() if part.startswith(kind))
    operations = card["encoder_operations_p_tuning" if part.startswith("p_tuning") else "encoder_operations"]
    if part.startswith("qlora"):
        prompt = "generation" in group + part
        operations = card["decoder_operations_prompt" if prompt else "decoder_operations"]
    return speed * passes * operations / card["matmul_rate"]


def number(value: float | None, width: int) -> str:
    """Return a number in three figures, or a dash."""
    return f"{value:{width}.1f}" if value is not None else f"{'–':>{width}}"


def giga(result: dict[str, Any]) -> str:
    """Return a peak of memory in GB."""
    peak = result.get("peak_bytes")
    return number(peak / 1e9 if peak else None, 6)


def tera(rate: float | None) -> str:
    """Return a rate in TFLOP/s."""
    return f"{rate / 1e12:.0f} TFLOP/s" if rate else "not measured"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true", help="small models, to try the scripts out")
    parser.add_argument("--only", nargs="*", default=[], choices=GROUPS, help="these groups alone")
    parser.add_argument("--seconds", type=float, default=540, help="stop starting groups when so many are used up")
    parser.add_argument("--group", choices=GROUPS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.group:
        run_group(arguments.group, arguments.tiny, arguments.output / f"{arguments.group}.json")
    else:
        run_all(arguments.output, arguments.tiny, arguments.only, arguments.seconds * (20 if arguments.tiny else 1))


if __name__ == "__main__":
    main()

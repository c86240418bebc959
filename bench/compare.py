"""Compare Fineprint's speed with the assignment's way and with what users pick instead, on this machine's GPU.

    python bench/compare.py --output DIR          less than nine minutes on a data center's GPU
    python bench/compare.py --output DIR --tiny   tries the scripts out on a CPU

Every group of parts runs in its own process with a time limit. DIR gets results.json and speed.md, written anew after
each group, in the end speed.svg, and log.txt. A second call with --only measures these groups again and keeps the
others; the table then says which row is from which run. `python bench/document.py DIR docs` makes docs/speed.md of it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scripts")]

# Group → most seconds. The last ones get what is left.
GROUPS = {
    "fineprint_encoder": 130,
    "assignment_encoder": 70,
    "fineprint_decoder": 170,
    "assignment_decoder": 130,
    "fineprint_lean": 75,
    "alternatives": 70,
    "compiled": 110,
}
SECONDS = 515  # in all
LEAST_SECONDS = 15  # in which nothing can be measured


def run_group(group: str, tiny: bool, about: dict[str, str | None], output: Path) -> None:
    """Run one group in this process."""
    from measure import describe_run, run_parts
    from models import Sizes

    sizes, folder = Sizes(tiny), Path(tempfile.mkdtemp(prefix=f"bench-{group}-"))
    described = describe_run(about["commit"], str(about["started"]))
    output.write_text(json.dumps({"about": described, "parts": {}}), encoding="utf-8")
    if group.startswith("fineprint"):
        import fineprint_way as way
    elif group.startswith("assignment"):
        import assignment as way
    else:
        import alternatives as way
    names = {"alternatives": "alternative_parts", "compiled": "compiled_parts"}
    parts = getattr(way, names.get(group, f"{group.split('_')[-1]}_parts"))
    run_parts(parts(sizes, folder), described, output)


def run_all(output: Path, tiny: bool, only: list[str], seconds: float, commit: str | None) -> None:
    """Run groups, each in a process of its own, and write what is known after each."""
    (output / "groups").mkdir(exist_ok=True)
    begin, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    (output / "log.txt").write_text(f"{started}\n", encoding="utf-8")
    for group, limit in GROUPS.items():
        left = seconds - (time.perf_counter() - begin)
        if (only and group not in only) or left < LEAST_SECONDS:
            print(f"{group}: left out", flush=True)
            continue
        options = ["--group", group, "--started", started, *(["--tiny"] if tiny else [])]
        options += ["--commit", commit] if commit else []
        start, file = time.perf_counter(), output / "groups" / f"{group}.json"
        file.unlink(missing_ok=True)
        finished = run_process(options, output, min(limit * (10 if tiny else 1), left))
        close_group(file, started, time.perf_counter() - start, finished)
        print(f"{group}: {time.perf_counter() - start:.0f} s{'' if finished else ', stopped'}", flush=True)
        write(output, with_figure=False)
    write(output, with_figure=True)
    print((output / "speed.md").read_text(encoding="utf-8"), flush=True)


def run_process(options: list[str], output: Path, limit: float) -> bool:
    """Run this script for one group; return whether it came to its end in time. With it ends what it has started, such
    as torch.compile's helpers."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(HERE / "compare.py"), "--output", str(output), *options]
    with (output / "log.txt").open("a", encoding="utf-8") as log:
        log.write(f"=== {options[1]}\n")
        log.flush()
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        try:
            return process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False


def close_group(file: Path, started: str, seconds: float, finished: bool) -> None:
    """Note how long a group took and whether it came to its end, also where it has written nothing."""
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"about": {}, "parts": {}}
    found["about"] = found["about"] or {"started": started}
    file.write_text(json.dumps({**found, "seconds": seconds, "finished": finished}, indent=1), encoding="utf-8")


def write(output: Path, with_figure: bool) -> None:
    """Write what all groups have measured, and the document made of it."""
    files = {group: output / "groups" / f"{group}.json" for group in GROUPS}
    results = {group: json.loads(file.read_text(encoding="utf-8")) for group, file in files.items() if file.exists()}
    (output / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    from document import write_documents

    write_documents(results, output, with_figure)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true", help="small models, to try the scripts out")
    parser.add_argument("--only", nargs="*", default=[], choices=GROUPS, help="measure these groups, keep the others")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all, after which groups are stopped")
    parser.add_argument("--commit", help="of these files, where there is no git to ask")
    parser.add_argument("--group", choices=GROUPS, help=argparse.SUPPRESS)
    parser.add_argument("--started", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    if asked.group:
        about = {"commit": asked.commit, "started": asked.started}
        run_group(asked.group, asked.tiny, about, asked.output / "groups" / f"{asked.group}.json")
    else:
        run_all(asked.output, asked.tiny, asked.only, asked.seconds * (20 if asked.tiny else 1), asked.commit)


if __name__ == "__main__":
    main()

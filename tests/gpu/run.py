"""The checks on a GPU without pytest: `python tests/gpu/run.py [--commit …] [--only WORD]`.

Prints when, on what and with what they ran, so that the output can be kept. Exits with the number of failures.
"""

import argparse
import datetime
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "tests/gpu"), str(ROOT / "bench")]


def main() -> int:
    """Run every check and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", help="of these files, where there is no git to ask")
    parser.add_argument("--only", default="", help="checks whose name holds this word")
    asked = parser.parse_args()
    print(describe(asked.commit), flush=True)
    from catalogue import ALL

    failures = 0
    checks = {name: check for name, check in ALL.items() if asked.only in name}
    for name, check in checks.items():
        start = time.perf_counter()
        try:
            check()
            outcome = "ok"
        except Exception as error:
            traceback.print_exc()
            failures += 1
            outcome = f"FAILED {type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        print(f"{name:40} {time.perf_counter() - start:5.1f} s  {outcome}", flush=True)
    print(f"{len(checks) - failures} of {len(checks)} checks hold", flush=True)
    return failures


def describe(commit: str | None) -> str:
    """Return date, commit, gpu and versions, a line each."""
    from fineprint.jobs.environment import describe_environment
    from measure import driver_version

    found = describe_environment()
    gpu = found["gpu"] or {"name": "no GPU", "cuda": None}
    changed = " with uncommitted changes" if found["uncommitted_changes"] and not commit else ""
    versions = {"python": found["python"], "CUDA": gpu["cuda"], "driver": driver_version(), **found["versions"]}
    return "\n".join(
        [
            f"{datetime.datetime.now(datetime.UTC):%d %B %Y, %H:%M} UTC",
            f"commit {commit or found['commit'] or 'unknown'}{changed}",
            f"{gpu['name']}, {found['processor']}, {found['cores']} cores",
            ", ".join(f"{name} {version}" for name, version in versions.items() if version),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

"""The checks on a GPU without pytest: `python tests/gpu/run.py`. Exits with the number of failures."""

import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "tests/gpu")]


def main() -> int:
    """Run every check and say how it went."""
    from checks import CHECKS
    from resuming_checks import RESUMING

    failures = 0
    for name, check in {**RESUMING, **CHECKS}.items():
        start = time.perf_counter()
        try:
            check()
            outcome = "ok"
        except Exception as error:
            traceback.print_exc()
            failures += 1
            outcome = f"FAILED {type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        print(f"{name:40} {time.perf_counter() - start:5.1f} s  {outcome}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())

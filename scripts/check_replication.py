"""Tell by the exit status whether a study replicated: 1 where a method that was better is worse now."""

import sys
from pathlib import Path

from fineprint.core.records import Replication, read_record
from fineprint.jobs.job import run_job
from fineprint.reporting.replication.summary import say_verdict


def main(*, record: Path) -> None:
    """Print what held and what did not, and end with 1 where a better method changed sides.

    Args:
        record: what compare_studies found.
    """
    found = read_record(record, Replication)
    print(f"{' '.join(say_verdict(found))}\nMore in {record.with_suffix('.html')}")
    sys.exit(1 if found.reversed else 0)


if __name__ == "__main__":
    run_job(main)

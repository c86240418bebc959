"""Download one model or data set into the hub's cache, compare it with what the hub declares, and record its files."""

import json
from pathlib import Path

from fineprint.core.records import read_json, write_json
from fineprint.jobs.job import run_job
from fineprint.study.fetching import fetch, read_hub_source


def main(*, source: str, revisions: Path, record: Path) -> None:
    """Fetch a source.

    Args:
        source: JSON of the source, with its place in the config as `where`.
        revisions: what `check_access` left.
        record: commit, size and hashes.
    """
    values = json.loads(source)
    where = values.pop("where")
    write_json(record, fetch(read_hub_source(values), read_json(revisions)[where]))


if __name__ == "__main__":
    run_job(main, asks_the_hub=True)

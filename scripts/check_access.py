"""Ask the hub which commits a study's models and data sets are and whether this account may read all of them."""

import json
from pathlib import Path

from fineprint.core.records import write_json
from fineprint.hub.repositories import check_access
from fineprint.jobs.job import run_job
from fineprint.study.fetching import read_hub_source


def main(*, sources: str, revisions: Path) -> None:
    """Check access before anything is downloaded.

    Args:
        sources: JSON of the study's sources on the hub.
        revisions: the commit, size and declared hashes of each.
    """
    asked = {where: read_hub_source(values) for where, values in json.loads(sources).items()}
    write_json(revisions, check_access(asked))


if __name__ == "__main__":
    run_job(main, asks_the_hub=True)

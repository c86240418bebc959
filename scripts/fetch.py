"""Say what of a study was fetched from the hub."""

import json
from pathlib import Path

from fineprint.core.progress import logger
from fineprint.core.records import read_json
from fineprint.jobs.job import run_job


def main(*, study: str, sources: str, records: Path) -> None:
    """Print a line per source.

    Args:
        study: its name.
        sources: JSON of its sources on the hub.
        records: the folder that `fetch_source` left its records in; it need not exist where there are no sources.
    """
    places = json.loads(sources)
    if not places:
        logger.info("Study '%s' uses no model or data set from the hub: there is nothing to download.", study)
    for where in places:
        record = read_json(records / f"{where}.json")
        logger.info(
            "%s: %s at commit %s, %d files, %.2f GB",
            *(where, record["source"], record["revision"][:12], len(record["files"]), record["bytes"] / 1e9),
        )


if __name__ == "__main__":
    run_job(main)

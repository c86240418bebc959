"""Compare two finished studies: what held and what did not, as a page, a table and a record."""

from pathlib import Path

from fineprint.core.progress import logger
from fineprint.core.records import write_json
from fineprint.jobs.job import run_job
from fineprint.reporting.replication.page import render_replication
from fineprint.reporting.replication.summary import say_verdict
from fineprint.results.replication.comparison import compare_studies
from fineprint.results.replication.table import write_table


def main(*, first: Path, second: Path, report: Path = Path("report"), page: Path, table: Path, record: Path) -> None:
    """Compare two finished studies.

    Args:
        first: the results folder of the study that is to be replicated.
        second: the results folder of the one that replicates it.
        report: the folder of templates and styles.
        page: the page to write.
        table: the flat table to write.
        record: everything that was found, which check_replication reads.
    """
    found = compare_studies(first, second)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render_replication(found, report), encoding="utf-8")
    write_table(table, found)
    write_json(record, found)
    logger.info("%s", " ".join(say_verdict(found)))


if __name__ == "__main__":
    run_job(main)

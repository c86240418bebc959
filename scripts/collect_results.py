"""Collect all records of a study into results.json, and one row per method, seed and split into results.csv."""

from pathlib import Path

from fineprint.core.records import read_json, write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.results.collecting import collect_study, write_table


def main(*, study: Path, command: str, results: Path, table: Path) -> None:
    """Collect a study.

    Args:
        study: the resolved config, in the study's results folder.
        command: that reruns the study, for the report.
        results: the collected records.
        table: a flat table of them.
    """
    collected = collect_study(read_json(study), study.parent, command)
    write_json(results, collected)
    write_table(table, collected)
    note_code(results)


if __name__ == "__main__":
    run_job(main)

"""Collect all records of a study: results.json, a row per method, seed and split in results.csv, and the test examples
with all answers in examples.json."""

from pathlib import Path

from fineprint.core.records import Examples, write_json
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.results.collecting import collect_study, write_table
from fineprint.results.collecting_errors import collect_examples


def main(*, study: Path, command: str, results: Path, table: Path, examples: Path) -> None:
    """Collect a study.

    Args:
        study: the resolved config, in the study's results folder.
        command: that reruns the study, for the report.
        results: the collected records.
        table: a flat table of them.
        examples: every test example with all answers, for the page of examples.
    """
    collected = collect_study(study, command)
    write_json(results, collected)
    write_table(table, collected)
    sets = collect_examples(collected.study, study.parent, collected.runs)
    title, created = collected.study["title"], collected.provenance.created[:10]
    write_json(examples, Examples(title=title, created=created, sets=sets))
    note_code(results)


if __name__ == "__main__":
    run_job(main)

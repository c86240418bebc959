"""Take out of a study's results what the report's claims need, to be kept beside the templates."""

from pathlib import Path

from fineprint.claims.excerpts import quote_study
from fineprint.core.records import write_json
from fineprint.jobs.job import run_job
from fineprint.results.study import Study


def main(*, results: Path, output: Path) -> None:
    """Write the excerpt of a study's first task.

    Args:
        results: results.json of a study at the models' real size, such as results/capacity/results.json.
        output: report/capacity.json.
    """
    study = Study(results)
    write_json(output, quote_study(study, study.tasks[0]))


if __name__ == "__main__":
    run_job(main)

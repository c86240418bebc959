"""Predict what every method of a study will take of a GPU, of the disk and of time, before anything runs."""

import json
from pathlib import Path

from fineprint.core.packing import unpack
from fineprint.core.records import write_json
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import run_job
from fineprint.study.reading import read_study


def main(*, study: str, gpus: str, results: Path, plan: Path, table: Path) -> None:
    """Plan a study and print the table.

    Args:
        study: the resolved study and what its kinds say of themselves, as JSON or packed.
        gpus: JSON of the GPUs' memory in GB.
        results: the study's results, as far as there are any.
        plan: the plan.
        table: the same as a Markdown table.
    """
    import_libraries()
    from fineprint.planning.study import plan_study, write_plan_table

    planned = plan_study(read_study(unpack(study)["config"]), json.loads(gpus), results)
    write_json(plan, planned)
    table.write_text(write_plan_table(planned), encoding="utf-8")
    print(table.read_text(encoding="utf-8"))


if __name__ == "__main__":
    run_job(main, asks_the_hub=True)

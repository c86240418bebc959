"""Load a task's rows, drop those without a gold label, cut the held-out part off the training rows."""

from pathlib import Path

from fineprint.core.records import read_json, write_json
from fineprint.core.settings import SettingsError
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.study.fetching import use_fetched
from fineprint.study.reading import read_kind_of
from fineprint.tasks._rows import make_task_record, prepare_splits, write_rows


def main(*, settings: Path, rows: Path, record: Path, fetched: Path | None = None) -> None:
    """Prepare a task.

    Args:
        settings: JSON with the task's `name`, its `settings` and the `seed`.
        rows: folder for one file of rows per split.
        record: the task's record.
        fetched: what `fetch_source` left, for a data set on the hub.
    """
    wanted = read_json(settings)
    problems: list[str] = []
    task = read_kind_of("tasks")(wanted["settings"], f"tasks.{wanted['name']}", problems)
    if task is None:
        raise SettingsError(" ".join(problems))
    use_fetched(task, fetched)
    try:
        splits, dropped = prepare_splits(task, wanted["seed"])
    except SettingsError as error:
        raise SettingsError(f"tasks.{wanted['name']}: {error}") from error
    files = {split: rows / f"{split}.jsonl" for split in splits}
    for split, part in splits.items():
        write_rows(files[split], part)
    write_json(record, make_task_record(wanted["name"], task, splits, dropped, files))
    note_code(record)


if __name__ == "__main__":
    run_job(main)

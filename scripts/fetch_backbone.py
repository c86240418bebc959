"""Fetch or make a backbone: a folder with config.json, safetensors and tokenizer."""

from pathlib import Path

from fineprint.backbones._admission import admit
from fineprint.backbones._model_folder import make_backbone_record
from fineprint.core.records import read_json, write_json
from fineprint.core.settings import SettingsError
from fineprint.jobs.code_state import note_code
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import run_job, use_threads
from fineprint.study.fetching import check_unchanged, use_fetched
from fineprint.study.reading import read_kind_of


def main(*, settings: Path, model: Path, record: Path, fetched: Path | None = None, threads: int = 1) -> None:
    """Fetch a backbone.

    Args:
        settings: JSON with the backbone's `name`, its `settings` and the `seed`.
        model: the folder to fill.
        record: the backbone's record.
        fetched: what `fetch_source` left, for a model on the hub.
        threads: that torch may use.
    """
    wanted = read_json(settings)
    problems: list[str] = []
    backbone = read_kind_of("backbones")(wanted["settings"], f"backbones.{wanted['name']}", problems)
    if backbone is None:
        raise SettingsError(" ".join(problems))
    use_fetched(backbone, fetched)
    model.mkdir(parents=True, exist_ok=True)
    use_threads(threads)
    import_libraries()
    facts = backbone.fetch(model, wanted["seed"])
    matched = admit(wanted["name"], backbone, model)
    described = make_backbone_record(wanted["name"], backbone, model, facts, matched)
    check_unchanged(fetched, described.files)
    write_json(record, described)
    note_code(record)


if __name__ == "__main__":
    run_job(main)

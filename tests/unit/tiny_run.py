"""A run laid out on disk as the workflow lays it out, below the current folder, from a tiny model and tiny rows."""

from pathlib import Path

from fineprint.backbones._model_folder import make_backbone_record
from fineprint.backbones.folder import Settings as Folder
from fineprint.core.records import hash_file, write_json
from fineprint.runs.training import train_run
from fineprint.tasks._rows import write_rows

HELD_OUT_ROWS = 12
PLACE = Path("results/tiny/runs/pairs/tried/1")


def lay_out(method, backbone, task_record, rows, **settings):
    """Write settings, task, rows and backbone, and link the backbone's folder; return `train_run`'s arguments."""
    run = {"study": "tiny", "task": "pairs", "method": "tried", "seed": 1, "settings": method.model_dump(mode="json")}
    write_json(PLACE / "run_config.json", run)
    data, home = Path("results/tiny/data/pairs"), Path("results/tiny/backbones") / method.backbone
    write_rows(data / "rows/train.jsonl", rows[HELD_OUT_ROWS:])
    write_rows(data / "rows/held_out.jsonl", rows[:HELD_OUT_ROWS])
    counts = {"train": len(rows) - HELD_OUT_ROWS, "held_out": HELD_OUT_ROWS}
    blank = {"groups": 0, "labels": {}, "tags": {}, "examples": []}
    splits = {
        name: {"rows": count, "sha256": hash_file(data / f"rows/{name}.jsonl"), **blank}
        for name, count in counts.items()
    }
    described = {"name": "pairs", "settings": {"kind": "own_files"}, "facts": {}, "description": "Pairs"}
    described |= {"dropped": {}, "not_drawn": {}, "rows_shared_with_train": {}, "splits": splits}
    write_json(data / "task.json", described | task_record | settings)
    home.mkdir(parents=True)
    (home / "model").symlink_to(backbone)
    source = Folder(kind="folder", architecture=method.backbone, path=backbone)
    write_json(home / "backbone.json", make_backbone_record(method.backbone, source, home / "model", {}, None))
    return PLACE / "run_config.json", data / "task.json", data / "rows", home / "model", home / "backbone.json"


def train_laid_out(*arguments, **settings):
    """Lay a run out, train it, and return its record; the model lies in `PLACE / "model"`."""
    return train_run(*lay_out(*arguments, **settings), PLACE / "model", 1)

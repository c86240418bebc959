"""Make docs/speed.md, its figure and its data from what compare.py measured: `python bench/document.py DIR docs`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [path for path in (str(HERE), str(HERE.parent / "scripts")) if path not in sys.path]

from extrapolate import extrapolate  # noqa: E402
from figure import draw  # noqa: E402
from table import Results, compare, describe_runs, markdown, read_results, table_lines  # noqa: E402

VERSIONS = ("python", "torch", "CUDA", "driver", "transformers", "peft", "bitsandbytes", "accelerate")


def write_documents(results: Results, folder: Path, with_figure: bool = True) -> None:
    """Write speed.md and, where matplotlib is installed and there is a ratio to draw, speed.svg."""
    rows = compare(results)
    drawn = with_figure and find_spec("matplotlib") is not None and any(row["ratio"] for row in rows)
    if drawn:
        draw(rows, folder / "speed.svg")
    (folder / "speed.md").write_text(render(results, drawn), encoding="utf-8")


def render(results: Results, with_figure: bool = True) -> str:
    """Return the document."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    rows, whole = compare(results), extrapolate(results)
    return environment.get_template("speed.md.j2").render(
        runs=[describe(run) for run in describe_runs(results)],
        table=markdown(table_lines(results)),
        figure=with_figure,
        learning_rates=learning_rates(rows),
        missing=missing(rows),
        reserved=reserved(results),
        whole=whole,
        whole_table=markdown(whole_lines(whole)),
        total="not measured" if whole["total"] is None else f"{whole['total']:.0f} minutes",
        starting=in_minutes(whole["starting"]),
    )


def describe(run: dict[str, Any]) -> dict[str, str]:
    """Return a run in words."""
    versions = run.get("versions", {})
    commit = (run.get("commit") or "unknown")[:12]
    rates = [f"{rate / 1e12:.0f}" for rate in run["rates"]]
    return {
        "letter": run["letter"],
        "when": run["when"],
        "gpu": run.get("gpu") or f"no GPU ({run.get('processor', 'unknown')})",
        "commit": commit + (" with uncommitted changes" if run.get("uncommitted_changes") else ""),
        "versions": ", ".join(f"{name} {versions[name]}" for name in VERSIONS if versions.get(name)),
        "rates": "not measured" if not rates else f"{' to '.join(dict.fromkeys([rates[0], rates[-1]]))} TFLOP/s",
    }


def learning_rates(rows: list[dict[str, Any]]) -> str:
    """Return the learning rate of every training, as a list in words."""
    return "; ".join(f"{row['work']}: {row['learning_rate']:.1e}" for row in rows if row["learning_rate"])


def missing(rows: list[dict[str, Any]]) -> list[str]:
    """Return why rows are not whole, those with the same reason together."""
    works: dict[str, list[str]] = {}
    for row in rows:
        for why in row["why"]:
            works.setdefault(why, []).append(row["work"])
    return [f"{', '.join(names)}: {why}" for why, names in works.items()]


def reserved(results: Results) -> str:
    """Return what torch had set aside at its most in any part of Fineprint's, and for which."""
    found = [
        (part["reserved_bytes"], part["peak_bytes"], f"{name} ({group})")
        for group, measured in results.items()
        for name, part in measured["parts"].items()
        if group.startswith("fineprint") and part.get("reserved_bytes")
    ]
    if not found:
        return "not measured"
    most, peak, name = max(found)
    return f"{most / 1e9:.1f} GB at {peak / 1e9:.1f} GB of tensors, in {name}"


def whole_lines(whole: dict[str, Any]) -> list[list[str]]:
    """Return the extrapolation as a table's lines."""
    lines = [["method", "epochs", "training", "evaluation", "predictions", "predicting"]]
    for line in whole["methods"]:
        spent = [in_minutes(line[name]) for name in ("training", "held_out", "answering")]
        lines.append([line["title"], str(line["epochs"] or "–"), *spent[:2], f"{line['asked']:,}", spent[2]])
    return lines


def in_minutes(value: float | None) -> str:
    """Return minutes, a dash for none, or that they are not known."""
    return "not measured" if value is None else f"{value:.1f}" if value else "–"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", type=Path, help="the folder that compare.py wrote to")
    parser.add_argument("documents", type=Path, help="the folder that gets speed.md, speed.svg and speed.json")
    asked = parser.parse_args()
    results = read_results(asked.measured)
    write_documents(results, asked.documents)
    (asked.documents / "speed.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

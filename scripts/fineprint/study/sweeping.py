"""Sweeps: one row of `methods` that stands for several, an ordinary method for each value of a setting.

    roberta_lora:
      adapter: {kind: lora, alpha: 16}
      sweep: {adapter.rank: [8, 16, 32]}     → roberta_lora_rank_8, roberta_lora_rank_16, roberta_lora_rank_32

Several keys give every combination. Only what is run is expanded: `run.methods` then names the rows in its place.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from fineprint.core import formats
from fineprint.core.settings import read_model
from fineprint.study.schema import SweptKeys

MOST_ROWS = 64
NOT_SWEPT = ("title", "sweep")
UNFIT = re.compile(r"[^a-z0-9]+")  # for a name


def expand_sweeps(
    values: Mapping[str, Any], defaults: Mapping[str, Any], problems: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a config in which the rows of sweeps stand in the place of theirs, and what was swept, by method.

    Args:
        values: the config, which may hold mistakes of any kind.
        defaults: what every method starts from.
        problems: to which mistakes in sweeps are added.
    """
    methods, run = values.get("methods"), values.get("run")
    asked = run.get("methods") if isinstance(run, Mapping) else None
    if not isinstance(methods, Mapping) or not isinstance(run, Mapping) or not isinstance(asked, list | tuple):
        return dict(values), {}
    rows: dict[str, Any] = {}
    sweeps: dict[str, Any] = {}
    for name, method in methods.items():
        if name not in asked or not isinstance(method, Mapping) or not method.get("sweep"):
            rows[name] = method
            continue
        swept = expand_method(str(name), method, defaults, problems)
        problems.extend(find_collisions(name, swept, {*methods, *rows}))
        rows.update({row: value for row, (value, _) in swept.items()})
        sweeps[name] = {"title": method.get("title") or "", "rows": {row: of for row, (_, of) in swept.items()}}
    expanded = {name: list(sweep["rows"]) for name, sweep in sweeps.items()}
    named = [row for name in asked for row in (expanded.get(name, [name]) if isinstance(name, str) else [name])]
    return {**values, "methods": rows, "run": {**run, "methods": named}}, sweeps


Rows = dict[str, tuple[dict[str, Any], dict[str, Any]]]  # by name: the method as it would be written, the swept values


def expand_method(name: str, method: Mapping[str, Any], defaults: Mapping[str, Any], problems: list[str]) -> Rows:
    """Return the rows of a method's sweep; none where it cannot be read."""
    where = f"methods.{name}"
    read = read_model(SweptKeys, {"sweep": method["sweep"]}, where, problems)
    if read is None:
        return {}
    if refused := [key for key in read.sweep if key in NOT_SWEPT]:
        problems.append(f"{where}.sweep.{refused[0]}: this key cannot be swept; a setting of the method is wanted.")
        return {}
    count = math.prod(map(len, read.sweep.values()))
    if count > MOST_ROWS:
        problems.append(f"{where}.sweep: {count} rows are asked for; accepted: {MOST_ROWS} at most, with fewer values.")
        return {}
    rows: Rows = {}
    for values in itertools.product(*read.sweep.values()):
        swept = dict(zip(read.sweep, values, strict=True))
        row = name_row(name, swept)
        if row in rows:
            problems.append(f"{where}.sweep: two of its rows would be named '{row}'; their values differ too little.")
        rows[row] = make_row(method, swept, defaults), swept
    return rows


def make_row(method: Mapping[str, Any], swept: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row of a sweep as it would be written by itself."""
    row = {key: value for key, value in method.items() if key != "sweep"}
    for key, value in swept.items():
        part = key.split(".")[0]
        if part in defaults and part not in row and part != "training":  # which is merged key by key, later
            row[part] = defaults[part]
        row = set_key(row, key.split("."), value)
    if isinstance(title := row.get("title"), str) and title:
        row["title"] = f"{title}, {describe_values(swept)}"
    return row


def set_key(settings: Any, path: list[str], value: Any) -> dict[str, Any]:
    """Return settings with a value at a path; what is no mapping on the way is replaced by one."""
    first, *rest = path
    known = dict(settings) if isinstance(settings, Mapping) else {}
    return {**known, first: set_key(known.get(first), rest, value) if rest else value}


def name_row(method: str, swept: Mapping[str, Any]) -> str:
    """Return the name of a row: the method's, and each key's last part with its value."""
    parts = [f"{key.split('.')[-1]}_{value}".lower() for key, value in swept.items()]
    return "_".join([method, *(UNFIT.sub("_", part).strip("_") for part in parts)])


def describe_values(swept: Mapping[str, Any]) -> str:
    """Return the values of a row as its title says them, such as "rank 8"."""
    return formats.setting({key.split(".")[-1]: value for key, value in swept.items()})


def find_collisions(name: str, rows: Mapping[str, Any], others: set[str]) -> list[str]:
    """Return that a row has the name of another method, if it has."""
    return [
        f"methods.{name}.sweep: its row '{row}' has the name of another method; rename that one."
        for row in rows
        if row in others
    ]


def name_swept(problem: str, sweeps: Mapping[str, Any]) -> str:
    """Return a mistake found in a row as one of the row that it was swept from, at the swept key if it is there."""
    path, rest = problem.split(":", 1)
    for name, sweep in sweeps.items():
        for row, swept in sweep["rows"].items():
            if not path.startswith(f"methods.{row}."):
                continue
            inside = path.removeprefix(f"methods.{row}.")
            found = [key for key in swept if f"{key}.".startswith(f"{inside}.") or f"{inside}.".startswith(f"{key}.")]
            return f"methods.{name}.{f'sweep.{found[0]}' if found else inside}:{rest}"
    return problem

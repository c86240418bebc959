"""What a study must have for a claim to be testable on it: the claim's own model size, a GPU, pretrained weights."""

from __future__ import annotations

from typing import Any

from fineprint.claims.cases import Case, list_backbones
from fineprint.core import formats
from fineprint.core.settings import Settings, SettingsError, find_settings


class Requirements(Settings):
    """What a study must have for a claim to be testable: backbones of a size, a GPU, pretrained weights."""

    parameters: tuple[float, float] | None = None
    gpu: bool = False
    pretrained: bool = False


def find_missing(requires: Requirements, case: Case) -> list[str]:
    """Return, a sentence each, what a claim requires and this study lacks."""
    missing = []
    if requires.parameters is not None:
        missing += check_sizes(case, *requires.parameters)
    if requires.gpu and not all(ran_on_gpu(case, method) for method in case.methods):
        missing.append("About GPU memory; no GPU was used.")
    if requires.pretrained:
        known = {name: is_pretrained(record) for name, record in list_backbones(case)}
        missing += [
            f"About pretrained weights; those of “{name}” are random."
            if pretrained is False
            else f"About pretrained weights; where those of “{name}” come from is not known."
            for name, pretrained in known.items()
            if not pretrained
        ]
    return missing


def check_sizes(case: Case, low: float, high: float) -> list[str]:
    """Return a sentence for each backbone whose size is not what the claim is about."""
    limits = " to ".join(formats.short_count(limit).replace(".00", "") for limit in (low, high))
    wanted = f"{limits} parameters"
    return [
        f"About models of {wanted}; “{name}” has {formats.short_count(record.get('parameters'))}."
        if record.get("parameters") is not None
        else f"About models of {wanted}; the size of “{name}” was not measured."
        for name, record in list_backbones(case)
        if record.get("parameters") is None or not low <= record["parameters"] <= high
    ]


def ran_on_gpu(case: Case, method: str) -> bool:
    """Return whether every job of a run that measured anything reported a GPU."""
    run = case.study.run(case.task, method, case.seed)
    records = [record for record in (run["train"], run["predict"]) if record and record["phases"]] if run else []
    return bool(records) and all((record.get("environment") or {}).get("gpu") for record in records)


def is_pretrained(record: dict[str, Any]) -> bool | None:
    """Return whether a backbone's weights come from a pretraining, by what its source says of itself; None where this
    version does not know the source."""
    try:
        return bool(find_settings("backbones", record["settings"]["kind"]).pretrained)  # type: ignore[attr-defined]
    except (KeyError, SettingsError):
        return None

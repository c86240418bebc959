"""A study file read outside Snakemake, over config.yaml and merged as Snakemake merges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fineprint.study.inheriting import leave_behind
from fineprint.study.reading import read_study
from fineprint.study.schema import StudyConfig


def read_overlay(base: Path, overlay: Path) -> StudyConfig:
    """Return the study that an overlay makes of config.yaml.

    Args:
        base: config.yaml.
        overlay: a file of studies/.
    """
    below, above = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (base, overlay))
    return read_study(leave_behind(merge(below, above), above, below), above)


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return mappings merged key by key; anything else is replaced."""
    both = {**below, **above}
    return {
        key: merge(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in both.items()
    }

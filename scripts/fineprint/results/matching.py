"""Which methods of a study have given choices: how the checklist, claims and published figures name methods."""

from __future__ import annotations

from typing import Any

from fineprint.results.study import Study


def matches(study: Study, method: str, wanted: dict[str, Any]) -> bool:
    """Return whether a method has the wanted settings."""
    return fits(describe(study, method), wanted)


def fits(described: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether a described method has the wanted settings; keys are dotted paths, values alternatives or one
    value.

    A method that sees only some texts of an example is a control, and stands for a claim only where `fields` is wanted.
    """
    if described.get("fields") and "fields" not in wanted:
        return False
    return all(
        find(described, path) in (value if isinstance(value, list) else [value]) for path, value in wanted.items()
    )


def describe(study: Study, method: str) -> dict[str, Any]:
    """Return a method's settings with its backbone's in place of the backbone's name."""
    settings = study.settings(method)
    return describe_on(settings, study.config["backbones"].get(settings["backbone"], {}))


def describe_on(settings: dict[str, Any], backbone: dict[str, Any]) -> dict[str, Any]:
    """Return a method's settings with its backbone's in place of the backbone's name, which stands under `entry`."""
    return {**settings, "backbone": {**backbone, "entry": settings["backbone"]}}


def find(settings: Any, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    for key in path.split("."):
        settings = settings.get(key) if isinstance(settings, dict) else None
    return settings

"""The JSON schema of config files, made of the settings' models: editors complete keys by it and underline wrong ones.

PYTHONPATH=scripts python -m fineprint.study.json_schema docs/config.schema.json
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

from docstring_parser import DocstringStyle, parse

from fineprint.core.settings import NAME, Settings, find_settings, list_kinds
from fineprint.study.schema import MethodSettings, StudyConfig

# The base of a room's kinds, as pydantic calls it, and the room: where the schema has the base it gets its kinds.
ROOMS_OF_BASES = {
    "AdapterSettings": "adapters",
    "BackboneSettings": "backbones",
    "ReadoutSettings": "readouts",
    "TaskSettings": "tasks",
}
REFERENCE = "#/$defs/{model}"


def build_schema() -> dict[str, Any]:
    """Return the schema of what `--configfile` takes: of a whole study as of an overlay, which names only what differs.

    Nothing is required, therefore: what is missing is told when the overlaid config is read.
    """
    definitions: dict[str, Any] = {}
    root = add_model(StudyConfig, definitions)
    for base, room in ROOMS_OF_BASES.items():
        definitions[base] = add_kinds(room, definitions)
    # Filled in when a config is read; nobody writes it.
    del root["properties"]["sweeps"], definitions["SweepSettings"]
    root["properties"]["defaults"] = {
        "$ref": REFERENCE.format(model=MethodSettings.__name__),
        "description": "what every method starts from; a method may set each of these keys itself.",
    }
    for section in ("tasks", "backbones", "methods"):
        root["properties"][section]["propertyNames"] = {"pattern": f"^{NAME.pattern}$"}
    # Draft 7, since not every editor knows a later one; pydantic writes nothing here that it lacks.
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A study of Fineprint",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def add_kinds(room: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Define every kind of a room and return the schema of any of them.

    A mapping with a `kind` fits that kind alone. An overlay may leave the kind out, since the default study names it:
    then all its keys must be those of one kind.
    """
    references = []
    for kind in list_kinds(room):
        settings = find_settings(room, kind)
        definition = add_model(settings, definitions)
        definition["description"] = first_paragraph(sys.modules[settings.__module__].__doc__)
        definitions[f"{room}.{kind}"] = definition
        references.append({"$ref": REFERENCE.format(model=f"{room}.{kind}")})
    return {"anyOf": references}


def add_model(model: type[Settings], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema; the models inside it are added to `definitions` under their names."""
    # Two models of one name would overwrite each other; only kinds share theirs, and those get names of their own.
    schema = model.model_json_schema(ref_template=REFERENCE)
    inner = {model.__name__: schema, **schema.pop("$defs", {})}
    for used in models_inside(model):
        describe(inner[used.__name__], used)
    for definition in inner.values():
        simplify(definition)
    definitions.update({name: definition for name, definition in inner.items() if definition is not schema})
    return schema


def models_inside(model: type[Settings]) -> list[type[Settings]]:
    """Return a model and those that its fields hold, at any depth."""
    found = [model]
    for field in model.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            kind = waiting.pop()
            waiting.extend(getattr(kind, "__args__", ()))
            if inspect.isclass(kind) and issubclass(kind, Settings):
                found += models_inside(kind)
    return found


def describe(schema: dict[str, Any], model: type[Settings]) -> None:
    """Write what docstrings say of a model and, under `Attributes:`, of its keys into its schema."""
    schema["description"] = first_paragraph(model.__doc__)
    texts: dict[str, str] = {}
    for base in reversed(model.__mro__):
        # `__doc__` itself, not inspect.getdoc: a class without a docstring must not repeat its parent's.
        for attribute in parse(base.__dict__.get("__doc__") or "", DocstringStyle.GOOGLE).params:
            texts[attribute.arg_name] = " ".join((attribute.description or "").split())
    for name, part in schema.get("properties", {}).items():
        if name in texts:
            part["description"] = texts[name]


def simplify(schema: dict[str, Any]) -> None:
    """Drop what is required, and from each key the title that only repeats it."""
    schema.pop("required", None)
    schema.pop("title", None)
    for part in schema.get("properties", {}).values():
        part.pop("title", None)


def first_paragraph(text: str | None) -> str:
    """Return a docstring up to its first empty line, on one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def write_schema(path: Path) -> None:
    """Write the schema as a file that editors read."""
    path.write_text(json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schema(Path(sys.argv[1]))

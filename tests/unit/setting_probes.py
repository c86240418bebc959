"""The contract of settings: each one reaches what it sets. Which settings there are is read from their classes; how one
is seen to arrive is a probe, a function in the table of its test file."""

import typing

import pytest
from annotated_types import Ge, Gt, Le, Lt

from fineprint.core.settings import Settings, find_settings, list_kinds


def list_settings(room):
    """Return every (kind, setting) of a room; of settings inside a setting, `trials.rows`."""
    return [
        (kind, field)
        for kind in list_kinds(room)
        for field in list_fields(find_settings(room, kind))
        if field != "kind"
    ]


def list_fields(model):
    """Return the settings of a class but those that can have a single value, as a demo model's architecture."""
    names = []
    for name, field in model.model_fields.items():
        inner = [part for part in find_parts(field.annotation) if is_settings(part)]
        if typing.get_origin(field.annotation) is typing.Literal and len(typing.get_args(field.annotation)) == 1:
            continue
        names += [name, *(f"{name}.{deeper}" for part in inner for deeper in list_fields(part))]
    return names


def find_parts(annotation):
    """Return a type and the types inside it."""
    return [annotation, *(part for inner in typing.get_args(annotation) for part in find_parts(inner))]


def is_settings(part):
    return isinstance(part, type) and issubclass(part, Settings) and "kind" not in part.model_fields


def find_probe(probes, kind, field):
    """Return the probe of one kind's setting, else that of every kind's setting of this name, else None."""
    return probes.get(f"{kind}.{field}") or probes.get(field)


def require_difference(room, kind, field, build, table):
    """Let a setting without a probe pass if another value changes what is built; fail with what to add otherwise.

    Args:
        room, kind, field: of the setting.
        build: returns what a kind's settings build, as something that can be compared, given changed settings.
        table: where a probe would stand, for the sentence.
    """
    advice = (
        f"{room}/{kind}.py: nothing shows that the setting '{field}' reaches what it sets. Add a function to the table "
        f'PROBES in {table} under "{kind}.{field}": it builds with two values and asserts what each sets.'
    )
    others = other_values(find_settings(room, kind).model_fields.get(field))
    if not others or not any(build(**{field: other}) != build() for other in others):
        pytest.fail(advice)


def other_values(field):
    """Return values beside its default that a setting may have, as far as its type says."""
    if field is None or field.is_required():
        return []
    default, literal = field.default, typing.get_args(field.annotation)
    if typing.get_origin(field.annotation) is typing.Literal:
        return [value for value in literal if value != default]
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, int | float):
        steps = [default + 1, default - 1, default / 2, default + 0.25]
        return [value for value in map(type(default), steps) if value != default and is_allowed(value, field.metadata)]
    return []


def is_allowed(value, limits):
    checks = {
        Ge: lambda a, b: a >= b.ge,
        Gt: lambda a, b: a > b.gt,
        Le: lambda a, b: a <= b.le,
        Lt: lambda a, b: a < b.lt,
    }
    return all(checks[type(limit)](value, limit) for limit in limits if type(limit) in checks)

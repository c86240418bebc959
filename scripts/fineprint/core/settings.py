"""The base of every settings model, and how a `kind:` in the config finds its file.

A kind is a file: `adapter: {kind: lora}` is the class `Settings` in `adapters/lora.py`. There is no list to
extend; names that begin with an underscore are shared code, not kinds.
"""

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

NAME = re.compile(r"[a-z0-9_]+")  # of what the user names, which becomes the name of a folder or a file


class SettingsError(ValueError):
    """A setting that cannot be used. The message is a sentence for the user: what, where, what is accepted."""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Let a mistake that is found inside the block begin with the place in the config that it concerns."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


class Settings(BaseModel):
    """Settings as a user writes them: unknown keys are refused, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


MEMORY_WISH = re.compile(r"auto|lean|\d+(\.\d+)? GB")


def check_memory(value: str) -> str:
    """Accept what says how much of a GPU's memory a method may take."""
    size = value.removesuffix(" GB")
    if not MEMORY_WISH.fullmatch(value) or (size != value and not float(size)):
        raise ValueError("expected auto, lean, or a size such as 12 GB")
    return value


MemoryWish = Annotated[str, AfterValidator(check_memory)]


def check_text(value: str) -> str:
    """Accept text without control characters, which no document can show."""
    hidden = [letter for letter in value if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"]
    if hidden:
        raise ValueError(f"the control character U+{ord(hidden[0]):04X} cannot be shown; leave it out")
    return value


ShownText = Annotated[str, AfterValidator(check_text)]


def check_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Accept values none of which appears twice."""
    if repeated := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{repeated[0]} appears twice")
    return values


Distinct = AfterValidator(check_repeats)


def list_kinds(package: str) -> list[str]:
    """Return the kinds that `fineprint.<package>` offers, in alphabetical order."""
    folder = importlib.import_module(f"fineprint.{package}").__path__
    return sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))


def find_settings(package: str, kind: str) -> type[Settings]:
    """Return the class `Settings` of the file `fineprint/<package>/<kind>.py`.

    Raises:
        SettingsError: no such file.
    """
    if kind not in list_kinds(package):
        raise SettingsError(f"kind '{kind}' is unknown; accepted: {', '.join(list_kinds(package))}")
    return importlib.import_module(f"fineprint.{package}.{kind}").Settings


def read_model(model: type[Settings], value: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    """Validate `value`; on failure note a sentence per mistake and return None."""
    try:
        return model.model_validate(dict(value))
    except ValidationError as error:
        for mistake in error.errors():
            problems.append(describe_mistake(model, mistake, where))
        return None


# Keys that were called otherwise before version 0.2, or stood elsewhere: an old config is told the new name.
RENAMED = {
    "accumulation_steps": "gradient_accumulation_steps",
    "checkpoint_activations": "gradient_checkpointing",
    "counts": "task_counts",
    "gradient_clip": "max_grad_norm",
    "held_out_share": "held_out_fraction",
    "max_tokens": "max_length",
    "multitask": "serving",
    "train_share": "train_fraction",
    "turns": "rounds",
    "unlabelled_rows": "unlabeled_rows",
    "warmup_share": "warmup_ratio",
}


# What pydantic says in words of Python's types.
EXPECTED = {
    "tuple_type": "expected a list",
    "dict_type": "expected a mapping of names to values",
    "string_type": "expected text",
    "path_type": "expected a path",
}


def describe_mistake(model: type[Settings], mistake: Mapping[str, Any], where: str) -> str:
    """Return a pydantic mistake as a sentence that names the key and what is accepted."""
    path = ".".join([where, *(str(part) for part in mistake["loc"])]).strip(".")
    if mistake["type"] == "extra_forbidden":
        accepted = accepted_keys(model, mistake["loc"][:-1])
        key = mistake["loc"][-1]
        if RENAMED.get(key) in accepted:
            return f"{path}: this key is now called {RENAMED[key]}."
        if path == "serving.serving":
            return f"{path}: its keys now stand one level up, directly under serving."
        return f"{path}: this key is unknown; accepted here: {', '.join(accepted)}."
    if mistake["type"] == "missing":
        return f"{path}: this key is missing."
    message = EXPECTED.get(mistake["type"], str(mistake["msg"]).removeprefix("Value error, "))
    # A whole task or method is not printed: the mistake is in one of its keys, which the message names.
    found = "" if isinstance(mistake["input"], Mapping) else f"; found {mistake['input']!r}"
    return f"{path}: {message[0].lower()}{message[1:]}{found}."


def accepted_keys(model: type[Settings], path: tuple[Any, ...]) -> list[str]:
    """Return the keys of `model`, or of the model that lies at `path` inside it."""
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        inner = [kind for kind in getattr(annotation, "__args__", [annotation]) if hasattr(kind, "model_fields")]
        if not inner:
            return []
        model = inner[0]
    return sorted(model.model_fields)

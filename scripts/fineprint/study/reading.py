"""The config as models: read whole, checked before any job starts, errors as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fineprint.backbones import BackboneSettings
from fineprint.core.settings import NAME, SettingsError, find_settings, list_kinds, read_model
from fineprint.study.conflicts import find_conflicts
from fineprint.study.inheriting import explain_inherited, stands_at
from fineprint.study.inputs import resolve_inputs
from fineprint.study.schema import MethodSettings, StudyConfig
from fineprint.study.serving import resolve_serving
from fineprint.study.sweeping import expand_sweeps, name_swept
from fineprint.tasks import TaskSettings


def read_study(config: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> StudyConfig:
    """Turn a config, as YAML gives it, into a checked study.

    Args:
        config: the whole of it.
        given: the part that the user wrote, where the rest comes from config.yaml; for messages.

    Raises:
        SettingsError: every mistake found, a sentence each.
    """
    problems: list[str] = []
    # Mistakes are collected and told all at once: each start of a study may cost a wait in a queue.
    values = dict(config)
    defaults = read_defaults(values.pop("defaults", None), problems)
    values, sweeps = expand_sweeps(values, defaults, problems)
    values["tasks"] = read_section(values, "tasks", read_kind_of("tasks"), problems)
    values["backbones"] = read_section(values, "backbones", read_kind_of("backbones"), problems)
    mistaken: list[str] = []
    values["methods"] = read_section(
        values, "methods", lambda value, where, found: read_method(value, where, found, defaults), mistaken
    )
    problems.extend(name_swept(problem, sweeps) for problem in mistaken)
    if sweeps:
        values["sweeps"] = sweeps
    study = None if problems else read_model(StudyConfig, values, "", problems)
    if study is not None:
        study = resolve_inputs(study)
        problems.extend(find_conflicts(study))
        study = resolve_serving(study, problems)
    if given is not None:
        if "sweeps" in given:
            problems.append("sweeps: this key is filled in when the config is read; write `sweep` into a method.")
        problems = [explain_inherited(problem, given, config) for problem in problems]
    if problems:
        told = dict.fromkeys(problems)  # one in `defaults` is met with every method
        raise SettingsError("Invalid configuration:\n" + "\n".join(f"  - {problem}" for problem in told))
    assert study is not None
    return study


def read_defaults(value: Any, problems: list[str]) -> dict[str, Any]:
    """Return what every method starts from, its `training` too a mapping; null stands for nothing."""
    defaults = read_mapping(value, "defaults", problems)
    if defaults.get("sweep"):
        problems.append("defaults.sweep: a sweep is of one method; write it there.")
    return {**defaults, "training": read_mapping(defaults.get("training"), "defaults.training", problems)}


def read_mapping(value: Any, where: str, problems: list[str]) -> Mapping[str, Any]:
    """Return a mapping as it is and nothing as an empty one; anything else is noted."""
    if value is not None and not isinstance(value, Mapping):
        problems.append(f"{where}: expected a mapping of keys to values; found {value!r}.")
        return {}
    return value or {}


Reader = Callable[[Any, str, list[str]], Any]


def read_section(values: Mapping[str, Any], key: str, read: Reader, problems: list[str]) -> dict[str, Any]:
    """Read a mapping of named things; what cannot be read is left out and its problems are noted."""
    section = values.get(key)
    if not isinstance(section, Mapping) or not section:
        problems.append(f"{key}: expected a mapping of names to settings with at least one entry.")
        return {}
    read_entries = {}
    for name, value in section.items():
        if not isinstance(name, str):
            problems.append(f"{key}.{name}: a name must be text; write it in quotes.")
        elif not NAME.fullmatch(name):
            problems.append(f"{key}.{name}: a name may have only the characters a-z, 0-9 and _.")
        entry = read(value, f"{key}.{name}", problems)
        if entry is not None:
            read_entries[name] = entry
    return read_entries


def read_kind_of(package: str) -> Reader:
    """Return a reader of settings whose `kind` names a file in `fineprint/<package>/`."""

    def read(value: Any, where: str, problems: list[str]) -> Any:
        accepted = ", ".join(list_kinds(package))
        if not isinstance(value, Mapping) or "kind" not in value:
            problems.append(f"{where}: expected a mapping with a `kind`; accepted kinds: {accepted}.")
            return None
        try:
            model = find_settings(package, str(value["kind"]))
        except SettingsError as error:
            problems.append(f"{where}: {error}.")
            return None
        return read_model(model, value, where, problems)

    return read


def read_method(value: Any, where: str, problems: list[str], defaults: Mapping[str, Any]) -> MethodSettings | None:
    """Read one method; what it does not set comes from `defaults`, its `training` key by key."""
    if not isinstance(value, Mapping):
        problems.append(f"{where}: expected a mapping.")
        return None
    # Whole keys, so that an adapter of one kind inherits none of another; `training`, below, key by key.
    merged = {**defaults, **value}
    for part in ("adapter", "readout"):
        merged[part] = read_kind_of(f"{part}s")(merged.get(part), f"{where}.{part}", problems)
    training = read_mapping(value.get("training"), f"{where}.training", problems)
    # A method that trains nothing must not seem to depend on the defaults' training: a change there would rerun it.
    if any(part is None or part.trains for part in (merged["adapter"], merged["readout"])):
        merged["training"] = {**defaults.get("training", {}), **training}
    elif training:
        problems.append(f"{where}.training: nothing is trained by this method; leave the key out.")
    else:
        merged.pop("training", None)
    found: list[str] = []
    method = read_model(MethodSettings, merged, where, found)
    # What is wrong with an adapter or a readout was said above, key by key.
    unsaid = [problem for problem in found if not problem.startswith((f"{where}.adapter:", f"{where}.readout:"))]
    problems.extend(name_default(problem, where, value, defaults) for problem in unsaid)
    return method


def name_default(problem: str, where: str, own: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return a method's mistake as one of `defaults`, where the method has the key from there."""
    path, rest = problem.split(":", 1)
    keys = path.removeprefix(f"{where}.").split(".")
    key = keys[: 1 + (keys[0] == "training")]
    inherited = stands_at(defaults, key) and not stands_at(own, key)
    return f"defaults.{'.'.join(keys)}:{rest}" if inherited else problem


def describe_run(study: StudyConfig, task: str, method: str, seed: int) -> dict[str, Any]:
    """Return everything that one run depends on, as plain data: the content of its `run_config.json`.

    The title is left out: a better name trains nothing anew. So is that a method is a row of a sweep.
    """
    settings = study.methods[method].model_dump(mode="json", exclude={"title", "sweep"})
    why = why_no_accuracy(study.backbones[study.methods[method].backbone], study.tasks[task])
    return {
        "study": study.study,
        "task": task,
        "method": method,
        "seed": seed,
        "why_no_accuracy": why,
        "settings": settings,
    }


def read_run(config: Mapping[str, Any]) -> MethodSettings:
    """Return the method of a `run_config.json`.

    Raises:
        SettingsError: the file was written by another version.
    """
    problems: list[str] = []
    # Written as null where nothing is trained, and read as left out.
    values = {key: value for key, value in config["settings"].items() if not (key == "training" and value is None)}
    method = read_method(values, f"methods.{config['method']}", problems, {})
    if method is None:
        raise SettingsError("\n".join(problems))
    return method


def why_no_accuracy(backbone: BackboneSettings, task: TaskSettings) -> str | None:
    """Return, as the end of a sentence, why a run's accuracy would mean nothing, or None where it does."""
    drawn = [
        *([] if backbone.pretrained else ["the weights"]),
        *([] if task.labels_mean_something else ["the labels"]),
    ]
    return f"{' and '.join(drawn)} are random" if drawn else None

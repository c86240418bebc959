"""The config as models: read whole, checked before any job starts, errors as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from fineprint.accuracy import why_no_accuracy
from fineprint.adapters import AdapterSettings
from fineprint.backbones import BackboneSettings
from fineprint.conflicts import find_conflicts
from fineprint.hardware import HardwareSettings
from fineprint.multitask import MultitaskSettings, resolve
from fineprint.readouts import ReadoutSettings
from fineprint.settings import NAME, MemoryWish, Settings, SettingsError, find_settings, list_kinds
from fineprint.tasks import TaskSettings

Share = Annotated[float, Field(ge=0, le=1)]


class TrainingSettings(Settings):
    """How a method is trained. One optimizer step sees `batch_size` × `accumulation_steps` rows.

    With `shard_weights` the GPUs that share a training (`hardware.gpus_per_run`) share the weights, too, instead of
    holding all of them each; alone it changes nothing.
    """

    epochs: int = Field(3, ge=1)
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(8, ge=1)
    accumulation_steps: int = Field(1, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    warmup_share: Share = 0.06
    gradient_clip: float = Field(1.0, gt=0)
    optimizer: Literal["adamw", "paged_adamw_8bit"] = "adamw"
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    checkpoint_activations: bool = False
    shard_weights: bool = False

    @model_validator(mode="after")
    def check_sharding(self) -> TrainingSettings:
        """Refuse what cannot work on a part of the weights."""
        for name, refused in (("optimizer", "paged_adamw_8bit"), ("mixed_precision", "fp16")):
            if self.shard_weights and getattr(self, name) == refused:
                raise ValueError(f"shard_weights does not go with {name}: {refused}; change one of the two")
        return self


class MethodSettings(Settings):
    """A method: a backbone, three independent choices, and how it is trained."""

    title: str = ""
    backbone: str
    precision: str = "float32"
    adapter: SerializeAsAny[AdapterSettings]
    readout: SerializeAsAny[ReadoutSettings]
    training: TrainingSettings | None = None
    max_tokens: int = Field(128, ge=8)
    prediction_batch_size: int = Field(64, ge=1)
    memory: MemoryWish = "auto"
    merge_into: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether anything is trained: an adapter, a head, or both."""
        return self.adapter.trains or self.readout.trains

    def spread(self, gpus: int) -> int:
        """Return over how many of a run's GPUs, or processes, the weights are spread in training."""
        return max(1, gpus) if self.training is not None and self.training.shard_weights else 1


class RunSettings(Settings):
    """What of the config is run."""

    tasks: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def check_repeats(self) -> RunSettings:
        """Refuse what is named twice: it would count as a run of its own."""
        for key in ("tasks", "methods", "seeds"):
            values = getattr(self, key)
            if repeated := [value for value in values if values.count(value) > 1]:
                raise ValueError(f"{key}: {repeated[0]} is named more than once")
        return self


class StudyConfig(Settings):
    """A whole study."""

    study: str
    title: str
    description: str = ""
    data_seed: int = 42
    tasks: dict[str, SerializeAsAny[TaskSettings]]
    backbones: dict[str, SerializeAsAny[BackboneSettings]]
    methods: dict[str, MethodSettings]
    run: RunSettings
    multitask: MultitaskSettings | None = None
    hardware: HardwareSettings = HardwareSettings()


def read_study(config: Mapping[str, Any]) -> StudyConfig:
    """Turn a config, as YAML gives it, into a checked study.

    Raises:
        SettingsError: every mistake found, a sentence each.
    """
    problems: list[str] = []
    values = dict(config)
    defaults = values.pop("defaults", {}) or {}
    values["tasks"] = read_section(values, "tasks", read_kind_of("tasks"), problems)
    values["backbones"] = read_section(values, "backbones", read_kind_of("backbones"), problems)
    values["methods"] = read_section(
        values, "methods", lambda value, where, found: read_method(value, where, found, defaults), problems
    )
    study = None if problems else read_model(StudyConfig, values, "", problems)
    if study is not None:
        problems.extend(find_conflicts(study))
        study = resolve(study, problems)
    if problems:
        raise SettingsError("The config cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))
    assert study is not None
    return study


Reader = Callable[[Any, str, list[str]], Any]


def read_section(values: Mapping[str, Any], key: str, read: Reader, problems: list[str]) -> dict[str, Any]:
    """Read a mapping of named things; what cannot be read is left out and its problems are noted."""
    section = values.get(key)
    if not isinstance(section, Mapping) or not section:
        problems.append(f"{key}: a mapping of names to settings is wanted, and at least one entry.")
        return {}
    read_entries = {}
    for name, value in section.items():
        if not NAME.fullmatch(str(name)):
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
            problems.append(f"{where}: a mapping with a `kind` is wanted; accepted kinds: {accepted}.")
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
        problems.append(f"{where}: a mapping is wanted.")
        return None
    merged = {**defaults, **value}
    before = len(problems)
    for part in ("adapter", "readout"):
        merged[part] = read_kind_of(f"{part}s")(merged.get(part), f"{where}.{part}", problems)
    if len(problems) > before:
        return None
    if merged["adapter"].trains or merged["readout"].trains:
        merged["training"] = {**defaults.get("training", {}), **(value.get("training") or {})}
    elif value.get("training"):
        problems.append(f"{where}.training: nothing is trained by this method; leave the key out.")
    else:
        merged.pop("training", None)
    return read_model(MethodSettings, merged, where, problems)


def read_model(model: type[Settings], value: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    """Validate `value`; on failure note a sentence per mistake and return None."""
    try:
        return model.model_validate(dict(value))
    except ValidationError as error:
        for mistake in error.errors():
            problems.append(describe_mistake(model, mistake, where))
        return None


def describe_mistake(model: type[Settings], mistake: Mapping[str, Any], where: str) -> str:
    """Return a pydantic mistake as a sentence that names the key and what is accepted."""
    path = ".".join([where, *(str(part) for part in mistake["loc"])]).strip(".")
    if mistake["type"] == "extra_forbidden":
        return f"{path}: this key is unknown; accepted here: {', '.join(accepted_keys(model, mistake['loc'][:-1]))}."
    if mistake["type"] == "missing":
        return f"{path}: this key is missing."
    message = str(mistake["msg"]).removeprefix("Value error, ")
    return f"{path}: {message[0].lower()}{message[1:]}; found {mistake['input']!r}."


def accepted_keys(model: type[Settings], path: tuple[Any, ...]) -> list[str]:
    """Return the keys of `model`, or of the model that lies at `path` inside it."""
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        inner = [kind for kind in getattr(annotation, "__args__", [annotation]) if hasattr(kind, "model_fields")]
        if not inner:
            return []
        model = inner[0]
    return sorted(model.model_fields)


def describe_run(study: StudyConfig, task: str, method: str, seed: int) -> dict[str, Any]:
    """Return everything that one run depends on, as plain data: the content of its `run_config.json`.

    The title is left out: a better name trains nothing anew.
    """
    settings = study.methods[method].model_dump(mode="json", exclude={"title"})
    why = why_no_accuracy(study.backbones[study.methods[method].backbone], study.tasks[task])
    return {"study": study.study, "task": task, "method": method, "seed": seed, "why_no_accuracy": why, **settings}


def read_run(config: Mapping[str, Any]) -> MethodSettings:
    """Return the method of a `run_config.json`."""
    problems: list[str] = []
    values = {key: value for key, value in config.items() if key in MethodSettings.model_fields}
    if values.get("training") is None:
        values.pop("training", None)
    method = read_method(values, f"methods.{config['method']}", problems, {})
    if method is None:
        raise SettingsError("\n".join(problems))
    return method

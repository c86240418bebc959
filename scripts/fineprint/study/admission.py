"""Whether models and methods fit each other, as far as config.json and the headers of the weights say it: sentences.

torch is not imported, so that a study is checked before any job starts, where the model's files are there by then; and
each job that trains or answers checks it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.adapters._prompts import describe_refused
from fineprint.adapters._targets import describe_unknown, matches
from fineprint.core.records import read_json
from fineprint.core.settings import SettingsError
from fineprint.models.limits import TAKE_NO_PREFIX, usable_positions
from fineprint.study.serving import used_methods, used_tasks

if TYPE_CHECKING:
    from fineprint.backbones import BackboneSettings
    from fineprint.study.schema import MethodSettings, StudyConfig


def check_models(study: StudyConfig, results: Path) -> None:
    """Refuse models that are not whole and methods that have no place on their models.

    Args:
        study: to be run.
        results: its folder, where models may be that earlier runs have made.

    Raises:
        SettingsError: a sentence for each.
    """
    used = dict.fromkeys(study.methods[name].backbone for name in used_methods(study))
    problems = {name: study.backbones[name].find_problems() for name in used}
    told = [f"backbones.{name}: {problem}" for name, found in problems.items() for problem in found]
    for name in used_methods(study):
        if not problems[study.methods[name].backbone]:
            told += [f"methods.{name}: {problem}" for problem in find_method_problems(study, name, results)]
    if told:
        raise SettingsError("The study cannot be run:\n" + "\n".join(f"  - {problem}" for problem in told))


def find_method_problems(study: StudyConfig, name: str, results: Path) -> list[str]:
    """Return why a method has no place on its model; nothing where the model's files are not there yet."""
    method = study.methods[name]
    backbone = study.backbones[method.backbone]
    config = backbone.read_config(find_made(backbone, results / "backbones" / method.backbone))
    if config is None:
        return []
    labels = dict.fromkeys(tuple(study.tasks[task].labels) for task in used_tasks(study))
    found = [problem for of_task in labels for problem in find_unfit(method, config, of_task)]
    linear = backbone.list_linear()
    targets = find_unknown_targets(method, linear, str(config.get("model_type"))) if linear else []
    return [*dict.fromkeys(found), *targets]


def find_made(backbone: BackboneSettings, folder: Path) -> Path:
    """Return where a backbone's model lies, if it was made by these settings; else a folder that is not there."""
    settings = folder / "settings.json"
    as_now = settings.is_file() and read_json(settings).get("settings") == backbone.model_dump(mode="json")
    return folder / ("model" if as_now else "not_made")


def find_unfit(method: MethodSettings, config: Mapping[str, Any], labels: Sequence[str]) -> list[str]:
    """Return why a method has no place on a model, by its config.json alone.

    Args:
        method: its settings.
        config: the model's config.json.
        labels: of a task.
    """
    if not method.readout.loads_backbone:
        return []
    model_type, refused = str(config.get("model_type")), []
    if problem := method.readout.refuse_model(config, labels):
        refused.append(f"{problem}.")
    if method.adapter.prefix_tokens and model_type in TAKE_NO_PREFIX:
        refused.append(f"{describe_refused(method.adapter.kind, model_type, is_prefix=True)}.")
    return [*refused, *find_too_long(method, config)]


def find_too_long(method: MethodSettings, config: Mapping[str, Any]) -> list[str]:
    """Return that inputs are longer than the model has positions, if they are."""
    positions = usable_positions(config)
    # A prefix takes positions, too: models count them from behind the keys and values that they are given.
    more = method.adapter.virtual_tokens + method.adapter.prefix_tokens
    if positions is None or method.max_length + more <= positions:
        return []
    wanted = f"max_length {method.max_length}" + (f" and {more} virtual tokens do" if more else " does")
    advice = f"lower max_length to {positions - more} or less" if more < positions else "lower adapter.tokens"
    return [f"{wanted} not fit the {positions} positions of backbone '{method.backbone}'; {advice}."]


def find_unknown_targets(method: MethodSettings, linear: Sequence[str], model_type: str) -> list[str]:
    """Return which names in `target_modules` mean none of a model's linear modules."""
    wanted = getattr(method.adapter, "target_modules", None)
    if not isinstance(wanted, tuple | list):
        return []
    unknown = [name for name in wanted if not any(matches(path, name) for path in linear)]
    # Those in the layers, which have numbers; embeddings and heads stand outside.
    numbered = [path for path in linear if any(part.isdecimal() for part in path.split("."))]
    return [f"{describe_unknown(unknown, numbered or linear, model_type)}."] if unknown else []

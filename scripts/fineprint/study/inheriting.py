"""What a study takes over from config.yaml: what belongs to the demo is left behind, and repeated keys are refused.

Snakemake lays the user's config over config.yaml, mapping by mapping. A section that is given another `kind` would keep
the keys of the old one, and a study of one's own the demo's title and description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from fineprint.core.settings import SettingsError

OF_THE_DEMO = ("title", "description")


def read_base(path: Path) -> dict[str, Any]:
    """Return what every study is laid over.

    Raises:
        SettingsError: the file is missing or holds no mapping.
    """
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    if not isinstance(found, dict):
        raise SettingsError(f"{path} is missing or holds no settings: restore it from the project")
    return found


def leave_behind(config: Mapping[str, Any], given: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without what a study of one's own must not inherit.

    Args:
        config: the user's config laid over the base.
        given: the user's config alone.
        base: what it was laid over.
    """
    kept = drop_other_kinds(config, given, base)
    if given.get("study", base.get("study")) != base.get("study"):
        kept = {key: value for key, value in kept.items() if key not in OF_THE_DEMO or key in given}
        kept.setdefault("title", f"Fine-tuning methods: {given['study']}")
        kept = drop_unused_methods(kept, given)
    return drop_titles(kept, given)


def drop_unused_methods(config: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without the methods of the base that the study does not run: the report would list them as left
    out of it."""
    methods, run = config.get("methods"), config.get("run")
    used = run.get("methods") if isinstance(run, Mapping) else None
    if not isinstance(methods, Mapping) or not isinstance(used, list):
        return config
    own = given.get("methods") or {}
    return {**config, "methods": {name: method for name, method in methods.items() if name in used or name in own}}


def drop_other_kinds(config: Any, given: Any, base: Any) -> Any:
    """Return a section; below a `kind` that was changed there is only what was given."""
    if not (isinstance(config, Mapping) and isinstance(given, Mapping) and isinstance(base, Mapping)):
        return config
    if "kind" in given and given["kind"] != base.get("kind"):
        return {key: value for key, value in config.items() if key in given}
    return {key: drop_other_kinds(value, given.get(key), base.get(key)) for key, value in config.items()}


def drop_titles(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config in which a method that is put on another backbone has no title from the base, such as "RoBERTa,
    LoRA": it need not be true there."""
    methods, own = config.get("methods"), given.get("methods")
    if not isinstance(methods, Mapping) or not isinstance(own, Mapping):
        return dict(config)
    kept = {}
    for name, method in methods.items():
        changes = own.get(name)
        moved = isinstance(method, Mapping) and isinstance(changes, Mapping) and "backbone" in changes
        kept[name] = {k: v for k, v in method.items() if k != "title" or k in changes} if moved else method
    return {**config, "methods": kept}


def explain_inherited(problem: str, given: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return a sentence on a mistake in the config; where the user did not write the key, it says who did."""
    path = problem.split(":", 1)[0].split(".")
    if stands_at(config, path) and not stands_at(given, path):
        return f"{problem} (Inherited from config.yaml; set it in your config, to null if you do not need it.)"
    return problem


def stands_at(settings: Any, path: list[str]) -> bool:
    """Return whether a key stands at a path."""
    for key in path:
        if not isinstance(settings, Mapping) or key not in settings:
            return False
        settings = settings[key]
    return True


def refuse_repeated_keys(files: Iterable[Path]) -> None:
    """Refuse files in which a key appears twice in one mapping: YAML would take the last and lose the others.

    Raises:
        SettingsError: each repeated key with its lines.
    """
    found = [f"  - {sentence}" for file in files if file.exists() for sentence in find_repeated_keys(file)]
    if found:
        raise SettingsError("Invalid configuration:\n" + "\n".join(found))


def find_repeated_keys(file: Path) -> list[str]:
    """Return a sentence for each key that appears twice in a mapping of a YAML file."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return []  # Snakemake says what is wrong with it
    sentences = []
    for mapping in walk_mappings(root):
        keys = [(key.value, key.start_mark.line + 1) for key, _ in mapping.value if isinstance(key, yaml.ScalarNode)]
        for name, times in Counter(name for name, _ in keys).items():
            if times > 1:
                lines = " and ".join(str(line) for key, line in keys if key == name)
                sentences.append(f"{file}: `{name}` stands in lines {lines}; write it once: YAML keeps only the last.")
    return sentences


def walk_mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Return every mapping below a node, the outer before the inner."""
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from walk_mappings(value)
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from walk_mappings(value)

"""What two studies have in common and what differs: examples, seeds, settings, code, versions, hardware."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from fineprint.core import formats
from fineprint.core.records import Aspect, CodeDifference, ConfigDifference, Machine, VersionDifference
from fineprint.jobs.code_state import read_code_hashes
from fineprint.results.collecting import list_noted_records
from fineprint.results.study import TRAIN_SPLITS, Study

LONGEST_VALUE = 200  # letters of a value in a difference of configs
Source = tuple[Study, Path]  # a study and its results folder


def describe_aspects(
    first: Study,
    second: Study,
    tasks: list[str],
    methods: list[str],
    versions: list[VersionDifference],
    code: list[CodeDifference] | None,
) -> list[Aspect]:
    """Return what may differ between two studies, from the data to the machine.

    Args:
        first: the first study.
        second: the second.
        tasks: of both.
        methods: of both.
        versions: that differ.
        code: the rules that ran other code; None where that is not known.
    """
    both = (first, second)
    test, training = ([describe_splits(study, tasks, trained) for study in both] for trained in (False, True))
    same_test = all(has_same_examples(first, second, task, list_splits(first, second, task, False)) for task in tasks)
    same_training = all(has_same_examples(first, second, task, TRAIN_SPLITS) for task in tasks)
    same_settings = all(has_same_settings(first, second, task, method) for task in tasks for method in methods)
    return [
        Aspect(name="test examples", same=same_test, first=test[0], second=test[1]),
        Aspect(name="training examples", same=same_training, first=training[0], second=training[1]),
        compare_values("data seed", *([formats.setting(study.config.get("data_seed"))] for study in both)),
        compare_values("seeds", *([str(seed) for seed in study.seeds] for study in both)),
        Aspect(name="settings", same=same_settings, first=[], second=[]),
        compare_values("margin", *([formats.setting(study.config["margin"])] for study in both)),
        compare_values("threads", *(name_threads(study) for study in both)),
        Aspect(name="code", same=is_same_code(both, code), first=name_commits(first), second=name_commits(second)),
        Aspect(name="versions", same=not versions, first=[], second=[]),
        compare_values("hardware", *(name_hardware(study) for study in both)),
    ]


def compare_values(name: str, first: list[str], second: list[str]) -> Aspect:
    """Return an aspect that is told whole by its values."""
    return Aspect(name=name, same=sorted(first) == sorted(second), first=first, second=second)


def list_splits(first: Study, second: Study, task: str, trained: bool) -> list[str]:
    """Return the splits of a task for training, or the test splits that either study has."""
    tested = dict.fromkeys([*first.splits(task), *second.splits(task)])
    return list(TRAIN_SPLITS if trained else tested)


def describe_splits(study: Study, tasks: list[str], trained: bool) -> list[str]:
    """Return how many examples each split has."""
    return [
        f"{task}, {split}: {formats.count(record.rows)}"
        for task in tasks
        for split, record in study.results.tasks[task].splits.items()
        if (split in TRAIN_SPLITS) == trained
    ]


def has_same_examples(first: Study, second: Study, task: str, splits: list[str] | tuple[str, ...]) -> bool:
    """Return whether the files of examples agree to the last byte."""
    one, other = (study.results.tasks[task].splits for study in (first, second))
    return all(split in one and split in other and one[split].sha256 == other[split].sha256 for split in splits)


def has_same_settings(first: Study, second: Study, task: str, method: str) -> bool:
    """Return whether a method, its backbone and the task are set alike; what a method is called makes no difference."""
    return describe_settings(first, task, method) == describe_settings(second, task, method)


def describe_settings(study: Study, task: str, method: str) -> tuple[Any, ...]:
    """Return all settings of a method on a task."""
    settings = {key: value for key, value in study.settings(method).items() if key != "title"}
    backbone = study.config["backbones"].get(settings["backbone"])
    return settings, backbone, study.config["tasks"].get(task)


def name_threads(study: Study) -> list[str]:
    """Return how many threads a job has."""
    return [formats.setting(study.config.get("hardware", {}).get("threads_per_run"))]


def name_commits(study: Study) -> list[str]:
    """Return the commits that trainings and predictions ran from, those with changes marked as git marks them."""
    commits = study.results.provenance.commits
    return [
        f"{formats.shorten_hash(found.commit)}{'-dirty' if found.uncommitted_changes else ''}"
        for found in commits
        if found.commit
    ]


def is_same_code(studies: tuple[Study, Study], code: list[CodeDifference] | None) -> bool | None:
    """Return whether the jobs ran the same code: by its hashes, else by one clean commit; None where neither tells."""
    if code is not None:
        return not code
    first, second = (name_commits(study) for study in studies)
    is_clean = len(first) == 1 and not first[0].endswith("-dirty")
    return True if is_clean and first == second else None


def name_hardware(study: Study) -> list[str]:
    """Return the processors or GPUs that a study ran on."""
    return list(dict.fromkeys(name_machine(machine) for machine in study.environments()))


def name_machine(machine: Machine) -> str:
    """Return what a machine computes with."""
    processor = ", ".join(filter(None, (machine.processor, machine.processor_model, f"{machine.cores} cores")))
    return f"{machine.gpu.name} ({processor})" if machine.gpu else processor


def compare_versions(first: Study, second: Study) -> list[VersionDifference]:
    """Return the packages, Python among them, whose versions differ."""
    one, other = (list_versions(study) for study in (first, second))
    return [
        VersionDifference(package=package, first=one.get(package, []), second=other.get(package, []))
        for package in dict.fromkeys([*one, *other])
        if one.get(package, []) != other.get(package, [])
    ]


def list_versions(study: Study) -> dict[str, list[str]]:
    """Return each package's versions on the machines of a study."""
    found: dict[str, set[str]] = {}
    for machine in study.environments():
        named = {"fineprint": machine.fineprint, "python": machine.python, **machine.versions}
        for package, version in named.items():
            found.setdefault(package, set()).add(version)
    return {package: sorted(versions) for package, versions in found.items()}


def compare_code(first: Source, second: Source) -> list[CodeDifference] | None:
    """Return the rules whose jobs ran other code, by the notes beside the records; None where no rule has notes in both
    studies. Comments, docstrings and formatting make no difference."""
    one, other = (read_code_hashes(list_records(*source)) for source in (first, second))
    shared = [rule for rule in one if rule in other]
    differences = [CodeDifference(rule=rule, files=find_differing(one[rule], other[rule])) for rule in shared]
    return [difference for difference in differences if difference.files] if shared else None


def find_differing(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> list[str]:
    """Return the files that are not the same in both studies, or were imported in one alone."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def list_records(study: Study, folder: Path) -> list[Path]:
    """Return the records of a study that may have a note of their code beside them, its results among them."""
    results = study.results
    runs = [*results.runs, *(results.serving.runs if results.serving else [])]
    return [*list_noted_records(folder, runs, sorted(results.backbones)), folder / "results.json"]


def compare_configs(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[ConfigDifference]:
    """Return the keys whose values differ, in the first config's order; equal keys are left out."""
    return list(walk_configs(first, second, ""))


def walk_configs(first: Mapping[str, Any], second: Mapping[str, Any], path: str) -> Iterator[ConfigDifference]:
    """Yield the differences below a key. What one config has and the other lacks is told at its highest key."""
    for key in dict.fromkeys([*first, *second]):
        place = f"{path}.{key}" if path else str(key)
        one, other = first.get(key), second.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from walk_configs(one, other, place)
        elif key not in first or key not in second or one != other:
            yield ConfigDifference(
                path=place,
                first=write_value(one) if key in first else None,
                second=write_value(other) if key in second else None,
            )


def write_value(value: Any) -> str:
    """Return a value as a config has it, on one line and cut where it is long."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf)
    written = written.removesuffix("...\n").strip()
    return written if len(written) <= LONGEST_VALUE else f"{written[:LONGEST_VALUE]}…"

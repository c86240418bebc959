"""Two finished studies with what they have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fineprint.core.settings import SettingsError
from fineprint.results.study import Study

RESULTS = "results.json"


class Pair(NamedTuple):
    """Two studies with the tasks and methods that both have run, in the first one's order."""

    first: Study
    second: Study
    tasks: list[str]
    methods: list[str]

    def splits(self, task: str) -> list[str]:
        """Return the test splits of a task that both studies have, the headline split first."""
        return [split for split in self.first.splits(task) if split in self.second.splits(task)]

    def places(self) -> Iterator[tuple[str, str]]:
        """Yield every task with each of its common test splits. Pooled, the same examples would count twice."""
        for task in self.tasks:
            for split in self.splits(task):
                yield task, split


def open_study(folder: Path) -> Study:
    """Return the study whose results lie in a folder.

    Raises:
        SettingsError: there are none, or they cannot be read.
    """
    file = folder / RESULTS
    if not file.is_file():
        raise SettingsError(f"{folder} has no {RESULTS}: name the results folder of a finished study.")
    try:
        return Study(file)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{file} is damaged: {error}.") from error


def pair_up(first: Study, second: Study) -> Pair:
    """Return both studies with what they have in common.

    Raises:
        SettingsError: they have no task or no method in common.
    """
    tasks = share(first.tasks, second.tasks, "task")
    return Pair(first, second, tasks, share(first.methods, second.methods, "method"))


def share(first: list[str], second: list[str], kind: str) -> list[str]:
    """Return the names in both lists, or say what each has."""
    shared = [name for name in first if name in second]
    if not shared:
        both = f"the first has {', '.join(first)}; the second has {', '.join(second)}"
        raise SettingsError(f"The two studies have no {kind} in common: {both}.")
    return shared

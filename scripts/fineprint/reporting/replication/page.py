"""The page on a replication: everything its template shows, and the rendering."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fineprint.core.records import Outcome, Replication
from fineprint.reporting.html import make_environment
from fineprint.reporting.replication import differences, summary, tables
from fineprint.reporting.replication.figure import draw_figures
from fineprint.reporting.words import Words, read_texts

WORDS = Words("replication")
TEMPLATE = "compare.html.j2"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page; `name` is what links to it say."""

    number: int
    name: str
    title: str


def render_replication(replication: Replication, report: Path) -> str:
    """Return the page.

    Args:
        replication: what was found.
        report: the folder of templates and styles.
    """
    return make_environment(report).get_template(TEMPLATE).render(**build_view(replication), medium="page")


def build_view(replication: Replication) -> dict[str, Any]:
    """Return the variables of the template."""
    titles = read_texts(WORDS.name)["chapters"]
    first, second = replication.first, replication.second
    names = "one" if first.study == second.study else "two"
    folders = {"first": shlex.quote(first.folder), "second": shlex.quote(second.folder)}
    return {
        "title": WORDS("title", names, first=first.study, second=second.study),
        "description": WORDS("description", first=first, second=second),
        "created": second.created[:10],
        "sections": [Chapter(number, name, title) for number, (name, title) in enumerate(titles.items(), start=1)],
        "verdict": summary.say_verdict(replication),
        "tiles": summary.list_tiles(replication),
        "kind": summary.say_kind(replication),
        "more": summary.say_more(replication),
        "command": WORDS("command", **folders),
        "aspects": differences.aspects_table(replication),
        "studies": differences.facts_table(replication),
        "figures": draw_figures(replication),
        "scores": tables.scores_tables(replication),
        **describe_verdicts(replication),
        "ranks": [table for task in replication.tasks if (table := tables.ranks_table(replication, task))],
        "costs": [
            table
            for task in replication.tasks
            for name in ("times", "sizes")
            if (table := tables.cost_table(replication, task, name))
        ],
        "versions": differences.versions_table(replication),
        "hardware": differences.hardware_table(replication),
        "code_sentences": differences.say_code(replication),
        "code": differences.code_table(replication),
        "config": differences.config_table(replication),
    }


def describe_verdicts(replication: Replication) -> dict[str, Any]:
    """Return the tables of verdicts: how often which met which, then the pairs by what became of them."""
    failed = [found for outcome in summary.FAILED for found in replication.verdicts if found.outcome == outcome]
    parts = {
        "failed": failed,
        "changed": [found for found in replication.verdicts if found.outcome == Outcome.CHANGED],
        "held": [found for found in replication.verdicts if found.outcome == Outcome.HELD],
    }
    return {
        "crossed": tables.crossed_table(replication),
        **{name: tables.verdicts_table(replication, name, verdicts) for name, verdicts in parts.items()},
    }

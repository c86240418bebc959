"""Whether all results were made by the code that the report was made by, and if not, which were not."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import ChangedRule
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.table import text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

WORDS = Words("provenance")
CHANGED = [
    Column[ChangedRule]("Rule", lambda rule: text(rule.rule, style="code")),
    Column("Jobs to rebuild", lambda rule: rule.jobs, formats.count),
    Column("Jobs", lambda rule: rule.of_jobs, formats.count),
    Column("Files changed since", lambda rule: text(", ".join(rule.files), style="code wrap")),
]


def changed_code(study: Study) -> dict[str, Any]:
    """Return the outcome ("same", "changed" or "not known"), the table of rules whose results other code made, and
    the command that makes them again."""
    provenance = study.results.provenance
    state = provenance.code
    changed = state.changed if state else []
    if changed:
        outcome = "changed"
    else:
        outcome = "same" if state and state.records and not state.records_without_note else "not known"
    everything = provenance.command or "snakemake --cores 1"
    return {
        "outcome": outcome,
        "table": build_table("changed-code", WORDS("changed_code"), CHANGED, changed) if changed else None,
        "command": f"{everything} --forcerun {' '.join(entry.rule for entry in changed)}",
    }

"""Whether all results were made by the code that the report was made by, and if not, which were not."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.core.records import ChangedRule
from fineprint.reporting.table import Table, number, numeric, plain, text
from fineprint.results.lookup import Study


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
        "table": changed_table(changed) if changed else None,
        "command": f"{everything} --forcerun {' '.join(entry.rule for entry in changed)}",
    }


def changed_table(changed: list[ChangedRule]) -> Table:
    """Return a row per rule."""
    rows = [
        [
            text(entry.rule, style="code"),
            number(entry.jobs, formats.count),
            number(entry.of_jobs, formats.count),
            text(", ".join(entry.files), style="code wrap"),
        ]
        for entry in changed
    ]
    columns = [*plain("Rule"), *numeric("Jobs by other code", "Jobs"), *plain("Files changed since")]
    return Table("changed-code", "Results made by code that has changed since, by rule.", columns, rows)

"""Made-up results of methods whose right answers are chosen row by row."""

from __future__ import annotations

from typing import Any

from example_results import as_plain, make_results
from example_runs import LABELS, METHODS
from fineprint.results.comparing import Answers, compare_answers, list_answers
from fineprint.scoring import statistics
from fineprint.scoring.means import find_collapse

FULL, LORA = "roberta_full", "roberta_lora"
ROWS = 300


def make_contest(right: dict[str, range], seeds: tuple[int, ...] = (1,), rows: int = ROWS) -> dict[str, Any]:
    """Return results of methods that answer exactly the given rows rightly, on one split and for every seed."""
    results = make_results(
        {name: METHODS[name] for name in right}, seeds=seeds, splits={"matched": rows}, with_gaps=False
    )
    return set_hits(results, dict.fromkeys(seeds, right), rows)


def set_hits(results: dict[str, Any], right: dict[int, dict[str, range]], rows: int = ROWS) -> dict[str, Any]:
    """Replace scores by seed, and with them what follows: means and comparisons."""
    answers: dict[str, list[Answers]] = {name: [] for name in next(iter(right.values()))}
    for run in results["runs"]:
        found = right[run["seed"]][run["method"]]
        entries = make_entries([row in found for row in range(rows)])
        answers[run["method"]].append({"matched": list_answers(entries)})
        run["scores"]["splits"]["matched"] = as_plain(statistics.score_predictions(entries, LABELS))
        trains_adapter = METHODS[run["method"]][6] is not None
        reason = find_collapse(len(found) / rows, rows, dict.fromkeys(LABELS, 1)) if trains_adapter else None
        run["status"] = run["scores"]["status"] = "collapsed" if reason else "ok"
        run["reason"] = run["scores"]["reason"] = reason
    results["means"], results["comparisons"] = map(as_plain, compare_answers("nli", answers, set(answers), margin=1.0))
    return results


def make_entries(hits: list[bool]) -> list[dict[str, Any]]:
    """Return predictions that are right or wrong as told, each a group of its own."""
    blank = {"answer": None, "likelihood_label": None, "probabilities": None, "tags": {}}
    return [
        {**blank, "group": str(row), "gold": row % 3, "label": row % 3 if hit else (row + 1) % 3}
        for row, hit in enumerate(hits)
    ]

"""Made-up results of methods whose right answers are chosen row by row."""

from __future__ import annotations

from typing import Any

from example_results import as_plain, make_results
from example_runs import LABELS, METHODS
from fineprint.scoring import statistics

FULL, LORA = "roberta_full", "roberta_lora"
ROWS = 300


def make_contest(right: dict[str, range], seeds: tuple[int, ...] = (1,), rows: int = ROWS) -> dict[str, Any]:
    """Return results of methods that answer exactly the given rows rightly, on one split and for every seed."""
    results = make_results(
        {name: METHODS[name] for name in right}, seeds=seeds, splits={"matched": rows}, with_gaps=False
    )
    results["comparisons"] = []
    for seed in seeds:
        set_hits(results, right, seed, rows)
    return results


def set_hits(results: dict[str, Any], right: dict[str, range], seed: int, rows: int = ROWS) -> None:
    """Replace scores and comparisons of a seed."""
    hits = {name: [row in found for row in range(rows)] for name, found in right.items()}
    for run in results["runs"]:
        if run["seed"] == seed:
            score = statistics.score_predictions(make_entries(hits[run["method"]]), LABELS)
            run["scores"]["splits"]["matched"] = as_plain(score)
            reason = statistics.find_collapse({"matched": score})
            run["status"] = run["scores"]["status"] = "collapsed" if reason else "ok"
            run["reason"] = run["scores"]["reason"] = reason
    others = [pair for pair in results["comparisons"] if pair["seed"] != seed]
    pairs = statistics.compare_paired(hits)
    results["comparisons"] = others + [
        {**as_plain(pair), "task": "nli", "split": "matched", "seed": seed} for pair in pairs
    ]


def make_entries(hits: list[bool]) -> list[dict[str, Any]]:
    """Return predictions that are right or wrong as told."""
    blank = {"answer": None, "likelihood_label": None, "probabilities": None, "tags": {}}
    return [{**blank, "gold": row % 3, "label": row % 3 if hit else (row + 1) % 3} for row, hit in enumerate(hits)]

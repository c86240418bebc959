"""A made-up part on many tasks, for the report: every way and every table."""

from __future__ import annotations

from typing import Any

from example_results import METHODS, as_plain, make_results, make_task
from example_runs import environment, make_run
from fineprint.core.records import COST_ONLY
from fineprint.results.comparing import Compared, compare_answers
from fineprint.scoring.statistics import wilson_interval

TASKS = ("nli", "sentiment", "question_answering")
PAIR = {"full": "roberta_full", "lora": "roberta_lora"}
COUNTS = (1, 2, 3, 10, 50)
# way: bytes on disk and in memory at no task and per task, seconds to start, seconds of a switch, rows per second
SERVED = {
    "resident": ("roberta_full", 0, 1_800_000, 0.06, 1e-6, 2000.0),
    "reloaded": ("roberta_full", 0, 1_800_000, 0.06, 0.06, 40.0),
    "switched": ("roberta_lora", 1_900_000, 104_000, 0.03, 3e-4, 1500.0),
    "mixed": ("roberta_lora", 1_900_000, 104_000, 0.03, None, 1400.0),
    "merged": ("roberta_lora", 1_900_000, 104_000, 0.03, 2e-3, 1300.0),
    "swapped": ("roberta_lora", 1_900_000, 104_000, 0.09, 8e-3, 300.0),
}
SPLITS = {"matched": 300}
LONG_ERROR = (
    "Error(s) in loading state_dict for PeftModelForSequenceClassification: size mismatch for "
    "base_model.model.classifier.modules_to_save.second.out_proj.weight: copying a param with shape torch.Size([2, 64])"
)  # as PEFT raises it: words longer than a phone is wide
COMMIT = "dd60ebb0d49ddbb0d6d4dbdd40d6bdd0d4dbb6dd"  # of 40 wide digits


def make_served(way: str, count: int) -> dict[str, Any]:
    """Return one way at one number of tasks."""
    method, base, step, start, switch, rate = SERVED[way]
    none = count == 1 or switch is None
    kept = way not in ("reloaded", "swapped")
    return {
        "way": way,
        "method": method,
        "tasks": count,
        "trained": count <= 3,
        "reason": None,
        "disk_bytes": base + count * step,
        "held_bytes": base + (count if kept else 1) * step,
        "peak_allocated_bytes": None,
        "resident_bytes": base + count * step + 50_000,
        "first_answer_seconds": start * (count if kept else 1),
        "add_task_seconds": start if kept and count > 1 else None,
        "switch_seconds_median": None if none else switch,
        "switch_seconds_p99": None if none or way == "reloaded" else 3 * (switch or 0),
        "switches": None if none else 200,
        "switch_tasks": None if none else count if kept else 2,
        "rows_per_second": rate / count**0.5,
        "rows_per_second_low": 0.97 * rate / count**0.5,
        "rows_per_second_high": 1.02 * rate / count**0.5,
        "rounds": 3,
        "rows_answered": 768,
    }


def make_latency(way: str, rows: int, seconds: float) -> dict[str, Any]:
    """Return the time of a batch, known to five per cent."""
    limits = {"seconds_low": 0.975 * seconds, "seconds_high": 1.025 * seconds}
    return {"way": way, "method": SERVED[way][0], "rows": rows, "seconds_median": seconds, **limits, "repeats": 50}


def make_serving() -> dict[str, Any]:
    """Return the record of serving."""
    same = {
        "rows": 600,
        "same_labels": 600,
        "undecided_labels": 0,
        "largest_difference": 3e-6,
        "tolerance": 3e-4,
        "equal": True,
    }
    same |= {"control_rows": 32, "control_apart": 31}
    times = {"resident": 0.010, "switched": 0.012, "mixed": 0.013, "merged": 0.010}
    return {
        "settings": {},
        "tasks": {task: {"labels": ["a", "b"], "bytes": {}} for task in TASKS},
        "rows": [make_served(way, count) for way in SERVED for count in COUNTS],
        "checks": [{"way": way, "method": SERVED[way][0], **same} for way in SERVED],
        "latency": [make_latency(way, rows, seconds * rows / 32) for way, seconds in times.items() for rows in (1, 32)],
        "merging": [
            {
                "way": "merged",
                "method": "roberta_lora",
                "tasks": 2,
                "merges": 219,
                "drift": 3.2e-6,
                "largest_weight": 0.61,
                "restored_exactly": True,
            }
        ],
        "backbone": [{"way": "switched", "method": "roberta_lora", "before": "ab" * 32, "after": "ab" * 32}],
        "peft_alone": [
            {
                "method": "roberta_lora",
                "tasks": ["nli", "sentiment"],
                "labels": [3, 2],
                "error": "size for <b>",
            }
        ],
        "phases": {},
        "environment": environment(),
    }


def make_score(way: str, of: list[str], task: str, difference: float | None) -> dict[str, Any]:
    """Return one score of combined adapters; a difference of two points or more is real."""
    correct = round(300 * (0.88 + (difference or 0.0)))
    low, high = wilson_interval(correct, 300)
    chance = None if difference is None else 0.001 if abs(difference) >= 0.02 else 0.6
    return {
        "way": way,
        "method": "roberta_lora",
        "of": of,
        "task": task,
        "split": "matched",
        "rows": 300,
        "correct": correct,
        "accuracy": correct / 300,
        "accuracy_low": low,
        "accuracy_high": high,
        "difference": difference,
        "difference_low": difference,
        "difference_high": difference,
        "p_value": chance,
        "p_value_holm": chance,
    }


def make_combining() -> dict[str, Any]:
    """Return the record of combining: averaging loses, the rest does not."""
    scores = [make_score("separate", [task], task, None) for task in TASKS]
    for way, difference in (("average", -0.2), ("concatenation", -0.01), ("pooled", 0.03)):
        scores += [make_score(way, list(TASKS[:2]), task, difference) for task in TASKS[:2]]
    hashes = {"backbone_before": "ab" * 32, "backbone_after": "ab" * 32}
    training = [
        {
            "method": "roberta_lora",
            "rows": 540,
            "best_epoch": 1,
            "epochs": [],
            **hashes,
            "parameters": {"adapter": 8_192, "head": 51_000, "total": 527_192, "share": 0.1123},
            "phases": {},
            "checkpoint_bytes": 240_000,
        }
    ]
    return {"settings": {}, "scores": scores, "training": training, "environment": environment()}


def make_forgetting() -> dict[str, Any]:
    """Return the record of forgetting: the whole model forgets, the adapter does not."""
    before = {"rows": 300, "correct": 270, "accuracy": 0.9, "accuracy_low": 0.86, "accuracy_high": 0.93}
    after = {"rows": 300, "correct": 240, "accuracy": 0.8, "accuracy_low": 0.75, "accuracy_high": 0.84}
    lost = {
        "difference": -0.1,
        "difference_low": -0.14,
        "difference_high": -0.06,
        "p_value": 0.0001,
        "p_value_holm": 0.0002,
    }
    kept = {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0, "p_value": 1.0, "p_value_holm": 1.0}
    return {
        "settings": {},
        "first": "nli",
        "second": "sentiment",
        "split": "matched",
        "scores": [
            {"method": "roberta_full", "before": before, "after": after, **lost},
            {"method": "roberta_lora", "before": before, "after": before, **kept},
        ],
        "backbone": [
            {"method": "roberta_full", "before": "ab" * 32, "after": "cd" * 32},
            {"method": "roberta_lora", "before": "ab" * 32, "after": "ab" * 32},
        ],
        "training": [],
        "environment": environment(),
    }


def make_real_size() -> dict[str, Any]:
    """Return results of another study, of models of RoBERTa-large's size, that served up to fifty tasks."""
    real = make_serving_results()
    real["study"]["study"] = "capacity"
    for backbone in real["backbones"].values():
        backbone.update({"parameters": 355_000_000, "bytes": 1_420_000_000})
    for row in real["serving"]["ways"]["rows"]:
        whole = row["method"] == "roberta_full"
        row["disk_bytes"] = row["tasks"] * 1_420_000_000 if whole else 1_420_000_000 + row["tasks"] * 10_500_000
    for run in real["serving"]["runs"]:
        run["status"], run["scores"] = COST_ONLY, {**run["scores"], "splits": {}}
    return real


def make_serving_results() -> dict[str, Any]:
    """Return results of a study that has the part."""
    few = {name: METHODS[name] for name in PAIR.values()}
    return add_serving(make_results(few, splits=SPLITS, with_gaps=False))


def make_long_results(names: tuple[str, ...], splits: dict[str, int]) -> dict[str, Any]:
    """Return results of a study that has the part, with texts that have no place to break: an error, a commit."""
    results = add_serving(make_results({name: METHODS[name] for name in names}, splits=splits))
    results["serving"]["ways"]["peft_alone"][0]["error"] = LONG_ERROR
    results["provenance"]["commit"] = COMMIT
    results["tasks"]["nli"]["facts"] = {"source": "nyu-mll/multi_nli", "revision": COMMIT}
    for run in results["runs"]:
        if run["train"]:
            run["train"]["notes"].append(f"The revision is {COMMIT}.")
    return results


def add_serving(results: dict[str, Any]) -> dict[str, Any]:
    """Add the part to results that have the methods of PAIR."""
    few = {name: METHODS[name] for name in PAIR.values()}
    runs, compared = [], Compared([], [])
    for task in TASKS:
        found = {name: make_run(task, name, spec, 1, SPLITS) for name, spec in few.items()}
        runs += [run for run, _ in found.values()]
        answers = {name: [answered] for name, (_, answered) in found.items()}
        for all_found, of_task in zip(compared, compare_answers(task, answers, set(answers), margin=1.0), strict=True):
            all_found.extend(of_task)
    results["study"]["serving"] = {
        "backbone": "encoder",
        "tasks": list(TASKS),
        "adapters": list(PAIR),
        "methods": PAIR,
        "batch_size": 32,
        "task_counts": list(COUNTS),
    }
    results["serving"] = {
        "seed": 1,
        "tasks": {task: make_task(task, SPLITS) for task in TASKS},
        "runs": as_plain(runs),
        "means": as_plain(compared.means),
        "comparisons": as_plain(compared.comparisons),
        "ways": make_serving(),
        "combining": make_combining(),
        "forgetting": make_forgetting(),
        "real_size": None,
    }
    return results

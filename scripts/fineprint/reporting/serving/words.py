"""Section 7's sentences: each is made from the measurements, whichever way they fall."""

from __future__ import annotations

from typing import Any

from fineprint.core import formats
from fineprint.reporting.serving.data import WAYS, ServingResults
from fineprint.reporting.serving.serving_words import Write, compare, find_pair
from fineprint.results.benchmarks import is_of_many_tasks_alone
from fineprint.results.lookup import SIGNIFICANCE, is_trained, peak_memory, phase_seconds, train_value
from fineprint.results.steps import list_jobs
from fineprint.scoring.statistics import describe_correction

MEASURING = {"serve_tasks": "serving", "combine_tasks": "combining", "measure_forgetting": "forgetting"}
COMBINING = (("average", "Averaging two"), ("concatenation", "Summing two"), ("pooled", "Training one on all"))


def scenario(part: ServingResults) -> str:
    """Return what was served on what."""
    tasks = formats.join([f"“{task}” ({formats.plural(len(part.labels(task)), 'label')})" for task in part.tasks])
    backbone = part.study.results["backbones"][part.settings["backbone"]]
    methods = formats.join([part.title(method) for method in part.methods])
    return (
        f"Here {tasks} are served on one backbone, “{part.settings['backbone']}” "
        f"({formats.short_count(backbone['parameters'])} parameters). Each task was trained by {methods}, "
        "on the same rows with the same seed; all serving was measured on one machine in one run."
    )


def time_sentence(part: ServingResults) -> str:
    """Return how long the part took: its jobs' wall times added up, without the runs that the comparison has anyway."""
    jobs = [job for job in list_jobs(part.study) if is_of_many_tasks_alone(part.study.results, job)]
    if not jobs:
        return "How long the part took was not measured."
    own = {rule: sum(job["seconds"] for job in jobs if job["rule"] == rule) for rule in MEASURING}
    rest = sum(job["seconds"] for job in jobs) - sum(own.values())
    parts = [f"{what} {formats.seconds(own[rule])}" for rule, what in MEASURING.items() if own[rule]]
    parts += [f"rows, trainings and predictions of the further tasks {formats.seconds(rest)}"] if rest else []
    return (
        f"The part took {formats.seconds(sum(own.values()) + rest)}, the wall times of its "
        f"{formats.plural(len(jobs), 'job')} added up: {'; '.join(parts)}. Runs that the comparison of methods has "
        "anyway are not counted."
    )


def accuracy_sentences(part: ServingResults) -> list[str]:
    """Return how the methods compare on each task, in words that the paired test allows."""
    sentences = []
    for task in part.tasks:
        for place, first in enumerate(part.methods):
            for second in part.methods[place + 1 :]:
                found = part.difference(task, first, second)
                if found is not None:
                    sentences.append(f"On “{task}” {word_difference(part, first, second, found)}.")
    if sentences:
        pairs = len(part.methods) * (len(part.methods) - 1) // 2
        sentences.append(f"The p are those of the exact McNemar test on each task, {describe_correction(pairs)}.")
    return sentences


def word_difference(part: ServingResults, first: str, second: str, found: Any) -> str:
    """Return a paired comparison in words."""
    chance = formats.p_phrase(found.p_value_holm)
    if not found.is_real:
        return f"{part.title(first)} and {part.title(second)} cannot be told apart ({chance})"
    ahead, behind = (first, second) if found.value > 0 else (second, first)
    points = formats.points(abs(found.value), signed=False)
    return f"{part.title(ahead)} is {points} points ahead of {part.title(behind)} ({chance})"


def training_sentences(part: ServingResults) -> list[str]:
    """Return what training all tasks costs with adapters beside whole models."""
    pair = find_pair(part)
    if pair is None:
        return []
    whole, shared = (method for _, method in pair)
    getters: dict[str, tuple[Any, Write]] = {
        "training time": (lambda run: phase_seconds(run, "training"), formats.seconds),
        "peak memory in training": (lambda run: peak_memory(run, "training")[0], formats.size),
        "saved bytes": (lambda run: train_value(run, "checkpoint_bytes"), formats.size),
    }
    parts = []
    for what, (get, write) in getters.items():
        gather = max if what.startswith("peak") else sum
        values = [[get(part.runs[(task, method)]) for task in part.tasks] for method in (shared, whole)]
        if all(value is not None for found in values for value in found):
            parts.append(f"{what} {compare(gather(values[0]), gather(values[1]), write)}")
    if not parts or not all(is_trained(part.runs[(task, shared)]) for task in part.tasks):
        return []
    names = f"{part.title(shared)}, beside {part.title(whole)}"
    return [f"Training all {len(part.tasks)} tasks with {names}: {'; '.join(parts)}."]


def drift_sentences(part: ServingResults) -> list[str]:
    """Return how far the backbone's weights drift by merging and taking off, and that they were put back."""
    notes = part.ways["merging"] if part.ways else []
    if not notes:
        return []
    most = max(notes, key=lambda note: note["drift"])
    back = (
        "a kept copy put them back bit by bit each time"
        if all(note["restored_exactly"] for note in notes)
        else "a kept copy did not put them back bit by bit"
    )
    return [
        f"Adding adapters to the weights and taking them off again leaves rounding behind: after "
        f"{formats.count(most['merges'])} merges a weight was off by up to {most['drift']:.1e} (the largest weight is "
        f"{most['largest_weight']:.2g}); {back}."
    ]


def word_rounding(checks: list[dict[str, Any]]) -> str:
    """Return why merged weights may answer otherwise, where they alone do."""
    alone = {check["way"] for check in checks if not check["equal"]} == {"merged"}
    return " What is merged is rounded anew to the numbers' precision, which the tolerance leaves out." if alone else ""


def word_equality(checks: list[dict[str, Any]]) -> str:
    """Return that every way answers as the task alone, and what that means for near ties."""
    undecided = sum(check.get("undecided_labels") or 0 for check in checks)
    rows = sum(check["rows"] for check in checks)
    labels = (
        f"all labels equal but {undecided} of {formats.count(rows)}, where the task alone is nearer to a tie than "
        "rounding can move the logits"
        if undecided
        else "all labels equal"
    )
    return f"Every way gives the answers of the task served alone: {labels}; logits within the tolerance."


def check_sentences(part: ServingResults) -> list[str]:
    """Return whether the answers are those of the tasks served alone, and what a shared backbone's hash says."""
    checks = part.ways["checks"] if part.ways else []
    wrong = [WAYS[check["way"]][0].lower() for check in checks if not check["equal"]]
    sentences = []
    if checks:
        sentences.append(
            f"Answers differ from those of the task served alone: {formats.join(wrong)}.{word_rounding(checks)}"
            if wrong
            else word_equality(checks)
        )
    controls = [check for check in checks if check.get("control_rows")]
    if controls:
        sentences.append(word_controls(controls))
    hashes = part.ways["backbone"] if part.ways else []
    if hashes:
        same = all(row["before"] == row["after"] for row in hashes)
        sentences.append(
            "After all serving the shared backbone's tensors were what they had been before, bit by bit (sha256)."
            if same
            else "After all serving the shared backbone's tensors were no longer what they had been before (sha256)."
        )
    return sentences


def word_controls(controls: list[dict[str, Any]]) -> str:
    """Return whether the check can fail: it must tell another task's answers from a task's own."""
    apart, rows = (sum(check[key] for check in controls) for key in ("control_apart", "control_rows"))
    blind = [WAYS[check["way"]][0].lower() for check in controls if not check["control_apart"]]
    if blind:
        return f"The check says nothing of {formats.join(blind)}: answers of another task passed it."
    return (
        f"The check can fail: of {formats.count(rows)} rows that another task was asked to answer, it told "
        f"{formats.count(apart)} from their own task's."
    )


def peft_sentences(part: ServingResults) -> list[str]:
    """Return what PEFT's own means said to two tasks in one batch."""
    sentences = []
    for row in part.ways["peft_alone"] if part.ways else []:
        tasks = formats.join([f"“{task}” ({labels})" for task, labels in zip(row["tasks"], row["labels"], strict=True)])
        said = f"not possible: {row['error']}" if row["error"] else "possible, each row answered by its own head"
        sentences.append(f"{tasks}: {said}")
    return sentences


def refused_sentences(part: ServingResults) -> list[str]:
    """Return every way that could not be measured, with the reason."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for row in part.rows:
        if row["reason"]:
            reasons.setdefault((row["way"], row["reason"]), []).append(row["tasks"])
    return [
        f"{WAYS[way][0]}, {formats.join([str(count) for count in counts])} tasks: not measured; {reason}"
        for (way, reason), counts in reasons.items()
    ]


def combining_sentences(part: ServingResults) -> list[str]:
    """Return, for each way of combining, on how many tasks it holds up."""
    record = part.data["combining"]
    if record is None:
        return []
    sentences = []
    for way, name in COMBINING:
        rows = [row for row in record["scores"] if row["way"] == way]
        if not rows:
            continue
        real = [row for row in rows if row["p_value_holm"] < SIGNIFICANCE]
        worse, better = [row for row in real if row["difference"] < 0], [row for row in real if row["difference"] > 0]
        total = len(rows)
        verb = "loses" if len(worse) == 1 else "lose"
        words = [f"{len(worse)} of {total} {verb} accuracy"] if worse else ["no loss can be shown"]
        words += [f"{len(better)} of {total} gain"] if better else []
        differences = [row["difference"] for row in rows]
        extremes = f"from {formats.points(min(differences))} to {formats.points(max(differences))}"
        sentences.append(f"{name}: {formats.join(words)} against the tasks' own adapters ({extremes} points).")
    return [*sentences, *frozen_sentences(part)]


def frozen_sentences(part: ServingResults) -> list[str]:
    """Return whether training an adapter, the one on all tasks, left the backbone as it was."""
    trained = (part.data["combining"] or {}).get("training", [])
    same, changed = "left the frozen backbone's tensors as they were, bit by bit", "changed the backbone's tensors"
    return [
        f"Training {part.title(row['method'])} on all tasks "
        f"{same if row['backbone_before'] == row['backbone_after'] else changed} (sha256 before and after)."
        for row in trained
    ]


def forgetting_sentences(part: ServingResults) -> list[str]:
    """Return what the first task lost by each method."""
    record = part.data["forgetting"]
    if record is None:
        return []
    same = {row["method"]: row["before"] == row["after"] for row in record["backbone"]}
    sentences = []
    for row in record["scores"]:
        name, after = part.title(row["method"]), row["after"]["accuracy"]
        if not part.scored:
            touched = "are the same as before, bit by bit" if same[row["method"]] else "have changed"
            words = f"the backbone's weights {touched}"
        elif row["difference"] == 0 and same[row["method"]]:
            words = "nothing is forgotten: the backbone is untouched and the answers are as accurate as before"
        elif row["p_value_holm"] >= SIGNIFICANCE:
            chance = formats.p_phrase(row["p_value_holm"])
            words = f"no change can be shown ({formats.points(row['difference'])} points, {chance})"
        else:
            verb = "loses" if row["difference"] < 0 else "gains"
            points = formats.points(abs(row["difference"]), signed=False)
            words = f"“{record['first']}” {verb} {points} points, to {formats.accuracy(after)}"
        sentences.append(f"{name}: {words}.")
    return [*sentences, *frozen_sentences(part)]

"""Why the prompt is as it is, and what other temperatures and worked examples gave on held-out examples."""

from __future__ import annotations

from dataclasses import dataclass

from fineprint.core import formats
from fineprint.core.records import ALPHA, TrialScore
from fineprint.reporting.columns import Column, build_table
from fineprint.reporting.method_columns import METHOD, MethodOnTask
from fineprint.reporting.sections.scores import write_limits
from fineprint.reporting.table import Cell, Table, text
from fineprint.reporting.words import Words
from fineprint.results.study import Study

LOW_TEMPERATURE = 0.3  # up to here the likeliest token is drawn nearly always

WORDS = Words("trials")


def choice_sentences(study: Study, task: str) -> list[str]:
    """Return why the wording, the temperature and the worked examples are what they are."""
    asked = [study.settings(method)["readout"] for method in study.methods if study.readout(method).writes_answer]
    temperatures = sorted({readout["temperature"] for readout in asked if readout.get("temperature") is not None})
    worked = any(readout.get("shots") for readout in asked)
    prompted = any(study.settings(method).get("input") == "prompt" for method in study.methods)
    return [
        *(explain_wording(study, task) if asked or prompted else []),
        *(WORDS("temperature", judge_temperature(value), value=value) for value in temperatures),
        *([WORDS("worked_examples")] if worked else []),
    ]


def explain_wording(study: Study, task: str) -> list[str]:
    """Return what the wording asks and why, as far as the task's record tells."""
    record = study.results.tasks[task]
    if not record.prompt or not record.answers:
        return []
    form = "closed" if all(answer in record.prompt for answer in record.answers) else "open"
    reason = study.task_kind(task).prompt_reason
    return [WORDS("wording", form, answers=formats.join([f"“{answer}”" for answer in record.answers]), reason=reason)]


def judge_temperature(value: float) -> str:
    """Return whether a temperature is "zero", "low" or "high"."""
    return "zero" if value == 0 else "low" if value <= LOW_TEMPERATURE else "high"


@dataclass(frozen=True)
class Trial(MethodOnTask):
    """One trial of a method's prompt, with its score on held-out examples."""

    tried: TrialScore


def list_trials(study: Study, task: str) -> list[Trial]:
    """Return every trial of every method's prompt, in the config's order."""
    runs = [(method, study.run(task, method)) for method in study.methods]
    return [Trial(study, task, name, tried) for name, run in runs if run and run.scores for tried in run.scores.trials]


def shots_cell(shots: list[str]) -> Cell:
    """Return the identifiers of worked examples."""
    return text(", ".join(shots), style="code") if shots else text("none", style="missing")


def why_untested(entry: Trial) -> str | None:
    """Return why a trial has no p-value."""
    return WORDS("own") if entry.tried.own else None


COLUMNS: list[Column[Trial]] = [
    *METHOD,
    Column("Varied", lambda entry: entry.tried.choice),
    Column("Value", lambda entry: WORDS("as_used", tried=entry.tried)),
    Column("Worked examples", lambda entry: shots_cell(entry.tried.shots)),
    Column("Examples", lambda entry: entry.tried.rows, formats.count),
    # To the third decimal: trials differ by single examples.
    Column("Accuracy", lambda entry: entry.tried.accuracy, "{:.3f}".format),
    Column("95 % interval", lambda entry: write_limits(entry.tried), formats.accuracy),
    Column("p (Holm)", lambda entry: entry.tried.p_value_holm, formats.p_value, lacks=why_untested),
    Column("Unparseable", lambda entry: entry.tried.unparseable_share, formats.percent),
]


def trials_table(study: Study, task: str) -> Table | None:
    """Return the trials of prompts, each with its accuracy on held-out examples."""
    trials, caption = list_trials(study, task), WORDS("caption", task=task)
    return build_table(f"trials-{task}", caption, COLUMNS, trials, style="compact") if trials else None


def trial_sentences(study: Study, task: str) -> list[str]:
    """Return for each method and choice what the other values tried gave, and whether that is significant."""
    groups: dict[tuple[str, str], list[TrialScore]] = {}
    for entry in list_trials(study, task):
        groups.setdefault((entry.method, entry.tried.choice), []).append(entry.tried)
    return [describe_trials(study.title(method), trials) for (method, _), trials in groups.items()]


def describe_trials(title: str, trials: list[TrialScore]) -> str:
    """Return what a method's trials of one choice say."""
    named = {"method": title, "choice": trials[0].choice, "examples": trials[0].rows}
    own = next((trial for trial in trials if trial.own), None)
    tested = [trial for trial in trials if trial is not own and trial.p_value_holm is not None]
    if own is None or not tested or len(tested) < len(trials) - 1:
        values = [WORDS("reached", trial=trial) for trial in trials]
        return WORDS("trials", "untested", values=values, **named)
    real = [trial.value for trial in tested if trial.p_value_holm < ALPHA]
    changes = "; ".join(WORDS("change", trial=trial, change=trial.accuracy - own.accuracy) for trial in tested)
    return WORDS("trials", "real" if real else "tied", own=own, changes=changes, values=real, **named)

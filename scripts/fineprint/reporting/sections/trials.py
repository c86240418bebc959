"""Why the prompt is as it is, and what other temperatures and worked examples gave on held-out rows."""

from __future__ import annotations

from fineprint.core import formats
from fineprint.core.records import TrialScore
from fineprint.reporting.sections.methods import name_cells
from fineprint.reporting.table import Table, blank, number, numeric, plain, text
from fineprint.results.lookup import SIGNIFICANCE, Study, class_variable

LOW_TEMPERATURE = 0.3  # up to here the likeliest word is drawn nearly always


def choice_sentences(study: Study, task: str) -> list[str]:
    """Return why the wording, the temperature and the worked examples are what they are."""
    readouts = [study.settings(method)["readout"] for method in study.methods]
    asked = [readout for readout in readouts if class_variable("readouts", readout["kind"], "uses_prompt", False)]
    temperatures = sorted({readout["temperature"] for readout in asked if readout.get("temperature") is not None})
    worked = any(readout.get("shots") for readout in asked)
    return [
        *explain_wording(study, task),
        *(explain_temperature(value) for value in temperatures),
        *([WORKED_EXAMPLES] if worked else []),
    ]


WORKED_EXAMPLES = (
    "Worked examples are drawn by the seed from training rows, never from held-out or test rows, one label after "
    "another, among the half of the label's rows with the most usual length: very short or long rows are poor "
    "examples, and examples of one label only pull the answers there."
)


def explain_wording(study: Study, task: str) -> list[str]:
    """Return what the wording asks and why, as far as the task's record tells."""
    record = study.results["tasks"][task]
    prompt, answers = record.get("prompt") or "", list(record.get("answers") or [])
    if not prompt or not answers:
        return []
    same = "The wording is the task's, the same for every method that uses one, so that none has a prompt of its own."
    names = formats.join([f"“{answer}”" for answer in answers])
    if all(answer in prompt for answer in answers):
        return [
            f"{same} It says what is to be decided, gives the row's texts under their names, and ends with the closed "
            f"list of answers, {names}: a model that was never trained on the task learns from it what is asked, and "
            "an answer from a closed list can be read strictly, without guessing."
        ]
    reason = class_variable("tasks", record["settings"]["kind"], "prompt_reason")
    return [
        f"{same} It gives the row's texts under their names and asks for the answer, without an instruction and "
        f"without the list of answers ({names}){f': {reason}' if reason else ''}. An answer is read strictly: what "
        "names none of these counts as wrong."
    ]


def explain_temperature(value: float) -> str:
    """Return what a temperature does, and why a low one is wanted where there is one right answer."""
    if value == 0:
        return "Temperature 0 takes the likeliest word each time, so that a repeat gives the same answer."
    if value <= LOW_TEMPERATURE:
        return (
            f"A temperature of {value:g} takes the likeliest word nearly always: a row has one right answer, and a "
            "higher temperature would now and then draw a less likely one by chance."
        )
    return (
        f"At a temperature of {value:g} words are drawn by chance, so that a less likely answer is given now and then."
    )


def list_trials(study: Study, task: str) -> list[tuple[str, TrialScore]]:
    """Return every trial of every method's prompt, in the config's order."""
    runs = [(method, study.run(task, method)) for method in study.methods]
    return [(method, trial) for method, run in runs if run and run["scores"] for trial in run["scores"]["trials"]]


def trials_table(study: Study, task: str) -> Table | None:
    """Return the trials of prompts, each with its accuracy on held-out rows."""
    rows = [
        [
            *name_cells(study, task, method),
            text(trial["choice"]),
            text(f"{trial['value']} (as used)" if trial["own"] else trial["value"]),
            text(", ".join(trial["shots"]) or "none", style="code" if trial["shots"] else "missing"),
            number(trial["rows"], formats.count),
            number(trial["accuracy"], write_trial),
            text(formats.interval(trial["accuracy_low"], trial["accuracy_high"]), sort=trial["accuracy_low"]),
            blank("the others are compared with this one")
            if trial["own"]
            else number(trial.get("p_value_holm"), formats.p_value),
            number(trial["unparseable_share"], formats.percent),
        ]
        for method, trial in list_trials(study, task)
    ]
    columns = [
        *plain("No.", "Method", "Varied", "Value", "Worked examples"),
        *numeric("Rows", "Accuracy", "95 % interval", "p (Holm)", "Unparseable"),
    ]
    caption = (
        f"Other choices of the prompt on “{task}”, one varied at a time, with the same model on rows held out of the "
        "training rows: a choice made on test rows would flatter them. p: McNemar's exact test against the choice as "
        "used, corrected for the others of its kind."
    )
    return Table(f"trials-{task}", caption, columns, rows, style="compact") if rows else None


def write_trial(value: float) -> str:
    """Write a trial's accuracy to the third decimal: trials differ by single rows."""
    return f"{value:.3f}"


def trial_sentences(study: Study, task: str) -> list[str]:
    """Return for each method and choice what the other values tried gave, evaluated by the test on the same rows."""
    groups: dict[tuple[str, str], list[TrialScore]] = {}
    for method, trial in list_trials(study, task):
        groups.setdefault((method, trial["choice"]), []).append(trial)
    return [describe_trials(study, method, choice, trials) for (method, choice), trials in groups.items()]


def describe_trials(study: Study, method: str, choice: str, trials: list[TrialScore]) -> str:
    """Return what the trials of one choice say."""
    name, own = f"{study.title(method)}, {choice}", next((trial for trial in trials if trial["own"]), None)
    others = [trial for trial in trials if trial is not own]
    rows = formats.plural(trials[0]["rows"], "held-out row")
    if not others or own is None or any("p_value_holm" not in trial for trial in others):
        values = [f"{trial['value']} {write_trial(trial['accuracy'])}" for trial in trials]
        return f"{name}: {formats.join(values)}, on {rows}; no test against the choice as used was made."
    changes = [describe_change(own, trial) for trial in others]
    real = [trial["value"] for trial in others if trial["p_value_holm"] < SIGNIFICANCE]
    evaluated = (
        f"the test confirms the difference of {formats.join(real)}" if real else "the test confirms no difference"
    )
    return (
        f"{name}: {write_trial(own['accuracy'])} with {own['value']}, as used, on {rows}; against it "
        f"{'; '.join(changes)}; {evaluated}."
    )


def describe_change(own: TrialScore, trial: TrialScore) -> str:
    """Return how far another value's accuracy lies from that of the value used, and the test's p-value."""
    change = formats.points(trial["accuracy"] - own["accuracy"])
    return f"{trial['value']}: {change} points ({formats.p_phrase(trial['p_value_holm'])})"

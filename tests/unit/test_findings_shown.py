"""What stands out, as the report says it: the words follow the outcome, and texts from the data are escaped."""

import re

import pytest

from example_answers import draw_answers, make_wrong
from example_results import METHODS, as_plain, make_results
from fineprint.core.records import (
    AgreementFinding,
    DominanceFinding,
    Elsewhere,
    LabelAnswers,
    LabelFinding,
    MissedFinding,
    Place,
    SeedAnswers,
    SeedDiscordance,
    SeedsFinding,
    SubsetErrors,
    SubsetFinding,
)
from fineprint.findings.rules import find_in_task
from fineprint.reporting.sections.findings import SHOWN, describe_findings, write_finding
from fineprint.results.study import Study
from test_findings import SEEDS, generator, never_say
from test_reporting import text_of, without_pictures

FULL, LORA, PROMPT = "roberta_full", "roberta_lora", "llama_zero_shot"
NAMES = (FULL, LORA, PROMPT, "llama_one_shot")
WHERE = {"task": "nli", "split": "matched", "examples_in_split": 810, "p_value_holm": 0.001}


@pytest.fixture(scope="module")
def study():
    return Study(make_results({name: METHODS[name] for name in NAMES}, splits={"matched": 810}, with_gaps=False))


def make_subset(*counts, **changed):
    return SubsetFinding(
        **WHERE,
        methods=[count.method for count in counts],
        examples=42,
        counts=list(counts),
        **{"tag": "phenomenon", "value": "voice", "subset_examples": 90, "methods_compared": 4} | changed,
        best=LORA,
        best_accuracy=0.53,
    )


def in_subset(method, errors=42, all_errors=66, holds_most=True, seeds=1):
    return SubsetErrors(
        method=method,
        seeds=seeds,
        errors=errors,
        all_errors=all_errors,
        accuracy=0.5,
        accuracy_elsewhere=0.97,
        holds_most=holds_most,
    )


def said(study, finding):
    item = write_finding(study, finding)
    return item.heading, " ".join(item.sentences).replace("\u00a0", " ")


def test_a_subset_that_holds_most_errors(study):
    heading, words = said(study, make_subset(in_subset(FULL)))
    assert heading == "Errors are concentrated in phenomenon “voice”"
    assert words == (
        "On matched, phenomenon “voice” has 90 of 810 examples (11.1 %) and 63.6 % of the errors of RoBERTa, full "
        "fine-tuning (42 of 66). Accuracy of RoBERTa, full fine-tuning is 0.50 there and 0.97 elsewhere. The best "
        "method there, RoBERTa, LoRA, reaches 0.53."
    )


def test_a_subset_in_which_accuracy_drops(study):
    counts = [in_subset(method, holds_most=False, seeds=3) for method in NAMES]
    heading, words = said(study, make_subset(*counts))
    assert heading == "Accuracy drops in phenomenon “voice”"
    assert words.startswith("On matched, accuracy of all 4 methods is 0.50 in phenomenon “voice” (90 of 810 examples)")
    assert "4 of 5 methods" in said(study, make_subset(*counts, methods_compared=5))[1]
    alone = said(study, make_subset(in_subset(LORA, holds_most=False)))[1]
    assert "best" not in alone


@pytest.mark.parametrize(("answered", "verb"), [(0, "never answers"), (7, "almost never answers")])
def test_a_label_that_is_not_given(study, answered, verb):
    counts = {"seeds": 1, "answered": answered, "recall": 0.02, "accuracy": 0.664, "at_ceiling": True}
    finding = LabelFinding(
        **WHERE,
        methods=[PROMPT],
        examples=266,
        labels=["neutral"],
        label_examples=266,
        ceiling=0.672,
        counts=[LabelAnswers(method=PROMPT, **counts)],
    )
    heading, words = said(study, finding)
    assert heading == f"Llama, zero-shot {verb} “neutral”"
    assert words == (
        "On matched, 266 of 810 examples have this label: without it, accuracy cannot exceed 0.67. Llama, zero-shot "
        "reaches 0.66 (recall of “neutral”: 0.02), close to that limit."
    )


@pytest.mark.parametrize(("second", "verb", "number"), [(0, "nowhere", "none"), (1, "almost nowhere", "1")])
def test_a_method_that_another_makes_redundant(study, second, verb, number):
    by_seed = [SeedDiscordance(seed=1, first_only=17, second_only=second)]
    by_seed += [SeedDiscordance(seed=2, first_only=22, second_only=0)]
    finding = DominanceFinding(
        **WHERE, methods=[FULL, LORA], examples=20, by_seed=by_seed, first_errors=540, expected=351.2
    )
    heading, words = said(study, finding)
    assert heading == f"“RoBERTa, LoRA” is correct {verb} that “RoBERTa, full fine-tuning” is wrong"
    assert f"“RoBERTa, LoRA” answers {number} correctly; 351 would be expected if errors were independent." in words
    assert words.endswith(f"17:{second} with seed 1 and 22:0 with seed 2.")


@pytest.mark.parametrize("own", [None, 0.06])
def test_similar_scores_and_different_answers(study, own):
    finding = AgreementFinding(
        **WHERE,
        methods=[FULL, LORA],
        examples=69,
        less=True,
        seeds=1 if own is None else 3,
        difference=0.0012,
        disagreement=0.0852,
        own_disagreement=own,
        either_wrong=99,
        both_wrong=34,
        same_wrong=30,
    )
    heading, words = said(study, finding)
    assert heading.endswith(": similar scores, different answers")
    assert "differ by 0.1 percentage points, but their answers differ on 8.5 % of the examples" in words
    assert ("it is not known how much two training runs" in words) == (own is None)
    assert ("those of two seeds of one method differ on 6.0 %" in words) == (own is not None)
    assert words.endswith("both get 34 wrong.")


def test_examples_that_all_miss(study):
    finding = MissedFinding(
        **WHERE,
        methods=list(NAMES),
        examples=34,
        runs=12,
        independent_methods=list(NAMES),
        expected=0.01,
        same_answer=30,
        ids=["a", "b"],
        places=[Place(tag="label", value="neutral", missed=30, examples=266)],
    )
    heading, words = said(study, finding)
    assert heading == "34 examples that every run gets wrong"
    assert "all 12 runs of the 4 methods miss 34 of 810 examples (4.2 %); fewer than 0.1 would be expected" in words
    assert "On 30 of them all runs give the same answer: their gold labels should be checked. They are " in words
    assert words.endswith("concentrated in label “neutral” (30 of its 266 examples). The first ids: a and b.")


def test_answers_that_depend_on_the_seed(study):
    counts = {"seeds": 3, "examples": 183, "disagreement": 0.155, "accuracy_low": 0.688, "accuracy_high": 0.7}
    finding = SeedsFinding(**WHERE, methods=[LORA], examples=183, counts=[SeedAnswers(method=LORA, **counts)])
    heading, words = said(study, finding)
    assert heading == "Answers of RoBERTa, LoRA depend on the seed"
    assert "differ on 15.5 % of the examples on average, though their accuracies are 0.69 to 0.70." in words


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("holds", "This also holds on other."),
        ("partly", "On other this holds for only some"),
        ("fails", "This does not hold on other."),
        ("too few", "too small to rule out chance."),
    ],
)
def test_another_split_has_its_say(study, outcome, words):
    finding = make_subset(in_subset(FULL), elsewhere=[Elsewhere(split="other", outcome=outcome)])
    assert words in said(study, finding)[1]


def results_with(findings):
    results = make_results({name: METHODS[name] for name in NAMES}, splits={"matched": 810}, with_gaps=False)
    return {**results, "findings": as_plain(findings)}


def test_what_was_found_is_read_back_and_shown(tmp_path):
    drawn = draw_answers(generator(), dict(zip(NAMES, (0.92, 0.8, 0.68, 0.56), strict=True)), seeds=SEEDS)
    make_wrong(drawn, FULL, drawn.has("phenomenon", "voice"))
    never_say(drawn, LORA, 1)
    findings = find_in_task([drawn.answers()])
    results = results_with(findings)
    assert Study(results).results.findings == findings and {"label", "subset"} <= {found.kind for found in findings}
    html = without_pictures(results, tmp_path)
    text = text_of(html)
    for finding in findings:
        assert f"{write_finding(Study(results), finding).heading}. " in text
    before, after = text.index("What stands out"), text.index("Hardest subsets, shared errors")
    assert before < text.index("Errors are concentrated in phenomenon “voice”") < after


def test_more_than_a_few_are_folded_and_counted(tmp_path):
    findings = [make_subset(in_subset(FULL), value=f"value {number}") for number in range(SHOWN + 2)]
    html = without_pictures(results_with(findings), tmp_path)
    assert "<summary>2 more findings</summary>" in html
    folded = html[html.index("2 more findings") :]
    assert "value 7”" not in folded.split("</details>")[0] and "value 9”" in folded.split("</details>")[0]


def test_texts_from_the_data_are_escaped(tmp_path):
    hard = "<script>alert(7)</script> {{ 7 * 7 }}"
    html = without_pictures(results_with([make_subset(in_subset(FULL), value=hard)]), tmp_path)
    assert "<script>alert(7)" not in html and "&lt;script&gt;alert(7)" in html and "{{ 7 * 7 }}" in html


def test_nothing_found_is_said(tmp_path, study):
    shown = describe_findings(study, "nli")
    assert shown["shown"] == shown["others"] == [] and shown["more"] == ""
    assert re.search(r"found no pattern on matched that is both large and more than chance", shown["introduction"])
    assert "found no pattern on matched" in text_of(without_pictures(results_with([]), tmp_path))

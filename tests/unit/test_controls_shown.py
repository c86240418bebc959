"""A method that sees some texts alone is shown and compared as that, and stands for no claim about whole examples."""

from dataclasses import replace
from pathlib import Path

from example_results import METHODS, make_results
from fineprint.reporting.methods_text.methods import method_sentences
from fineprint.reporting.methods_text.references import Library
from fineprint.reporting.sections import advice
from fineprint.reporting.sections.methods import methods_table
from fineprint.reporting.sections.pairs import list_ablations
from fineprint.results.matching import matches
from fineprint.results.study import Study

LIBRARY = Library(Path(__file__).parents[2] / "report/references.yaml")
FULL = {"backbone.architecture": "encoder", "adapter.kind": "full"}


def make_study(**fields):
    """Return a study of full fine-tuning and LoRA; `fields` has the texts that a method sees."""
    results = make_results({name: METHODS[name] for name in ("roberta_full", "roberta_lora")}, with_gaps=False)
    for method in results["study"]["methods"]:
        results["study"]["methods"][method]["fields"] = fields.get(method)
    return Study(results)


def test_it_stands_for_no_claim_but_one_about_such_methods():
    assert matches(make_study(), "roberta_full", FULL)
    limited = make_study(roberta_full=["hypothesis"])
    assert not matches(limited, "roberta_full", FULL)
    assert matches(limited, "roberta_full", FULL | {"fields": [["hypothesis"]]})


def test_what_it_sees_is_a_choice_like_the_others():
    assert [pair.axis for pair in list_ablations(make_study(), "nli")] == ["adapter"]
    assert list_ablations(make_study(roberta_lora=["hypothesis"]), "nli") == [], "two choices differ"
    alike = make_study(roberta_lora=["hypothesis"])
    alike.settings("roberta_lora")["adapter"] = alike.settings("roberta_full")["adapter"]
    assert [pair.axis for pair in list_ablations(alike, "nli")] == ["fields"]


def test_an_answer_without_a_model_is_not_said_to_be_a_backbone_s():
    study = make_study()
    run = study.run("nli", "roberta_lora")
    counts = replace(run.parameters, adapter=0, head=0, total=0, share=0.0)
    study.runs["nli", "roberta_lora", run.seed] = replace(run, train=replace(run.train, parameters=counts))
    assert method_sentences(study, LIBRARY)[2] == "“RoBERTa, LoRA” answers without a model."


def test_what_it_sees_stands_in_the_table_and_in_the_text():
    titles = [column.title for column in methods_table(make_study()).columns]
    table = methods_table(make_study(roberta_lora=["hypothesis"]))
    assert [column.title for column in table.columns] == [*titles, "Texts"]
    assert [row[-1].text for row in table.rows] == ["all", "hypothesis only"]
    assert (
        "given only the hypothesis of each example;"
        in method_sentences(make_study(roberta_lora=["hypothesis"]), LIBRARY)[2]
    )
    assert not any("alone" in sentence for sentence in method_sentences(make_study(), LIBRARY))


def test_controls_that_read_nothing_are_never_advised():
    results = make_results(with_gaps=False, splits={"matched": 300})
    results["study"]["methods"]["roberta_prefix"]["fields"] = ["hypothesis"]
    study = Study(results)
    assert study.is_blind("nli", "roberta_prefix") and not study.is_blind("nli", "roberta_lora")
    given = " ".join(entry.advice for entry in advice.give_advice(study, "nli")[1:])
    assert study.title("roberta_prefix") not in given and study.title("llama_probe") in given


def test_costs_that_vary_more_than_methods_differ_put_none_in_front():
    results = make_results(with_gaps=False, splits={"matched": 300})
    for run in results["runs"]:
        run["predict"]["rows_per_second"] = 1000.0
    said = next(
        entry.advice for entry in advice.give_advice(Study(results), "nli") if entry.situation.startswith("Edge")
    )
    assert "No advice: " in said and "of the 9 ranked methods cannot be put in order" in said

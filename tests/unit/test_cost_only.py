"""Runs whose accuracy would mean nothing: no score is kept, and the report speaks of cost alone."""

import pytest
import yaml

from example_results import METHODS, make_results, make_task
from example_runs import make_predict
from fineprint.backbones.demo_encoder import Settings as DemoEncoder
from fineprint.backbones.random_weights import Settings as RandomWeights
from fineprint.core.records import COST_ONLY, write_json
from fineprint.reporting.pdf import write_pdf
from fineprint.results.collecting import table_rows
from fineprint.results.comparing import Compared, compare_runs
from fineprint.results.study import Study
from fineprint.scoring.scoring import score_run
from fineprint.study.reading import describe_run, read_study, why_no_accuracy
from fineprint.tasks.demo_nli import Settings as DemoNLI
from fineprint.tasks.random_pairs import Settings as RandomPairs
from test_config import DEMO, ROOT, merge
from test_reporting import REPORT, Page, render_page, text_of, without_pictures

WHY = "the weights and the labels are random"
STUDIES = ("capacity", "multinli")
DRAWN = RandomWeights(kind="random_weights", architecture="encoder", model_type="roberta", sizes={})
RANDOM_ROWS = RandomPairs(kind="random_pairs")


@pytest.mark.parametrize(
    ("backbone", "task", "why"),
    [
        (DemoEncoder(), DemoNLI(), None),
        (DRAWN, DemoNLI(), "the weights are random"),
        (DemoEncoder(), RANDOM_ROWS, "the labels are random"),
        (DRAWN, RANDOM_ROWS, WHY),
    ],
)
def test_random_weights_or_labels_leave_no_accuracy(backbone, task, why):
    assert why_no_accuracy(backbone, task) == why


def test_a_run_s_settings_say_so_before_anything_is_run():
    overlay = yaml.safe_load((ROOT / "studies/capacity.yaml").read_text(encoding="utf-8"))
    capacity, demo = read_study(merge(DEMO, overlay)), read_study(DEMO)
    assert describe_run(capacity, "multinli_lengths", "roberta_lora", 42)["why_no_accuracy"] == WHY
    assert describe_run(demo, "nli", "roberta_lora", 42)["why_no_accuracy"] is None


def flatten(settings, before=""):
    """Return nested settings by dotted paths."""
    flat = {}
    for key, value in settings.items():
        flat |= flatten(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value}
    return flat


def test_costs_are_those_of_the_full_study_s_settings():
    overlays = [yaml.safe_load((ROOT / f"studies/{name}.yaml").read_text(encoding="utf-8")) for name in STUDIES]
    capacity, full = (read_study(merge(DEMO, overlay)) for overlay in overlays)
    trials = {f"readout.trials{key}" for key in ("", ".temperatures", ".draws", ".rows")}
    assert set(full.run.methods) - set(capacity.run.methods) == {"roberta_hypothesis", "majority"}, (
        "they cost nothing new"
    )
    of_memory = {"title", "memory", "prediction_batch_size", "training.gradient_checkpointing"}
    of_memory |= {"training.gradient_accumulation_steps"}
    for name in capacity.run.methods:
        (base,) = {name.removesuffix(end) for end in ("_lean", "_few", "_20_gb") if name.endswith(end)} or {name}
        ours, theirs = (
            flatten(study.methods[method].model_dump(mode="json")) for study, method in ((capacity, name), (full, base))
        )
        differing = {key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key)}
        assert differing <= {"training.epochs", "merge_into", *trials, *(of_memory if name != base else ())}, name
    assert capacity.serving.real_size is None and full.serving.real_size == "results/capacity/results.json"


def without_scores(run):
    reason = f"accuracy was not measured: {WHY}"
    scores = {"splits": {}, "variants": {}, "agreement": {}, "trials": [], "status": COST_ONLY, "reason": reason}
    return {**run, "scores": scores, "status": COST_ONLY, "reason": reason}


def make_cost_only(methods=None, several=()):
    """Return made-up results without accuracies, except those of the methods `several`."""
    results = make_results(methods, splits={"test": 150}, with_gaps=False)
    results["runs"] = [run if run["method"] in several else without_scores(run) for run in results["runs"]]
    kept = [pair for pair in results["comparisons"] if {pair["first"], pair["second"]} <= set(several)]
    results["comparisons"] = kept
    results["means"] = [mean for mean in results["means"] if mean["method"] in several]
    for backbone in results["backbones"].values():
        backbone["settings"]["kind"] = "random_weights"
    for task in results["tasks"].values():
        task["settings"]["kind"] = "random_pairs"
    return results


def test_nothing_is_scored_whatever_was_predicted(tmp_path):
    write_json(tmp_path / "task.json", make_task("two", {"test": 40}) | {"labels": ["a", "b"]})
    write_json(
        tmp_path / "predict.json", make_predict(METHODS["roberta_lora"]) | {"run_config": {"why_no_accuracy": WHY}}
    )
    names = ("task.json", "predictions", "predict.json", "train.json")
    record = score_run(*(tmp_path / name for name in names))
    assert record.splits == record.variants == {} and record.status == COST_ONLY
    assert record.reason == f"accuracy was not measured: {WHY}"


def test_the_table_has_one_row_a_run_with_costs_and_no_accuracy(tmp_path):
    results = Study(make_cost_only()).results
    rows = [row for run in results.runs for row in table_rows(results.study, run)]
    assert len(rows) == len(METHODS)
    assert all(row["accuracy"] is None and row["status"] == COST_ONLY for row in rows)
    assert all(row["predict_seconds"] and row["total_parameters"] for row in rows)
    assert compare_runs(tmp_path, results.runs, 1.0) == Compared([], [])


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cost_only")
    results = make_cost_only()
    html = render_page(results, folder / "figures")
    write_pdf(results, folder / "figures", REPORT, folder / "report.pdf")
    return {"folder": folder, "html": html, "text": text_of(html)}


def test_the_report_says_that_accuracy_was_not_measured(page):
    assert "Accuracy was not measured: the weights and the labels are random." in page["text"]
    assert "9 runs without a measured accuracy" in page["text"]
    assert "cost answered; accuracy not measured" in page["text"]


def test_no_table_figure_or_sentence_speaks_of_an_accuracy(page):
    for words in (
        "McNemar's exact",
        "share a rank",
        "Macro-F1",
        "Held-out accuracy",
        "Confusion",
        "calibration error",
        "is first",
    ):
        assert words not in page["text"], words
    assert "collapsed" not in page["text"] and "not ranked" not in page["text"].lower()
    kinds = {file.stem.split("-")[0] for file in (page["folder"] / "figures").glob("*.svg")}
    assert kinds == {"losses", "memory", "speed", "storage", "workflow"}


def test_costs_are_told_for_each_backbone(page):
    text = page["text"]
    assert "Among the trained methods on “encoder”" in text and "Among the trained methods on “decoder”" in text
    assert "Training memory, encoder" in text and "Prediction, examples per second, decoder" in text
    assert "so this study gives no advice on it" in text
    for table in ("parameters-nli", "cost-nli", "memory-parts-nli", "storage-nli"):
        assert f'id="table-{table}"' in page["html"]
    found = Page(page["html"])
    assert not {link[1:] for link in found.links if link.startswith("#")} - set(found.ids)
    assert (page["folder"] / "report.pdf").read_bytes().startswith(b"%PDF")


def test_methods_with_an_accuracy_are_still_ranked_beside_others(tmp_path):
    results = make_cost_only(several=("roberta_full", "roberta_lora"))
    study = Study(results)
    assert study.measures_accuracy("nli")
    assert [method for method, _ in study.ranked("nli")] == ["roberta_full", "roberta_lora"]
    text = text_of(without_pictures(results, tmp_path))
    assert "RoBERTa, full fine-tuning has the highest mean accuracy" in text
    assert f"(cost only): accuracy was not measured: {WHY}." in text


def test_runs_that_were_not_made_are_named(tmp_path):
    results = make_cost_only({name: METHODS[name] for name in ("roberta_full", "roberta_lora")})
    gone = {"status": "not run", "reason": "no scores were found", "train": None, "predict": None, "scores": None}
    results["runs"][1].update(gone)
    text = text_of(without_pictures(results, tmp_path))
    assert "Not run: RoBERTa, LoRA." in text and "Not measured:" in text

"""The chapter on many tasks: everything shown follows the records, whichever way they fall."""

import copy
import re
from dataclasses import asdict, replace

import pytest
from pypdf import PdfReader

from example_results import METHODS, make_results
from example_serving import make_latency, make_real_size, make_serving_results
from fineprint.core import formats
from fineprint.core.records import COST_ONLY, write_json
from fineprint.reporting.figures.plotting import SERVING, plot_all, save_drawing
from fineprint.reporting.figures.serving import draw_growth
from fineprint.reporting.figures.style import figure_style
from fineprint.reporting.html import render
from fineprint.reporting.pdf import write_pdf
from fineprint.reporting.sections import advice, checklist
from fineprint.reporting.sections.claim_ledger import describe_claims
from fineprint.reporting.serving.answers import (
    check_sentences,
    combining_sentences,
    drift_sentences,
    forgetting_sentences,
    refused_sentences,
)
from fineprint.reporting.serving.data import Line, Series, ServingResults, meeting
from fineprint.reporting.serving.introduction import accuracy_sentences, training_sentences
from fineprint.reporting.serving.speed import is_apart, speed_sentences
from fineprint.reporting.serving.storage import compare, per_task_sentences, worked_sentences
from fineprint.reporting.serving.tables import checks_table, latency_table
from fineprint.reporting.serving.view import describe_serving
from fineprint.results.benchmarks import read_jobs
from fineprint.results.study import Study
from fineprint.serving import latency
from test_reporting import REPORT, Page, text_of, without_pictures


def part_of(results):
    return ServingResults(Study(results))


def render_with_growth(results, folder):
    """Render with the chapter's own figure alone, where it has one: no other figure is drawn from the part."""
    folder.mkdir()
    with figure_style():
        growth = draw_growth(Study(results))
    entries = [asdict(save_drawing(folder, SERVING, "", "growth", growth))] if growth is not None else []
    write_json(folder / "figures.json", entries)
    return render(results, folder, REPORT, "page")


def served(results, way):
    return [row for row in results["serving"]["ways"]["rows"] if row["way"] == way]


@pytest.fixture(scope="module")
def made():
    return make_serving_results()


@pytest.fixture
def results(made):
    return copy.deepcopy(made)


@pytest.fixture(scope="module")
def drawn(made, tmp_path_factory):
    """The folder of all figures."""
    folder = tmp_path_factory.mktemp("report") / "figures"
    plot_all(made, folder)
    return folder


def test_equal_data_give_equal_files(drawn, results, tmp_path):
    plot_all(results, tmp_path)
    first, second = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in (drawn, tmp_path))
    assert "accuracy-nli.svg" in first and "serving-growth.csv" in first
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_chapter_is_rendered(drawn, results, tmp_path):
    html = render(results, drawn, REPORT, "page")
    write_pdf(results, drawn, REPORT, tmp_path / "report.pdf")
    page, text = Page(html), text_of(html)
    assert len(page.ids) == len(set(page.ids))
    assert not {link[1:] for link in page.links if link.startswith("#")} - set(page.ids)
    for words in ("Full models in memory", "Adapters, mixed batch", "Can adapters be combined?", "Forgetting"):
        assert words in text
    assert "figure-serving-growth" in page.ids and "table-serving-2" in page.ids
    chapter = html[html.index('id="tasks"') :]
    for words in ("set_adapter", "adapter_names", "cat"):
        assert f"(<code>{words}</code>)" in chapter and f"`{words}`" not in html and f"&lt;code&gt;{words}" not in html
    assert 'title="one backbone, all adapters loaded; a switch activates another (set_adapter)"' in html
    printed = "".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages)
    assert "(set_adapter)" in printed and "(cat)" in printed and "<code>" not in printed
    assert "size for <b>" in text and "size for <b>" not in html
    assert "not run in this study" not in text


def test_a_study_without_the_part_says_so_and_keeps_the_arithmetic(tmp_path):
    few = {name: METHODS[name] for name in ("roberta_full", "roberta_lora")}
    results = make_results(few, splits={"test": 150}, with_gaps=False)
    text = text_of(without_pictures(results, tmp_path))
    assert "Serving several tasks at once was not run in this study" in text
    assert "Disk for several tasks: arithmetic" in text
    assert describe_serving(Study(results)) is None


def test_two_and_ten_tasks_are_worked_out(results):
    two, ten = worked_sentences(part_of(results))
    assert "disk 2.11 MB against 3.60 MB (41.4 % less)" in two.replace("\u00a0", " ")
    assert ten.startswith("For 10 tasks (7 of them copies), a shared backbone") and "extrapolated" not in ten


def test_what_is_extrapolated_is_named(results):
    for row in served(results, "resident"):
        if row["tasks"] > 3:
            row.update(dict.fromkeys([key for key in row if key not in ("way", "method", "tasks", "trained")]))
            row["reason"] = "too large"
    part = part_of(results)
    _, ten = worked_sentences(part)
    assert "18.0 MB" in ten.replace("\u00a0", " ") and "[extrapolated from 1, 2 and 3 tasks]" in ten
    assert refused_sentences(part) == ["Full models in memory, 10 and 50 tasks: not measured; too large"]


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.0, "Here adapters are slower"),
        (4.0, "Here adapters are faster"),
        (1.35, "Whether adapters or full models in memory are faster cannot be determined here"),
    ],
)
def test_throughput_is_told_as_it_is(results, factor, verdict):
    for way in ("switched", "mixed", "merged"):
        for row in served(results, way):
            for key in ("rows_per_second", "rows_per_second_low", "rows_per_second_high"):
                row[key] *= factor
    streams = [sentence for sentence in speed_sentences(part_of(results)) if "stream" in sentence]
    assert len(streams) == 2 and all(verdict in sentence for sentence in streams)


def test_a_winner_is_named_only_where_the_turns_do_not_overlap(results):
    first, _ = [sentence for sentence in speed_sentences(part_of(results)) if "stream" in sentence]
    assert "fastest is full models in memory (1 414 examples/s, 1 372 to 1 442)" in first.replace("\u202f", " ")
    assert "slowest is full model, reloaded" in first
    for row in served(results, "mixed"):
        row["rows_per_second_high"] *= 1.5
    first, _ = [sentence for sentence in speed_sentences(part_of(results)) if "stream" in sentence]
    assert "the fastest cannot be determined, because the rounds of full models in memory" in first
    assert "adapters, mixed batch" in first.split(";")[0] and "adapters, merged" not in first.split(";")[0]
    for row in served(results, "resident"):
        row["rows_per_second_low"] = None
    first, _ = [sentence for sentence in speed_sentences(part_of(results)) if "stream" in sentence]
    assert "the slowest cannot be determined" in first, "a range that is not known is apart from none"


def test_tables_say_on_how_many_switches_a_figure_rests(results):
    for row in served(results, "reloaded"):
        row["switches"] = row["switches"] and 31
    two, _, ten, _ = describe_serving(Study(results))["served"]
    for table, note in ((two, ""), (ten, "timed with 2 tasks")):
        cell = table.rows[1][7]
        assert cell.text.replace("\u00a0", " ").endswith("ms (31)") and cell.note == note
    assert two.rows[0][9].text.replace("\u202f", " ") == "1 414 (1 372–1 442)"


def test_the_time_of_the_part_counts_its_own_jobs_alone(results, tmp_path):
    study = results["study"]
    names = [
        "serve_tasks",
        "write_study_config",
        "prepare_task/nli",
        "prepare_task/sentiment",
        "fetch_backbone/encoder",
    ]
    names += ["train_method/nli/roberta_lora/1", "train_method/sentiment/roberta_lora/1"]
    names += ["train_method/sentiment/llama_zero_shot/1", "train_method/question_answering/roberta_full/2"]
    for place in names:
        file = tmp_path / f"{place}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("s\tmax_rss\n10.0\t100.0\n", encoding="utf-8")
    jobs = results["provenance"]["jobs"] = read_jobs(tmp_path, study)
    assert len(jobs) == 7, "a run that no part of the study asks for was left by an earlier one"
    words = describe_serving(Study(results))["time"].replace("\u00a0", " ")
    assert words.startswith("This part took 30.0 s, the total wall time of its 3 jobs: serving 10.0 s; data,")
    assert "further tasks 20.0 s" in words
    results["provenance"]["jobs"] = []
    assert "was not measured" in describe_serving(Study(results))["time"]


def set_latency(results, way, seconds):
    """Make a full batch take so long."""
    rows = results["serving"]["ways"]["latency"]
    for place, row in enumerate(rows):
        if (row["way"], row["rows"]) == (way, 32):
            rows[place] = make_latency(way, 32, seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.012, "takes 12.0 ms with an unmerged adapter, 10.0 ms with the full model (+20.0 %)"),
        (0.008, "takes 8.00 ms with an unmerged adapter, 10.0 ms with the full model (−20.0 %)"),
        (0.0102, "no clear difference"),
    ],
)
def test_latency_is_told_as_it_is(results, seconds, words):
    set_latency(results, "switched", seconds)
    assert words in " ".join(speed_sentences(part_of(results))).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.010, "Merging pays off from 1 batch of"),
        (0.0113, "Merging pays off from 3 batches of"),
        (0.0119, "merging pays off can therefore not be determined"),
        (0.02, "Merging never pays off here"),
    ],
)
def test_merging_pays_from_a_computed_number_of_batches(results, seconds, words):
    set_latency(results, "merged", seconds)
    assert words in " ".join(speed_sentences(part_of(results)))


def test_what_does_not_grow_along_a_line_is_not_extrapolated(results):
    for row in served(results, "switched"):
        row["first_answer_seconds"] = 0.001 * row["tasks"] ** 2
    part = part_of(results)
    assert part.line(Series("switched", "roberta_lora"), "first_answer_seconds") is None
    assert part.line(Series("switched", "roberta_lora"), "disk_bytes").step == pytest.approx(104_000)
    start = per_task_sentences(part)[-1]
    assert start.startswith("Cold start (timed once), adapters against full models") and "Growth is not linear" in start
    assert "take less from" not in start


def test_meeting_points_are_computed():
    assert meeting(Line(10, 1, (1, 2)), Line(0, 4, (1, 2))) == 4  # 13.3 at 3.33 tasks
    assert meeting(Line(0, 1, (1, 2)), Line(0, 4, (1, 2))) == 1
    assert meeting(Line(10, 4, (1, 2)), Line(0, 4, (1, 2))) is None
    assert compare(2.0, 2.0, formats.rate) == "2.00, the same"
    assert "50\u00a0% less" in compare(1.0, 2.0, formats.rate).replace("50.0", "50")
    assert "20.0\u00a0% more" in compare(1.2, 1.0, formats.rate) and "as much" in compare(3.0, 1.0, formats.rate)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("better", "RoBERTa, full fine-tuning is 4.0 percentage points better than RoBERTa, LoRA (p < 0.001)."),
        ("worse", "RoBERTa, LoRA is 4.0 percentage points better than RoBERTa, full fine-tuning (p < 0.001)."),
        ("equivalent", "RoBERTa, full fine-tuning and RoBERTa, LoRA are equivalent within ±1 percentage point."),
        (
            "not superior",
            "RoBERTa, LoRA is not inferior to RoBERTa, full fine-tuning (at most 1 percentage point worse).",
        ),
        ("inconclusive", "RoBERTa, full fine-tuning against RoBERTa, LoRA is inconclusive (+4.0 percentage points"),
    ],
)
def test_accuracy_is_worded_by_the_verdict(results, verdict, words):
    for pair in [*results["serving"]["comparisons"], *results["comparisons"]]:
        difference = -0.04 if verdict == "worse" else 0.04
        pair.update({"difference": difference, "p_value_holm": 0.0001, "model_verdict": verdict})
    *sentences, models = accuracy_sentences(part_of(results))
    assert len(sentences) == 3 and all(words in sentence for sentence in sentences)
    holds = "so these verdicts hold for the trained models only."
    assert models == f"On nli, sentiment and question_answering one seed was run, {holds}"


def test_training_that_costs_more_is_said_to(results):
    assert "less" in training_sentences(part_of(results))[0]
    for run in results["serving"]["runs"]:
        if run["method"] == "roberta_lora":
            run["train"]["phases"]["training"]["seconds"] *= 3
    assert re.search(r"training time [^;]*× as much", training_sentences(part_of(results))[0])


def test_combining_says_what_loses_and_what_gains(results):
    average, total, together, frozen = combining_sentences(part_of(results))
    assert "RoBERTa, LoRA on all tasks left the frozen backbone's tensors bit-identical" in frozen
    assert average.startswith("Averaging two: 2 of 2 lose accuracy against")
    assert total.startswith("Summing two: no significant loss")
    assert "2 of 2 gain" in together
    results["serving"]["combining"]["training"][0]["backbone_after"] = "ee" * 32
    assert "changed the backbone's tensors" in combining_sentences(part_of(results))[-1]


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        ((-0.2, 0.1), "1 of 2 loses accuracy and 1 of 2 gain against the tasks' own adapters (from −20.0 to +10.0"),
        ((-0.2, 0.0), "1 of 2 loses accuracy against the tasks' own adapters (from −20.0 to 0.0"),
        ((0.0, 0.1), "no significant loss and 1 of 2 gain against the tasks' own adapters (from 0.0 to +10.0"),
        ((-0.01, 0.01), "no significant loss against the tasks' own adapters (from −1.0 to +1.0"),
    ],
)
def test_losses_and_gains_are_told_apart(results, differences, words):
    rows = [row for row in results["serving"]["combining"]["scores"] if row["way"] == "average"]
    for row, difference in zip(rows, differences, strict=True):
        row.update({"difference": difference, "p_value_holm": 0.001 if abs(difference) > 0.05 else 0.6})
    assert combining_sentences(part_of(results))[0] == f"Averaging two: {words} percentage points)."


def test_forgetting_says_who_forgets(results):
    full, lora = forgetting_sentences(part_of(results))
    assert "loses 10.0 percentage points, to 0.80" in full and "nothing is forgotten" in lora
    record = results["serving"]["forgetting"]
    record["scores"][0].update({"difference": -0.01, "p_value_holm": 0.5})
    record["backbone"][1]["after"] = "ee" * 32
    full, lora = forgetting_sentences(part_of(results))
    assert "no significant change" in full and "nothing is forgotten" not in lora


def test_answers_that_differ_are_reported(results):
    assert check_sentences(part_of(results))[0].startswith("Every way gives the answers")
    serving = results["serving"]["ways"]
    serving["checks"][4]["equal"] = False
    serving["backbone"][0]["after"] = "ee" * 32
    serving["merging"][0]["restored_exactly"] = False
    first, control, second = check_sentences(part_of(results))
    assert "adapters, merged. Merged weights are rounded again" in first and "had changed" in second
    serving["checks"][2]["equal"] = False
    assert "rounded again" not in check_sentences(part_of(results))[0], "said only where it is the reason"
    assert control == "Control: of 192 examples answered with the wrong task's adapter, 186 were detected."
    serving["checks"][0]["control_apart"] = 0
    assert "says nothing about full models in memory" in check_sentences(part_of(results))[1]
    assert "restoring a saved copy was not bit-exact" in drift_sentences(part_of(results))[0]


def test_near_ties_are_told(results):
    checks = results["serving"]["ways"]["checks"]
    checks[2].update({"same_labels": 599, "undecided_labels": 1})
    assert "all labels equal but 1 of" in check_sentences(part_of(results))[0]
    table = checks_table(part_of(results))
    assert "Undecided:" in table.caption and "599 of 600 (1 undecided)" in str(table.rows[2])


def test_a_median_of_few_repeats_has_no_interval(results):
    few, enough = (
        latency.summarize_times("merged", "lora", 8, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0][:count]) for count in (5, 6)
    )
    assert few.seconds_low is None and (enough.seconds_low, enough.seconds_high) == (1.0, 6.0)
    assert not is_apart(few, replace(enough, seconds_low=100.0, seconds_high=200.0))
    results["serving"]["ways"]["latency"][0].update({"seconds_low": None, "seconds_high": None})
    assert latency_table(part_of(results)) is not None


def test_adapters_alone_render_without_a_comparison(results, tmp_path):
    part = results["serving"]
    part["runs"] = [run for run in part["runs"] if run["method"] == "roberta_lora"]
    part["comparisons"], part["forgetting"] = [], None
    for key in ("rows", "checks", "latency"):
        part["ways"][key] = [row for row in part["ways"][key] if row["method"] == "roberta_lora"]
    results["study"]["serving"]["methods"] = {"lora": "roberta_lora"}
    html = render_with_growth(results, tmp_path / "figures")
    text = text_of(html)
    assert "Adapters, switched" in text and "Full models in memory" not in text
    assert "figure-serving-growth" in Page(html).ids


def test_records_that_are_missing_leave_their_tables_out(results, tmp_path):
    results["serving"].update({"ways": None, "combining": None, "forgetting": None})
    html = render_with_growth(results, tmp_path / "figures")
    text = text_of(html)
    assert "Accuracy and training" in text and "Can adapters be combined?" not in text
    assert "figure-serving-growth" not in Page(html).ids


def test_checklist_and_advice_know_the_part(results):
    study = Study(results)
    assert "10 tasks" in next(entry.advice for entry in advice.give_advice(study, "nli") if "Many" in entry.situation)
    entry = checklist.Entry(part="1.3", question="", link="tasks", needs="serving", without="not run")
    assert checklist.find_status_of_section(study, entry) == "answered"
    assert checklist.find_status_of_section(Study(make_results({}, splits={"test": 90})), entry) == "not run"


def test_figures_at_real_size_stand_beside_and_are_named(results, tmp_path):
    results["serving"]["real_size"] = {"file": "results/capacity/results.json", "results": make_real_size()}
    html = render_with_growth(results, tmp_path / "figures")
    page, text = Page(html), text_of(html).replace("\u00a0", " ")
    assert len(page.ids) == len(set(page.ids)) and "table-real-size-serving-10" in page.ids
    assert not {link[1:] for link in page.links if link.startswith("#")} - set(page.ids)
    assert "All figures here come from another study, “capacity” (results/capacity/results.json" in text
    assert "a model of 355 M parameters" in text and "accuracy was not measured" in text
    assert "disk 1.52 GB against 14.2 GB (89.3 % less)" in text
    ledger = {row.name: row for row in describe_claims(Study(results), REPORT)["ledger"]}
    ten = ledger["ten_tasks_lora"]
    assert (ten.verdict, ten.real[-1]) == ("supported", "Supported. Within what was claimed.")
    assert ten.measured[0] == "By arithmetic at the claim's size:", "this study's own models are small"
    assert "2.94 MB; measured on disk, 10 tasks served, 7 of them copies" in ten.measured[-1].replace("\u00a0", " ")
    assert ten.real[0] == "This workflow, study “capacity”, on Example CPU, 2026-01-02:"
    assert "RoBERTa, LoRA: 1.52 GB; measured on disk, 10 tasks served" in ten.real[1].replace("\u00a0", " ")
    assert "At real size" in text and ledger["head"].real == []


def test_a_study_at_real_size_that_was_not_run_is_said_to_be_missing(results):
    assert describe_serving(Study(results))["real_size"] is None
    results["serving"]["real_size"] = {"file": "results/capacity/results.json", "results": None}
    said = describe_serving(Study(results))["real_size"]["intro"]
    assert "results/capacity/results.json" in said and "not available: run that study first" in said


def test_disk_of_tasks_that_were_not_served_is_arithmetic(results):
    for row in results["serving"]["ways"]["rows"]:
        if row["tasks"] == 10 and row["method"] == "roberta_full":
            row["disk_bytes"] = None
    ledger = {row.name: row for row in describe_claims(Study(results), REPORT)["ledger"]}
    assert "arithmetic" in " ".join(ledger["ten_tasks_full"].measured)
    assert "arithmetic" in " ".join(ledger["ten_tasks_saving"].measured), "both are come by alike"
    assert "measured on disk" in " ".join(ledger["ten_tasks_lora"].measured)
    assert [link.target for link in ledger["ten_tasks_lora"].links] == ["", "#table-serving-10"]


def test_random_weights_have_no_accuracy_anywhere(results):
    for run in results["serving"]["runs"]:
        run["status"], run["scores"] = COST_ONLY, {**run["scores"], "splits": {}}
    chapter = describe_serving(Study(results))
    assert chapter["combining"] is None, "combined adapters differ by nothing but accuracy"
    assert [column.title for column in chapter["forgetting"].columns] == ["Method", "Backbone"]
    words = " ".join(chapter["forgetting_sentences"])
    assert "are bit-identical to those before" in words and "have changed" in words and "points" not in words

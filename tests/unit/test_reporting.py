"""The report: rendered from made-up results, as a page and as a PDF."""

import re
import subprocess
import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from example_contests import FULL, LORA, make_contest
from example_results import METHODS, make_results
from fineprint.core import formats
from fineprint.core.formats import as_sentence
from fineprint.core.records import read_json
from fineprint.reporting.figures.plotting import plot_all
from fineprint.reporting.html import make_environment, render
from fineprint.reporting.pdf import to_typst, write_pdf
from fineprint.reporting.sections import advice, analysis, benefit, checklist, deviations, pairs, prompting
from fineprint.reporting.sections.standings import standings_table
from fineprint.reporting.view import SECTIONS
from fineprint.results.study import Study

REPORT = Path(__file__).parents[2] / "report"
FEW = {name: METHODS[name] for name in ("roberta_full", "roberta_lora")}
SMALL = {"matched": 150}


class Page(HTMLParser):
    """What the tests ask of a page: ids, links, elements, attributes and text."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.loads, self.tags, self.words = [], [], [], [], []
        self.images = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "a":
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)
        if tag == "link" or "src" in found:
            self.loads.append(found.get("src") or found.get("href"))

    def handle_data(self, data):
        self.words.append(data)


def render_page(results, folder, plot=True):
    if plot or not (folder / "figures.json").exists():
        plot_all(results, folder)
    return render(results, folder, REPORT, "page")


def without_pictures(results, folder):
    """Render without drawing: for tests of words."""
    folder.mkdir(exist_ok=True)
    (folder / "figures.json").write_text("[]")
    return render(results, folder, REPORT, "page")


def text_of(html):
    return re.sub(r"\s+", " ", " ".join(Page(html).words))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results = make_results(splits={"matched": 450, "mismatched": 300})
    html = render_page(results, folder / "figures")
    write_pdf(results, folder / "figures", REPORT, folder / "report.pdf")
    return {"results": results, "folder": folder, "html": html, "page": Page(html), "text": text_of(html)}


def test_every_part_is_there(rendered):
    for word in ("Summary", "Learning curves", "When to use which", "Provenance", "RoBERTa, LoRA", "McNemar", "2.2b"):
        assert word in rendered["text"]
    assert rendered["page"].tags.count("h1") == 1
    assert rendered["page"].tags.count("h2") == len(SECTIONS) == 16
    assert "<math" in rendered["html"]


def test_links_resolve_and_nothing_is_loaded_from_elsewhere(rendered):
    page = rendered["page"]
    assert len(page.ids) == len(set(page.ids))
    missing = {link[1:] for link in page.links if link.startswith("#")} - set(page.ids)
    assert not missing
    assert all(source.startswith("data:") for source in page.loads)
    assert not re.search(r"url\(\s*['\"]?http|@import", rendered["html"])
    assert len(rendered["html"]) < 5_000_000


def test_pictures_are_described_from_the_data(rendered):
    images = rendered["page"].images
    assert len(images) >= 8
    assert all(len(image["alt"]) > 40 for image in images)
    best = Study(rendered["results"]).ranked("nli")[0][0]
    assert METHODS[best][0] in images[0]["alt"]


def test_texts_from_the_data_are_escaped(rendered):
    assert "<script>alert" not in rendered["html"]
    assert "&lt;script&gt;alert(1)" in rendered["html"]
    assert "{{ 7 * 7 }}" in rendered["text"]
    assert 'A <script>alert(1)</script> | #panic("x") man' in rendered["text"]
    assert rendered["page"].tags.count("script") == 1


def test_pdf_has_pages_text_and_no_markup(rendered):
    file = rendered["folder"] / "report.pdf"
    data = file.read_bytes()
    assert data.startswith(b"%PDF")
    pages = max(int(count) for count in re.findall(rb"/Count (\d+)", data))
    assert pages > 3
    markup = to_typst(render(rendered["results"], rendered["folder"] / "figures", REPORT, "print"), REPORT)
    assert "\\#panic" in markup
    outside_raw = re.sub(r"(?ms)^(```+)$.*?^\1$", "", markup)
    assert re.search(r"(?<!\\)#panic", outside_raw) is None
    assert "\\$1\\$" in markup
    assert "Delta" in markup or "Δ" in markup


def test_pdf_text_can_be_extracted(rendered):
    import shutil

    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    file = rendered["folder"] / "report.pdf"
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True).stdout
    for word in ("When to use which", "RoBERTa, LoRA", '#panic("x")', "$1$ *b* {{ 7 * 7 }}", "snakemake --cores 1"):
        assert word in text


def test_runs_that_cannot_be_ranked_say_why(rendered):
    assert "the model is gated and no access token was given" in rendered["text"]
    assert "no better than always giving their most frequent label" in rendered["text"]
    study = Study(rendered["results"])
    assert "roberta_random" not in [method for method, _ in study.ranked("nli")]
    assert "llama_large" not in [method for method, _ in study.ranked("nli")]


@pytest.mark.parametrize(("wins", "loses"), [(FULL, LORA), (LORA, FULL)])
def test_sentences_follow_the_data(tmp_path, wins, loses):
    results = make_contest({FULL: range(240 + 30 * (wins == FULL)), LORA: range(240 + 30 * (wins == LORA))}, (1, 2, 3))
    text = text_of(without_pictures(results, tmp_path))
    assert f"{METHODS[wins][0]} has the highest mean accuracy" in text
    assert f"It is significantly better than {METHODS[loses][0]}." in text
    outcome = "worse" if wins == FULL else "better"
    assert f"RoBERTa, LoRA vs RoBERTa, full fine-tuning: {outcome}" in text


@pytest.mark.parametrize("lora", [range(268), range(5, 275), range(3, 271)])
@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_nothing_is_better_without_a_significant_test(lora, seeds):
    results = make_contest({FULL: range(270), LORA: lora}, seeds)
    study = Study(results)
    said = [*analysis.verdict_sentences(study, "nli"), *pairs.ablation_sentences(study, "nli")]
    said += [entry.advice for entry in advice.give_advice(study, "nli")] + benefit.readings(study, "nli")
    said += [
        cell.text
        for table in (standings_table(study, "nli"), pairs.ablations_table(study, "nli"))
        for row in table.rows
        for cell in row
    ]
    assert not re.search(
        r"\b(better|worse)\b",
        " ".join(said).replace("not known to be better", "").replace("at most 1 percentage point worse", ""),
    )
    assert "not known to be better" in " ".join(said) and "nconclusive against" in " ".join(said)


def test_figures_that_were_not_measured_are_said_to_be(tmp_path):
    results = make_results(FEW, splits=SMALL, with_gaps=False)
    for run in results["runs"]:
        for key in ("checkpoint_bytes", "weight_bytes", "gradient_bytes", "optimizer_bytes", "examples_per_second"):
            run["train"][key] = None
        for record in (run["train"], run["predict"]):
            record["phases"] = {}
        run["predict"]["rows_per_second"] = None
    for backbone in results["backbones"].values():
        backbone.update({"parameters": None, "bytes": None, "facts": {}})
    results["provenance"].update({"commit": None, "uncommitted_changes": None, "commits": [], "hardware": []})
    html = render_page(results, tmp_path / "figures")
    assert formats.NOT_MEASURED in text_of(html)
    assert not re.search(r"(?<!\d)0 B\b", text_of(html))
    write_pdf(results, tmp_path / "figures", REPORT, tmp_path / "report.pdf")


def test_nothing_ranked_still_renders(tmp_path):
    results = make_results({}, splits=SMALL)
    html = render_page(results, tmp_path / "figures")
    assert "every run collapsed, failed or was not run" in text_of(html)


def test_prompting_alone_renders(tmp_path):
    prompting = {name: METHODS[name] for name in ("llama_zero_shot", "llama_one_shot")}
    results = make_results(prompting, splits={"my test / split": 150}, with_gaps=False)
    html = render_page(results, tmp_path / "figures")
    write_pdf(results, tmp_path / "figures", REPORT, tmp_path / "report.pdf")
    page = Page(html)
    assert not {link[1:] for link in page.links if link.startswith("#")} - set(page.ids)
    assert "No method was trained on this task" in text_of(html)


def test_tasks_seeds_and_splits_of_any_number(tmp_path):
    results = make_results(FEW, tasks=("nli", "sentiment"), seeds=(1, 2, 3), splits={"test": 90}, with_gaps=False)
    text = text_of(without_pictures(results, tmp_path))
    assert "by seed (1, 2 and 3, in this order)" in text
    assert "Task: sentiment" in text


def test_undefined_names_are_refused():
    with pytest.raises(UndefinedError):
        make_environment(REPORT).from_string("{{ no_such_name }}").render()


def test_no_advice_contradicts_the_data():
    study = Study(make_results())
    best = study.ranked("nli")[0][0]
    first = advice.give_advice(study, "nli")[0]
    assert study.title(best) in first.advice
    assert analysis.verdict_sentences(study, "nli")[0].startswith(study.title(best))


def test_report_imports_no_torch():
    code = "import sys, fineprint.reporting.pdf, fineprint.reporting.figures; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPORT.parent / "scripts")


def test_figures_come_with_their_data(rendered):
    entries = read_json(rendered["folder"] / "figures" / "figures.json")
    for entry in entries:
        assert (rendered["folder"] / "figures" / f"{entry['name']}.csv").stat().st_size > 0
        svg = (rendered["folder"] / "figures" / f"{entry['name']}.svg").read_text()
        assert "<text" not in svg
        assert "<dc:date>" not in svg


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (formats.seconds(12.34), "12.3\u00a0s"),
        (formats.seconds(245), "4\u00a0min 05\u00a0s"),
        (formats.seconds(None), "not measured"),
        (formats.size(4_530_000), "4.53\u00a0MB"),
        (formats.size(0), "0 B"),
        (formats.percent(0.034), "3.4\u00a0%"),
        (formats.percent(0.00012), "0.012\u00a0%"),
        (formats.points(-0.0121), "−1.2"),
        (formats.points(-0.0001), "0.0"),
        (formats.count(392702), "392\u202f702"),
        (formats.p_value(0.00001), "< 0.001"),
        (formats.p_value(0.04999), "< 0.05"),
        (formats.p_value(0.05), "0.050"),
        (formats.join(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_numbers_are_readable(written, wanted):
    assert written == wanted


def test_a_prompt_that_leads_is_said_to_cost_no_training():
    methods = {"prompt": METHODS["llama_zero_shot"], "full": METHODS["roberta_full"]}
    methods["prompt"] = (*methods["prompt"][:5], 0.97, *methods["prompt"][6:])
    methods["full"] = (*methods["full"][:5], 0.6, *methods["full"][6:])
    study = Study(make_results(methods, splits={"test": 300}, with_gaps=False))
    assert study.leaders("nli") == ["prompt"]
    assert analysis.cost_sentences(study, "nli") == ["Llama, zero-shot trains nothing: prediction is the only cost."]


@pytest.mark.parametrize(
    ("words", "sentence"), [("Is it?", "Is it?"), ("Pairs", "Pairs."), ("Pairs.", "Pairs."), ("", "")]
)
def test_descriptions_end_in_one_mark(words, sentence):
    assert as_sentence(words) == sentence


def test_costs_of_the_leaders_are_said_once_beside_the_tiles(rendered):
    sentence = " ".join(" ".join(analysis.cost_sentences(Study(rendered["results"]), "nli")).split())
    assert len(sentence) > 80 and rendered["text"].count(sentence) == 1


def test_the_checklist_leads_to_the_tables_that_are_there(rendered):
    rows = re.findall(r"<tr><td><strong>([^<]+)</strong></td>(.*?)</tr>", rendered["html"])
    links = {part: re.findall(r'href="#([^"]+)"', row) for part, row in rows if part in ("1.1", "2.2a", "1.3")}
    assert links["1.1"] == ["results", "table-scores-nli", "table-cost-nli", "table-parameters-nli"]
    assert "table-merged-nli" in links["2.2a"]
    assert links["1.3"] == ["tasks", "table-storage-nli"], "no serving was measured in this study"
    assert {link for found in links.values() for link in found} <= set(rendered["page"].ids)


def answer(results, question):
    parts = checklist.read_parts(REPORT / "checklist.yaml", Study(results), defaultdict(str))
    return next(part.answer for part in parts if part.entry.question.startswith(question))


def test_the_checklist_calls_nothing_answered_that_is_not():
    clear, close = {FULL: range(270), LORA: range(200)}, {FULL: range(270), LORA: range(5, 272)}
    assert answer(make_contest(clear, (1, 2, 3)), "Findings") == "answered"
    assert answer(make_contest(clear), "Findings").startswith("for the trained models only")
    assert answer(make_contest(close, (1, 2, 3)), "Findings") == (
        "in part: the comparison with the best is inconclusive for 1 of 1 methods"
    )
    results = make_contest(clear, (1, 2, 3))
    for run in results["runs"]:
        run["status"] = "collapsed"
    assert answer(results, "Findings") == "not answered: no method can be ranked"
    assert "no GPU was used, so no peak was measured" in answer(results, "Memory")
    for run in results["runs"]:
        for phase in (run["train"]["phases"]["training"], run["predict"]["phases"]["prediction"]):
            phase["memory"]["peak_allocated_bytes"] = 1_000_000
    assert answer(results, "Memory") == "answered"
    results["runs"][0]["predict"]["phases"]["prediction"]["memory"]["peak_allocated_bytes"] = None
    assert answer(results, "Memory") != "answered"


def test_generated_answers_are_shown_at_each_level_of_strictness():
    """Of answers that name no label the lenient reading makes something; a head's answers are not read at all."""
    study = Study(make_results({name: METHODS[name] for name in ("roberta_full", "llama_zero_shot")}, splits=SMALL))
    table = prompting.strictness_table(study, "nli")
    assert [column.title for column in table.columns[3:]] == ["Exact", "Standard", "Lenient"]
    ((_, title, split, exact, standard, lenient),) = table.rows
    assert (title.text, split.text) == ("Llama, zero-shot", "matched")
    assert exact.text == standard.text and standard.sort < lenient.sort
    assert standard.sort == study.score("nli", "llama_zero_shot", "matched").accuracy
    gain = formats.points(lenient.sort - standard.sort)
    sentence = prompting.strictness_sentence(study, "nli")
    assert sentence.endswith(f"change by up to {gain} percentage points: Llama, zero-shot on matched, lenient reading.")
    results = make_results({name: METHODS[name] for name in ("roberta_full", "llama_zero_shot")}, splits=SMALL)
    for run in results["runs"]:
        for score in run["scores"]["splits"].values() if run["scores"] else ():
            if score["accuracy_by_strictness"]:
                score["accuracy_by_strictness"] = dict.fromkeys(("exact", "standard", "lenient"), score["accuracy"])
    equal = Study(results)
    assert prompting.strictness_table(equal, "nli") is None
    assert prompting.strictness_sentence(equal, "nli").endswith("generated answers reach the same accuracies.")
    heads = Study(make_results({"roberta_full": METHODS["roberta_full"]}, splits=SMALL))
    assert prompting.strictness_table(heads, "nli") is None and not prompting.strictness_sentence(heads, "nli")


def test_settings_that_are_not_the_assignments_are_listed_with_the_reason():
    results = make_results(FEW, splits=SMALL, with_gaps=False)
    asked = {"training.epochs": 3, "training.learning_rate": 2.0e-5, "training.batch_size": 8, "max_length": 128}
    asked |= {"training.weight_decay": 0.01, "training.warmup_ratio": 0.06, "backbone.name": "FacebookAI/roberta-large"}
    for path, value in asked.items():
        *places, key = path.split(".")
        for method in results["study"]["methods"].values():
            place = results["study"]["backbones"][method["backbone"]] if places == ["backbone"] else method
            (place.setdefault("training", {}) if places == ["training"] else place)[key] = value
    study = Study(results)
    parts = checklist.read_parts(REPORT / "checklist.yaml", study, defaultdict(str))
    shown = deviations.describe_deviations(study, parts, REPORT / "checklist.yaml")
    full, lora = ([cell.text for cell in row] for row in shown["table"].rows)
    assert full[1:] == ["RoBERTa, full fine-tuning", "warmup ratio 0.06 (0)"]
    assert "learning rate 2e-05 (0.0002)" in lora[2] and "epochs" not in lora[2]
    assert any("can collapse to chance" in reason for reason in shown["reasons"])
    assert not any("other models" in reason for reason in shown["reasons"])
    results["study"]["backbones"]["encoder"]["name"] = "a/small-one"
    other = deviations.describe_deviations(Study(results), parts, REPORT / "checklist.yaml")
    assert "model a/small-one (FacebookAI/roberta-large)" in other["table"].rows[0][2].text
    assert any("other models" in reason for reason in other["reasons"])


@pytest.mark.parametrize(
    ("lora", "seeds", "words"),
    [
        (range(200), (1, 2, 3), "It would win again"),
        (range(5, 272), (1, 2, 3), "is open: RoBERTa, LoRA may come first"),
        (range(200), (1,), "is not known: one seed was run"),
    ],
)
def test_the_second_sentence_says_whether_the_winner_would_win_again(lora, seeds, words):
    study = Study(make_contest({FULL: range(270), LORA: lora}, seeds))
    assert words in analysis.verdict_sentences(study, "nli")[1]


def test_every_caption_of_a_figure_begins_with_what_it_shows(rendered):
    """A number that was measured, or a method's title: what stood in the words for readers who do not see it alone."""
    titles = [title for title, *_ in METHODS.values()]
    for entry in read_json(rendered["folder"] / "figures" / "figures.json"):
        first = entry["caption"].partition(". ")[0]
        assert any(title in first for title in titles) or re.search(r"\d", first), entry["caption"]

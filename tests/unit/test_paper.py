"""The methods text: true for every kind of study, every citation in the list, every entry of the list identified."""

import re
from pathlib import Path

import pytest

from example_results import METHODS, make_results
from fineprint.core.settings import find_settings, list_kinds
from fineprint.reporting.html import cite
from fineprint.reporting.methods_text import paper
from fineprint.reporting.methods_text.references import CITATION, NUMBER, Library, Piece, find_numbers
from fineprint.reporting.words import read_texts
from fineprint.results.study import Study
from test_reporting import without_pictures

ROOT = Path(__file__).parents[2]
LIBRARY = Library(ROOT / "report/references.yaml")
ONE_SPLIT = {"test": 90}


def write(results):
    described = paper.write_methods_section(Study(results), LIBRARY)
    return "\n".join("".join(piece.text for piece in part) for part in described["paragraphs"]).translate(
        paper.PLAIN_SPACES
    )


def few(*names, **more):
    return make_results({name: METHODS[name] for name in names}, **({"splits": ONE_SPLIT, "with_gaps": False} | more))


@pytest.fixture(scope="module")
def text():
    return write(make_results(splits=ONE_SPLIT))


def test_english_is_well_formed(text):
    assert "  " not in text and " ." not in text and " ," not in text and ".." not in text and "None" not in text
    assert all(line.endswith(".") for line in text.splitlines())
    assert text.count("(") == text.count(")") and text.count("“") == text.count("”")
    assert "\u202f" not in text and "\u00a0" not in text
    assert 3 <= len(text.splitlines()) <= 5


def test_numbers_are_the_study_s_own(text):
    assert "has 2 700 training examples, 300 held-out examples and 90 test examples (test)." in text
    assert "with a learning rate of 0.0005." in text and "Training took 4 epochs;" in text
    assert "The effective batch size was 32;" in text
    assert "Eleven methods were compared on one task." in text
    assert "“Llama 3 8B, QLoRA” was not run." in text
    assert "PyTorch 2.9.0 (Paszke et al. 2019)" in text and "bitsandbytes" not in text, "what was not installed"


def test_a_different_setting_is_told_by_method():
    results = few("roberta_full", "roberta_lora", "roberta_p_tuning")
    lora = results["study"]["methods"]["roberta_lora"]
    lora["training"] = {**lora["training"], "learning_rate": 0.02, "gradient_accumulation_steps": 4}
    words = write(results)
    assert "with a learning rate of 0.02 for “RoBERTa, LoRA” and 0.0005 for the others." in words
    assert "the maximum input length in tokens was 64." in words
    assert "The effective batch size was 128 for “RoBERTa, LoRA” and 32 for the others;" in words


def test_one_method_alone():
    words = write(few("roberta_full"))
    assert "One method was run on one task." in words
    assert "McNemar" not in words and "Holm" not in words and "the others" not in words
    assert "It was optimized by AdamW" in words


def test_nothing_trained():
    words = write(few("llama_zero_shot", "llama_one_shot"))
    assert "Nothing was trained." in words and "optimized" not in words and "epoch with" not in words
    assert "A generated answer that names no label" in words


def test_no_answer_is_generated_where_no_readout_writes():
    assert "generated answer" not in write(few("roberta_full", "roberta_lora"))


def test_several_tasks_and_seeds():
    words = write(few("roberta_full", "roberta_lora", tasks=("nli", "mood"), seeds=(1, 2, 3)))
    assert "Two methods were compared on two tasks." in words
    assert "The task “nli”" in words and "The task “mood”" in words
    assert "Every run was made with the seeds 1, 2 and 3." in words
    assert "averaged over seeds. The variance" in words and "Satterthwaite 1946" in words
    assert "One seed" not in words


def test_nothing_scored_and_no_machine():
    results = few("roberta_full")
    results["provenance"].update({"hardware": [], "commit": None, "commits": []})
    results["runs"][0].update({"status": "not run", "train": None, "predict": None, "scores": None})
    words = write(results)
    assert "No run was scored." in words and "All jobs ran" not in words and "commit" not in words


def test_on_a_gpu(text):
    results = few("roberta_full", "roberta_lora")
    machine = results["provenance"]["hardware"][0]
    gpu = {"name": "NVIDIA H200", "memory_bytes": 141_000_000_000, "cuda": "12.8"}
    results["provenance"]["hardware"] = [{**machine, "gpu": gpu}]
    words = write(results)
    assert "one NVIDIA H200 (141 GB) with" in words and "Training used mixed precision (bfloat16" in words
    assert "Every method predicted in 16 bits (autocast)" in words and "16 bits" not in text
    assert "without a GPU" in text and "Training used no mixed precision." in text


def test_models_of_the_hub_are_named_with_their_commit():
    results = few("roberta_full", "roberta_lora")
    results["backbones"]["encoder"].update(
        {"settings": {"kind": "hub", "name": "some/model", "architecture": "encoder"}, "revision": "c0ffee"}
    )
    results["tasks"]["nli"].update(
        {"settings": {"kind": "multinli"}, "facts": {"source": "nyu-mll/multi_nli", "revision": "d1"}}
    )
    words = write(results)
    assert "The backbone was some/model at revision c0ffee (encoder, " in words
    assert "(Williams et al. 2018), loaded from nyu-mll/multi_nli at revision d1, has" in words
    assert "say nothing about published models" not in words


def test_a_work_is_cited_once_where_it_is_first_needed(text):
    assert text.count("(Hu et al. 2021)") == 1 and text.count("(Dettmers et al. 2023)") == 1


def test_plain_text_lists_exactly_the_works_it_cites():
    described = paper.write_methods_section(Study(make_results(splits=ONE_SPLIT)), LIBRARY)
    links = {piece.link for part in described["paragraphs"] for piece in part if piece.link}
    cited = [reference for reference in LIBRARY.references if f"#reference-{reference.key}" in links]
    listed = described["plain"].split("\n\n")[-1].splitlines()
    assert listed == sorted(reference.line for reference in cited) and len(listed) >= 8
    assert links <= {f"#reference-{reference.key}" for reference in LIBRARY.references}


def test_words_from_the_data_are_text_and_no_markup():
    results = few("roberta_full", "roberta_lora")
    results["tasks"]["nli"]["description"] = "<script>alert(1)</script>"
    described = paper.write_methods_section(Study(results), LIBRARY)
    pieces = [piece for part in described["paragraphs"] for piece in part if "script" in piece.text]
    assert pieces and all("<script>" not in str(cite(piece.text)) for piece in pieces)


def test_every_reference_is_identified_and_linked():
    for reference in LIBRARY.references:
        assert NUMBER.fullmatch(reference.number) or reference.number == "JSTOR 4615733", reference.number
        identifier = reference.number.split(" ", 1)[1]
        assert identifier in reference.link, reference.number
        surname = reference.authors.split(",")[0]
        assert reference.cite.startswith(surname) and reference.cite.endswith(str(reference.year)), reference.cite
    for kind in ("number", "cite", "key", "title"):
        values = [getattr(reference, kind) for reference in LIBRARY.references]
        assert len(values) == len(set(values)), kind


def test_every_work_that_a_kind_names_is_in_the_list():
    named = [
        number
        for package in ("adapters", "readouts")
        for kind in list_kinds(package)
        for number in find_numbers(find_settings(package, kind).explanation)
    ]
    named += [number for kind in list_kinds("tasks") for number in find_settings("tasks", kind).references]
    assert named and set(named) <= set(LIBRARY.by_number)


def test_every_work_in_the_list_is_cited_by_something():
    """By the words, by a kind, a published figure or a package; or by a backbone of the type that it describes."""
    sources = [*(ROOT / "report/words").glob("*.yaml"), ROOT / "report/published.yaml"]
    sources += [*(ROOT / "scripts/fineprint").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    uncited = [found.cite for found in LIBRARY.references if found.number not in text and not found.model_type]
    assert not uncited


def test_the_report_lists_the_works_that_it_cites(tmp_path):
    html = without_pictures(make_results(splits=ONE_SPLIT), tmp_path)
    listed = set(re.findall(r'<span id="reference-([^"]+)">', html))
    linked = set(re.findall(r'href="#reference-([^"]+)"', html))
    body = re.sub(r'<ol class="references">.*?</ol>', "", html, flags=re.DOTALL)
    named = {found.key for found in LIBRARY.references if found.number in body}
    assert linked <= listed == linked | named
    unused = {found.key for found in LIBRARY.references} - listed
    assert "acl-d13-1170" in unused, "SST-2 is no task of this study"
    assert {"arxiv-2106-09685", "jstor-4615733", "arxiv-1907-11692"} <= listed


def test_every_work_that_the_words_cite_is_in_the_list():
    marks = CITATION.findall(str(read_texts("paper")))
    assert len(marks) >= 7 and {number for mark in marks for number in mark.split("; ")} <= set(LIBRARY.by_number)


def test_a_mark_becomes_citations_in_brackets():
    pieces = LIBRARY.link("Tested [@doi 10.1007/BF02295996; arXiv 2106.09685], then told.")
    assert "".join(piece.text for piece in pieces) == "Tested (McNemar 1947; Hu et al. 2021), then told."
    assert [piece.link for piece in pieces if piece.link] == [
        "#reference-doi-10-1007-bf02295996",
        "#reference-arxiv-2106-09685",
    ]
    assert LIBRARY.link("Nothing cited.") == [Piece("Nothing cited.")]


def test_a_number_that_is_not_listed_stands_as_it_is():
    assert "".join(piece.text for piece in LIBRARY.cite("arXiv 2205.05638")) == " (arXiv 2205.05638)"

"""The figure of memory against speed: what belongs to one curve, and where there is none."""

import copy

import pytest

from example_results import METHODS, make_results
from fineprint.reporting.figures.memory_curve import draw_memory_curve, list_alike
from fineprint.reporting.figures.style import figure_style, plt
from fineprint.results.study import Study

FULL, LORA = "roberta_full", "roberta_lora"
LIMITS = {"auto": (6_100_000_000, 560.0), "lean": (2_000_000_000, 120.0), "4 GB": (3_900_000_000, 300.0)}


@pytest.fixture(autouse=True)
def style():
    with figure_style():
        yield
    plt.close("all")


def make_study(limits=LIMITS, on_gpu=True, **changes):
    """Return a study of full fine-tuning and of LoRA, LoRA with several limits of memory."""
    results = make_results({FULL: METHODS[FULL], LORA: METHODS[LORA]}, splits={"test": 90}, with_gaps=False)
    methods = results["study"]["methods"]
    (run,) = (run for run in results["runs"] if run["method"] == LORA)
    methods[FULL]["memory"] = "auto"
    for number, (memory, (peak, speed)) in enumerate(limits.items()):
        name = LORA if number == 0 else f"{LORA}_{number}"
        methods[name] = {**copy.deepcopy(methods[LORA]), "title": f"LoRA, {memory}", "memory": memory}
        methods[name].update(changes if number else {})
        one = run if number == 0 else {**copy.deepcopy(run), "method": name, "title": f"LoRA, {memory}"}
        one["train"]["phases"]["training"]["memory"]["peak_allocated_bytes"] = peak if on_gpu else None
        one["train"]["examples_per_second"] = speed
        if number:
            results["runs"].append(one)
            results["study"]["run"]["methods"].append(name)
    return Study(results)


def test_one_curve_through_methods_that_differ_in_memory_alone():
    study = make_study(prediction_batch_size=8)
    assert list_alike(study) == [[FULL], [LORA, f"{LORA}_1", f"{LORA}_2"]]
    drawing = draw_memory_curve(study, "nli")
    assert [(row["memory"], row["peak_bytes"]) for row in drawing.rows] == [
        ("lean", 2_000_000_000),
        ("4 GB", 3_900_000_000),
        ("auto", 6_100_000_000),
    ]
    assert drawing.title == "Memory against speed on nli"
    said = drawing.alt.replace("\u00a0", " ")
    assert "RoBERTa, LoRA trains 120 examples per second in 2.00 GB (lean) and 560 in 6.10 GB (auto)." in said


def test_there_is_no_curve_of_one_point_nor_without_a_gpu():
    assert draw_memory_curve(make_study({"auto": (1, 1.0)}), "nli") is None
    assert draw_memory_curve(make_study(on_gpu=False), "nli") is None
    assert draw_memory_curve(make_study(max_length=32), "nli") is not None, "two of three are still alike"
    assert draw_memory_curve(make_study({**dict([*LIMITS.items()][:2])}, max_length=32), "nli") is None

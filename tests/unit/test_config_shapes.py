"""Whatever stands at a place of the config, it is read or refused by sentences: nothing ends in a traceback."""

import copy

import pytest
import yaml

from fineprint.core.settings import SettingsError
from fineprint.study.reading import read_study
from test_config import DEMO, ROOT, changed, merge

KEPT = ("roberta_lora", "llama_one_shot", "llama_qlora_generation")  # with every kind of key that the others have, too
OTHERS = (None, [], {}, "x", 3, True)


def small_demo():
    """The demo with few methods: reading it is quick."""
    config = copy.deepcopy(DEMO)
    config["methods"] = {name: config["methods"][name] for name in KEPT}
    config["run"]["methods"] = list(KEPT)
    config["serving"]["adapters"] = ["lora"]
    return config


def own_data():
    """A study with files and folders of one's own."""
    return merge(small_demo(), yaml.safe_load((ROOT / "studies/own_data.yaml").read_text(encoding="utf-8")))


def list_nodes(tree, path=()):
    """Yield the path of everything in a config but the whole."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from list_nodes(value, (*path, key))


def replace(config, path, value):
    config = copy.deepcopy(config)
    part = config
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return config


def read_or_refuse(config):
    """Return the sentences by which a config is refused, or None where it is accepted."""
    try:
        read_study(config)
    except SettingsError as error:
        return str(error).splitlines()
    return None


@pytest.mark.parametrize(("make", "own"), [(small_demo, ""), (own_data, "own_")])
def test_every_node_may_be_anything(make, own):
    config = make()
    nodes = [path for path in list_nodes(config) if not own or any(str(key).startswith(own) for key in path)]
    refused = 0
    for path in nodes:
        for other in OTHERS:
            said = read_or_refuse(replace(config, path, other))
            refused += said is not None
            for sentence in (said or [])[1:]:
                assert sentence.startswith("  - ") and sentence.endswith("."), (path, other, sentence)
    assert len(nodes) > 20 and refused > len(nodes), "most of these are mistakes"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"defaults": ["a"]}, "defaults: expected a mapping of keys to values; found ['a']."),
        ({"defaults": []}, "defaults: expected a mapping of keys to values; found []."),
        ({"defaults__training": "fast"}, "defaults.training: expected a mapping of keys to values; found 'fast'."),
        (
            {"methods__roberta_full__training": "fast"},
            "methods.roberta_full.training: expected a mapping of keys to values",
        ),
        (
            {"methods__llama_zero_shot__training": [1]},
            "methods.llama_zero_shot.training: expected a mapping of keys to values",
        ),
        ({"tasks": {1: {"kind": "demo_nli"}}}, "tasks.1: a name must be text; write it in quotes."),
        ({"run": None}, "run: "),
        ({"serving": []}, "serving: "),
        ({"tasks__nli": None}, "tasks.nli: expected a mapping with a `kind`"),
        ({"hardware": None}, "hardware: "),
    ],
)
def test_wrong_shapes_are_named(changes, words):
    said = read_or_refuse(changed(**changes))
    assert said is not None and any(words in sentence for sentence in said), said


@pytest.mark.parametrize(
    "changes",
    [{"defaults__training": None}, {"serving": None}, {"methods__llama_zero_shot__training": None}],
)
def test_null_stands_for_nothing_where_there_may_be_nothing(changes):
    config = changed(**changes)
    for name in DEMO["run"]["methods"]:
        if "training" in config["methods"][name] and config["methods"][name]["training"]:
            config["methods"][name]["training"].setdefault("learning_rate", 1.0e-3)
    if changes == {"defaults__training": None}:
        for name in ("roberta_lora", "roberta_p_tuning", "roberta_prefix_tuning", "roberta_probe"):
            config["methods"][name]["training"] = {"learning_rate": 1.0e-3}
    assert read_or_refuse(config) is None


@pytest.mark.parametrize(
    ("task", "prompt", "found"),
    [
        ("nli", "Premise: {premise", "a brace without its partner"),
        ("nli", "Premise: {premise}}", "a brace without its partner"),
        ("nli", "} {premise}", "a brace without its partner"),
        ("nli", "{premise} Reply as {", "a brace without its partner"),
        ("nli", "{premise} {hypotesis}", "{hypotesis}"),
        ("nli", "{}", "{}"),
        ("nli", "{premise} {0}", "{0}"),
        ("nli", "{premise.__class__}", "{premise.__class__}"),
        ("nli", "{premise!x}", "{premise!x}"),
        ("nli", "{premise:d}", "{premise:d}"),
        ("nli", "{premise:>99999999999}", "{premise:>99999999999}"),
        ("nli", "{premise!r:{hypothesis}}", "{premise!r:{hypothesis}}"),
        ("nli", '{premise} Reply as {"label": 1}.', '{"label": 1}'),
        ("sentiment", "{premise}", "{premise}"),
        ("question_answering", "{passage} {qestion}", "{qestion}"),
    ],
)
def test_a_prompt_is_refused_when_the_config_is_read(task, prompt, found):
    known = {"nli": "{premise}, {hypothesis}", "sentiment": "{sentence}", "question_answering": "{passage}, {question}"}
    (problem,) = read_or_refuse(changed(**{f"tasks__{task}__prompt": prompt}))[1:]
    only = f"only {known[task]} may stand in braces; write {{{{ and }}}} for braces"
    assert problem == f"  - tasks.{task}.prompt: {only}; found {found}."


@pytest.mark.parametrize("prompt", ["{premise} {hypothesis} {{in braces}}", "{premise}"])
def test_braces_that_are_text_are_written_twice(prompt):
    assert read_or_refuse(changed(tasks__nli__prompt=prompt)) is None

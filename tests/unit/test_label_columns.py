"""Label columns: declared names before marks and numbers, numbers from 0, and nothing dropped without its reason."""

import json
from itertools import cycle, islice
from random import Random

import pandas
import pytest

from example_results import METHODS, make_results
from fineprint.core.formats import count
from fineprint.core.settings import SettingsError
from fineprint.reporting.sections.setting import split_sentences, splits_table
from fineprint.results.study import Study
from fineprint.tasks._rows import make_task_record, prepare_splits, write_rows
from fineprint.tasks.demo_nli import Settings as DemoNLI
from fineprint.tasks.demo_sentiment import Settings as DemoSentiment
from fineprint.tasks.own_files import Settings as OwnFiles

THREE = ["negative", "neutral", "positive"]
TWO = ["no", "yes"]


@pytest.fixture
def make(tmp_path):
    """Return a task whose files have the given labels, as JSON Lines or CSV."""

    def make(train, labels, test=None, ending="jsonl", **settings):
        files = {}
        for split, values in (("train", train), ("test", train if test is None else test)):
            entries = [{"text": f"{split} {n}", "label": value} for n, value in enumerate(values)]
            files[split] = tmp_path / f"{split}.{ending}"
            if ending == "jsonl":
                files[split].write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
            elif ending == "csv":
                pandas.DataFrame(entries).to_csv(files[split], index=False)
            else:
                pandas.DataFrame(entries).to_parquet(files[split])
        form = {"kind": "own_files", "files": files, "text_columns": {"a": "text"}, "prompt": "{a}"}
        return OwnFiles.model_validate(form | {"labels": labels, "answers": labels} | settings)

    return make


def numbers(task, split="train"):
    return [row.label for row in task.load_splits(1)[split]]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize(
    "labels",
    [["-1", "0", "1"], ["None", "some", "nan"], ["-", "+", "="], ["1", "2", "3"], ["2", "0", "1"], ["", "a", "b"]],
)
def test_declared_labels_win_over_marks_and_numbers(make, labels, ending):
    assert numbers(make([*labels, *labels[::-1]], labels, ending=ending)) == [0, 1, 2, 2, 1, 0]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_declared_numbers_are_found_however_a_table_writes_them(make, ending):
    for values in ([-1, 0, 1, -1], [-1.0, 0.0, 1.0, -1.0]):
        assert numbers(make(values, ["-1", "0", "1"], ending=ending)) == [0, 1, 2, 0]


@pytest.mark.parametrize("labels", [["false", "true"], ["False", "True"], ["FALSE", "TRUE"]])
def test_truth_values_are_the_labels_of_that_name(make, labels):
    assert numbers(make([False, True, True], labels)) == [0, 1, 1]
    with pytest.raises(SettingsError, match="line 1: label false is unknown; accepted: no, yes"):
        numbers(make([False, True], TWO))


@pytest.mark.parametrize(
    ("values", "labels", "words"),
    [
        ([-1, 0, 1], THREE, "has -1 (train.jsonl, line 1) as well as 0, 1: it may be a class or mark a missing label"),
        ([-1, 0, 1], THREE, 'labels: ["-1", "0", "1"]; otherwise set no_label: ["-1"]'),
        ([1, -1, 1], TWO, "has -1 (train.jsonl, line 2) as well as 1"),
        ([0, 1, -1], TWO, "as well as 0, 1: it may be a class"),
        (["-1", "0", "1"], TWO, "as well as 0, 1: it may be a class"),
        ([0, 1, 2, -1], ["a", "b", "c", "d"], "as well as 0, 1, 2: it may be a class"),
        (
            [1, 2, 3],
            THREE,
            "counts labels from 1 to 3 (train.jsonl, line 3), but numbers count from 0: 0 is 'negative'",
        ),
        ([1, 2, 3], THREE, 'name the labels as the file does: labels: ["1", "2", "3"]'),
        ([2, 1], TWO, "counts labels from 1 to 2"),
        ([1, 2, 1], THREE, "no training example has the label 'negative'; there are 'neutral' (2), 'positive' (1)"),
        ([1, 2, 1], THREE, "numbers in column 'label' count from 0"),
        ([0, 1, 2], TWO, "train.jsonl, line 3: label '2' is unknown; accepted: no, yes, or their numbers 0 to 1"),
        ([0, 1, -2], TWO, "line 3: label '-2' is unknown"),
        ([0, 1, True], TWO, "line 3: label true is unknown"),
        ([0, 0.5], TWO, "line 2: label '0.5' is unknown"),
        (["0", "1", "01"], TWO, "line 3: label '01' is unknown"),
        (["0", "1", "\u0661"], TWO, "line 3: label '\u0661' is unknown"),
        (
            ["no", "yes", 1],
            TWO,
            "mixes names and numbers of labels: 'no' (train.jsonl, line 1) and 1 (train.jsonl, line 3)",
        ),
        (["no", "yes", "maybe"], TWO, "label 'maybe' is unknown; accepted: no, yes"),
        (["no", "yes", "NA"], TWO, "if it marks a missing label, set no_label"),
        (["no", "no"], TWO, "no training example has the label 'yes'; there are 'no' (2); leave the label out"),
        (["no", "yes", {"a": 1}], TWO, "line 3: column 'label' holds a mapping"),
    ],
)
def test_labels_that_could_be_read_wrong_are_refused(make, tmp_path, values, labels, words):
    with pytest.raises(SettingsError) as error:
        make(values, labels).load_splits(1)
    assert words in str(error.value).replace(f"{tmp_path}/", "")


def test_names_in_one_split_and_numbers_in_another_are_mixed_too(make):
    with pytest.raises(SettingsError, match=r"mixes names and numbers of labels: 'no' .*train.* and 1 .*test"):
        make(["no", "yes"], TWO, test=[1, 0]).load_splits(1)


def test_minus_one_is_no_label_where_it_cannot_be_one(make):
    assert numbers(make([0, 1, 2, -1], THREE)) == [0, 1, 2, -1]
    assert numbers(make(["negative", "neutral", "positive", "-1"], THREE)) == [0, 1, 2, -1]
    assert numbers(make([0, 1, -1], TWO, no_label=["-1"])) == [0, 1, -1]
    with pytest.raises(SettingsError, match="label '-1' is unknown"):
        make([0, 1, -1], TWO, no_label=["-"]).load_splits(1)


def test_what_is_dropped_is_counted_by_what_stood_there(make, tmp_path):
    values = ["no", "yes"] * 10 + ["-", None, "", "-", "None"]
    task = make(values, TWO, test=["no", "yes", "-"], max_rows={"train": 24})
    splits, dropped = prepare_splits(task, 1)
    assert sum(dropped["train"].values()) in (4, 5) and task.not_drawn() == {"train": 1, "test": 0}
    assert set(dropped["train"]) <= {"label “-”", "label “null”", "empty label", "label “None”"}
    assert dropped["test"] == {"label “-”": 1}
    whole, counted = prepare_splits(make(values, TWO), 1)
    assert counted["train"] == {"label “-”": 2, "label “null”": 1, "empty label": 1, "label “None”": 1}
    assert len(whole["train"]) + len(whole["held_out"]) == 20
    files = {split: tmp_path / f"rows/{split}.jsonl" for split in splits}
    for split, rows in splits.items():
        write_rows(files[split], rows)
    record = make_task_record("own", task, splits, dropped, files)
    assert record.dropped == dropped and record.not_drawn == {"train": 1, "test": 0}


def test_the_report_says_what_was_dropped_and_left_out():
    results = make_results({name: METHODS[name] for name in ("roberta_full",)}, splits={"test": 90})
    record = results["tasks"]["nli"]
    assert f"were dropped: 9 of {count(3009)} in train and 9 of 99 in test." in " ".join(
        split_sentences(Study(results), "nli")
    )
    record["dropped"] = {"train": {"label “-”": 9, "empty label": 1200}, "test": {}}
    used = record["splits"]["train"]["rows"] + record["splits"]["held_out"]["rows"]
    record["not_drawn"] = {"train": 1500, "test": 0}
    study = Study(results)
    text = " ".join(split_sentences(study, "nli"))
    said = f"dropped: {count(1209)} of {count(used + 1209)} in train (label “-”: 9 and empty label: {count(1200)})."
    assert f"Examples without a gold label were {said}" in text
    assert f"(max_rows, train_fraction or test_rows) left out {count(1500)} of train." in text
    cells = [[cell.text for cell in row] for row in splits_table(study, "nli").rows]
    assert [row[-2] for row in cells if row[0] in ("train", "test")] == [count(1209), "0"]
    assert "Files were read as follows" not in text
    record["dropped"], record["not_drawn"] = {"train": {}, "test": {}}, {}
    record["facts"] = {"read_as": {"train": "JSON Lines", "test": "Parquet"}}
    text = " ".join(split_sentences(Study(results), "nli"))
    assert "dropped" not in text and "left out" not in text
    assert "Files were read as follows: train (JSON Lines) and test (Parquet)." in text


def test_a_label_whose_examples_are_all_held_out_is_refused(make):
    task = make(["no"] * 2 + ["yes"], TWO, held_out_fraction=0.3)
    found = []
    for seed in range(20):
        try:
            splits, _ = prepare_splits(task, seed)
            assert {row.label for row in splits["train"]} == {0, 1}
        except SettingsError as error:
            found.append(str(error))
    assert found and all("label 'yes' has no training example among 2 (all 1 are held out)" in text for text in found)


@pytest.mark.parametrize("lacking", [0, 1])
def test_every_kind_of_task_needs_every_label_in_train(lacking, monkeypatch):
    task = DemoSentiment(train_rows=20, test_rows=10, unlabeled_rows=0)
    rows = task.load_splits(1)
    prepare_splits(task, 1)
    rows["train"] = [row for row in rows["train"] if row.label != lacking]
    monkeypatch.setattr(DemoSentiment, "load_splits", lambda self, seed: rows)
    words = rf"label '{task.labels[lacking]}' has no training example among \d+ \(there is none\)"
    with pytest.raises(SettingsError, match=words):
        prepare_splits(task, 1)


def test_fewer_labels_than_a_kind_has_are_refused():
    task = DemoNLI(train_rows=30, matched_rows=10, mismatched_rows=10, labels=("a", "b"), answers=("a", "b"))
    with pytest.raises(SettingsError, match="`labels` names 2 labels, but this kind of task has 3 or more"):
        prepare_splits(task, 1)


def test_groups_and_tags_are_names_and_a_missing_group_is_refused(make, tmp_path):
    entries = [{"text": f"t{n}", "label": TWO[n % 2], "g": n // 2, "tag": None if n == 3 else n % 3} for n in range(6)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    changes = {"group_column": "g", "tag_columns": {"kind": "tag"}, "files": {"train": path, "test": path}}
    rows = make(["no", "yes"], TWO, **changes).load_splits(1)["train"]
    assert [row.group for row in rows] == ["0", "0", "1", "1", "2", "2"]
    assert [row.tags["kind"] for row in rows] == ["0", "1", "2", "none", "1", "2"]
    path.write_text("".join(json.dumps({**entry, "g": None}) + "\n" for entry in entries), encoding="utf-8")
    with pytest.raises(SettingsError, match="line 1: column 'g' is empty; every example needs a group"):
        make(["no", "yes"], TWO, **changes).load_splits(1)


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (DemoNLI, {"train_rows": -90}),
        (DemoNLI, {"train_rows": 0, "unlabeled_rows": 0}),
        (DemoNLI, {"matched_rows": 0}),
        (DemoNLI, {"mismatched_rows": 10**12}),
        (DemoNLI, {"unlabeled_rows": -1}),
        (DemoSentiment, {"train_rows": 10**9}),
        (DemoSentiment, {"test_rows": -1}),
    ],
)
def test_sizes_that_cannot_be_met_are_refused_when_they_are_read(model, sizes):
    with pytest.raises(ValueError, match=r"greater than or equal to|less than or equal to"):
        model.model_validate({"kind": model.model_fields["kind"].default, **sizes})


def test_a_generator_that_runs_out_says_so(monkeypatch):
    task = DemoSentiment(train_rows=30, test_rows=10)
    few = list(islice(task.draw_examples(Random(1), ("farm",)), 25))
    monkeypatch.setattr(DemoSentiment, "draw_examples", lambda *_: cycle(few))
    with pytest.raises(
        SettingsError, match=r"there are no more than 25 different examples of this kind; ask for fewer"
    ):
        task.load_splits(1)

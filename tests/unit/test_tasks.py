"""Rows: every form that the loaders accept, the held-out cut, and what is dropped and counted."""

import json

import pandas
import pytest

from fineprint.core.records import TaskRecord, read_record, write_json
from fineprint.core.settings import SettingsError, find_settings, list_kinds
from fineprint.study.conflicts import find_task_conflicts
from fineprint.tasks import NO_LABEL, Row
from fineprint.tasks._rows import cut_held_out, draw_rows, make_task_record, prepare_splits, read_rows, write_rows
from fineprint.tasks.boolq import Settings as BoolQ
from fineprint.tasks.multinli import Settings as MultiNLI
from fineprint.tasks.multinli import read_gold
from fineprint.tasks.own_files import Settings as OwnFiles
from fineprint.tasks.sst2 import Settings as SST2

HUB_FILES = {"train": 40, "validation_matched": 12, "validation_mismatched": 12}
OFFICIAL = {"train": 40, "dev_matched": 12, "dev_mismatched": 12}
GOLD = ["entailment", "neutral", "contradiction"]


@pytest.fixture
def hub_folder(tmp_path):
    """A local copy of the hub's data set, in Parquet; -1 stands for no gold label."""
    (tmp_path / "data").mkdir()
    for split, count in HUB_FILES.items():
        entries = [
            {
                "promptID": n,
                "pairID": f"{n}e",
                "premise": f"premise {n // 3}",
                "hypothesis": f"hypothesis {n} of {split}",
                "genre": "fiction" if n % 2 else "travel",
                "label": n % 3 if n else -1,
            }
            for n in range(count)
        ]
        pandas.DataFrame(entries).to_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    return tmp_path


@pytest.fixture
def official_folder(tmp_path):
    for split, count in OFFICIAL.items():
        lines = [
            {
                "gold_label": GOLD[n % 3] if n else "-",
                "sentence1": f"premise {n // 3}",
                "sentence2": f"hypothesis {n} of {split}",
                "genre": "fiction" if n % 2 else "travel",
                "pairID": f"{n}e",
                "annotator_labels": [],
            }
            for n in range(count)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / f"multinli_1.0_{split}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("form", ["hub_folder", "official_folder"])
def test_multinli_in_both_forms(form, request):
    task = MultiNLI(kind="multinli", source=str(request.getfixturevalue(form)), train_fraction=0.5)
    splits, dropped = prepare_splits(task, seed=1)
    assert list(splits) == ["train", "held_out", "matched", "mismatched"]
    assert dropped["matched"] == dropped["mismatched"] == {"no label": 1}
    assert len(splits["train"]) + len(splits["held_out"]) + sum(dropped["train"].values()) == 20
    assert [row.label for row in splits["matched"]] == [n % 3 for n in range(1, 12)]
    row = splits["matched"][0]
    assert list(row.texts) == ["premise", "hypothesis"] and row.tags == {"genre": "fiction"}
    assert task.facts()["revision"] is None


def test_both_forms_draw_the_same_training_rows(hub_folder, official_folder):
    draws = [MultiNLI(kind="multinli", source=str(f)).load_splits(1)["train"] for f in (hub_folder, official_folder)]
    assert [row.texts for row in draws[0]] == [row.texts for row in draws[1]] and len(draws[0]) == 4


def test_missing_official_file_is_named(official_folder):
    (official_folder / "multinli_1.0_dev_matched.jsonl").unlink()
    with pytest.raises(SettingsError, match=r"multinli_1\.0_dev_matched\.jsonl"):
        MultiNLI(kind="multinli", source=str(official_folder)).load_splits(1)


# What an entry looks like on the hub; row 0 of each split has no gold label.
HUB_ENTRIES = {
    "sst2": lambda n: {"idx": n, "sentence": f"a film number {n} ", "label": n % 2 if n else -1},
    "boolq": lambda n: {"question": f"is it {n}", "answer": n % 2 == 1 if n else None, "passage": f"It is {n // 2}."},
}
HUB_KINDS = {"sst2": SST2, "boolq": BoolQ}


@pytest.fixture
def copy_hub(tmp_path):
    """Write a local copy of a hub's data set, in Parquet, perhaps with changed columns."""

    def write(kind, **columns):
        (tmp_path / "data").mkdir()
        for split, count in {"train": 40, "validation": 12, "test": 4}.items():
            table = pandas.DataFrame([HUB_ENTRIES[kind](n) for n in range(count)]).rename(columns=columns)
            table.to_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet")
        return str(tmp_path)

    return write


@pytest.mark.parametrize("kind", HUB_KINDS)
def test_hub_forms_in_a_local_folder(kind, copy_hub):
    task = HUB_KINDS[kind](kind=kind, source=copy_hub(kind), train_fraction=0.5, held_out_fraction=0.2, test_rows=10)
    splits, dropped = prepare_splits(task, seed=1)
    assert list(splits) == ["train", "held_out", "validation"]
    assert dropped["validation"] == {"no label": 1} and len(splits["validation"]) == 9
    assert len(splits["train"]) + len(splits["held_out"]) + sum(dropped["train"].values()) == 20
    assert 3 <= len(splits["held_out"]) <= 6
    assert [row.label for row in splits["validation"]] == [n % 2 for n in range(1, 10)]
    assert task.facts()["revision"] is None and len(task.source_files()) == 3


def test_texts_of_sst2(copy_hub):
    row = SST2(kind="sst2", source=copy_hub("sst2")).load_splits(1)["validation"][3]
    assert row == Row("validation-3", {"sentence": "a film number 3"}, 1, "a film number 3")


def test_texts_of_boolq(copy_hub):
    row = BoolQ(kind="boolq", source=copy_hub("boolq")).load_splits(1)["validation"][2]
    assert row == Row("validation-2", {"passage": "It is 1.", "question": "is it 2"}, 0, "It is 1.")
    assert list(row.texts) == ["passage", "question"]


@pytest.mark.parametrize(("kind", "column"), [("sst2", "label"), ("sst2", "sentence"), ("boolq", "answer")])
def test_a_table_of_another_form_is_named(kind, column, copy_hub):
    task = HUB_KINDS[kind](kind=kind, source=copy_hub(kind, **{column: "other"}))
    with pytest.raises(SettingsError, match=rf"no column '{column}'; it has: .*other.*; expected: "):
        task.load_splits(1)


@pytest.mark.parametrize("kind", HUB_KINDS)
def test_a_text_of_the_hub_that_is_none_is_named(kind, copy_hub, tmp_path):
    source, field = copy_hub(kind), HUB_KINDS[kind](kind=kind).text_fields()[0]
    file = tmp_path / "data" / "validation-00000-of-00001.parquet"
    pandas.read_parquet(file).assign(**{field: None}).to_parquet(file)
    with pytest.raises(SettingsError, match=rf"\(validation-0\): '{field}' is None; expected text"):
        HUB_KINDS[kind](kind=kind, source=source).load_splits(1)


def test_unknown_labels_of_the_hub_are_named():
    task = SST2(kind="sst2", source="somewhere")
    assert [task.read_label(value, "row 1") for value in (None, -1, False, True, 0, 1)] == [-1, -1, 0, 1, 0, 1]
    for value in (2, -2, "positive", 0.5):
        with pytest.raises(SettingsError, match=r"row 1.*is unknown; accepted: 0 to 1 \(negative, positive\)"):
            task.read_label(value, "row 1")


def test_a_missing_split_is_named(copy_hub, tmp_path):
    source = copy_hub("boolq")
    (tmp_path / "data" / "validation-00000-of-00001.parquet").unlink()
    with pytest.raises(SettingsError, match=r"BoolQ cannot be loaded from .* \(split validation\)"):
        BoolQ(kind="boolq", source=source).load_splits(1)


def make_own(path, **settings):
    own = {
        "kind": "own_files",
        "files": {"train": path, "test": path},
        "text_columns": {"premise": "s1", "hypothesis": "s2"},
        "label_column": "gold",
        "labels": GOLD,
        "answers": GOLD,
        "prompt": "{premise} {hypothesis}",
    }
    return OwnFiles.model_validate(own | settings)


TABLE = pandas.DataFrame(
    {
        "s1": ["a", "a", "b, c", 'say "d"', "null"],
        "s2": ["e", "f", "g\th", "i", "007"],
        "gold": ["entailment", "neutral", "contradiction", "-", "neutral"],
    }
)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "parquet"])
def test_own_files_in_every_form(ending, tmp_path):
    path = tmp_path / f"rows.{ending}"
    writers = {
        "jsonl": lambda: TABLE.to_json(path, orient="records", lines=True),
        "csv": lambda: TABLE.to_csv(path, index=False),
        "tsv": lambda: TABLE.to_csv(path, index=False, sep="\t"),
        "parquet": lambda: TABLE.to_parquet(path),
    }
    writers[ending]()
    rows = make_own(path).load_splits(1)["train"]
    assert [row.label for row in rows] == [0, 1, 2, NO_LABEL, 1]
    assert [row.texts["premise"] for row in rows] == list(TABLE["s1"])
    assert [row.texts["hypothesis"] for row in rows] == list(TABLE["s2"])


def test_labels_may_be_numbers(tmp_path):
    path = tmp_path / "rows.jsonl"
    TABLE.assign(gold=[0, 1, 2, -1, 1]).to_json(path, orient="records", lines=True)
    assert [row.label for row in make_own(path).load_splits(1)["train"]] == [0, 1, 2, NO_LABEL, 1]


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        (None, {}, "does not exist"),
        ("s1,s2\na,b\n", {}, "no column 'gold'; it has: 's1', 's2'"),
        ("s1,s2,gold\na,b,perhaps\n", {}, "line 2: label 'perhaps' is unknown; accepted: entailment"),
        ("s1,s2,gold\na,b,7\n", {}, "label '7' is unknown"),
        ("s1,s2,gold\n", {}, "has a header, but no rows"),
    ],
)
def test_mistakes_in_own_files_are_named(content, settings, words, tmp_path):
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        make_own(path, **settings).load_splits(1)


@pytest.mark.parametrize("split", ["../../escaped", "a/b", "", "Test"])
def test_a_split_s_name_must_do_for_a_file(split, tmp_path):
    with pytest.raises(ValueError, match=r"may have only the characters a-z, 0-9 and _"):
        make_own(tmp_path / "rows.csv", files={"train": tmp_path / "rows.csv", split: tmp_path / "rows.csv"})


def test_a_missing_text_is_refused(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"s1": "a", "s2": null, "gold": "neutral"}\n{"s1": "b", "s2": "c", "gold": "neutral"}\n')
    with pytest.raises(SettingsError, match=r"line 1: column 's2' has no text"):
        make_own(path).load_splits(1)


def test_a_prompt_asks_for_texts_that_there_are(tmp_path):
    (problem,) = find_task_conflicts("own", make_own(tmp_path / "rows.csv", prompt="{premise} {claim}"))
    assert "only {premise}, {hypothesis} may stand in braces" in problem and "found {claim}" in problem


@pytest.mark.parametrize("kind", list_kinds("tasks"))
def test_rows_have_the_fields_that_a_prompt_may_use(kind, tmp_path):
    if kind == "own_files":
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps({"s1": "a", "s2": "b", "gold": label}) + "\n" for label in GOLD))
        settings = make_own(path)
    else:
        model = find_settings("tasks", kind)
        sizes = [name for name in model.model_fields if name in ("train_rows", "test_rows", "matched_rows")]
        settings = model(kind=kind, **dict.fromkeys(sizes, 20))
    if hasattr(settings, "make_row") and hasattr(settings, "columns"):  # a data set on the hub
        entry = {**dict.fromkeys(settings.columns, "a"), "label": 0, "answer": True}
        row = settings.make_row("train", 0, entry)
    else:
        row = settings.load_splits(1)["train"][0]
    assert tuple(row.texts) == settings.text_fields()


@pytest.mark.parametrize("groups", [["a"] * 9, ["a", "b", "c", "d"]])
def test_rows_that_cannot_be_cut_are_refused(groups):
    rows = [Row(str(n), {"premise": group}, 0, group) for n, group in enumerate(groups)]
    with pytest.raises(SettingsError, match=r"held_out_fraction: of \d training rows in \d groups?"):
        cut_held_out(rows, 0.05, seed=1)


def test_an_unknown_gold_label_is_no_missing_one():
    assert [read_gold(name, "x") for name in ("neutral", "-")] == [1, NO_LABEL]
    with pytest.raises(SettingsError, match="pair 7: label 'Neutral' is unknown; accepted: entailment"):
        read_gold("Neutral", "file, pair 7")


def test_rows_of_a_trial_are_drawn_from_the_whole_file():
    rows = [Row(str(n), {"premise": "a"}, n // 50, str(n)) for n in range(150)]
    drawn = draw_rows(rows, 60, seed=1)
    assert drawn == draw_rows(rows, 60, seed=1) != draw_rows(rows, 60, seed=2)
    assert len(drawn) == 60 and {row.label for row in drawn} == {0, 1, 2}
    assert draw_rows(rows, 500, seed=1) == rows and draw_rows(rows, 0, seed=1) == []


def test_unknown_ending_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"supported: .csv, .tsv, .*.parquet, each also with .gz"):
        make_own(tmp_path / "rows.xlsx")


def test_held_out_rows_share_no_premise_with_train():
    rows = [Row(str(n), {"premise": str(n // 3)}, n % 3, str(n // 3)) for n in range(300)]
    train, held_out = cut_held_out(rows, 0.1, seed=1)
    assert not {row.group for row in train} & {row.group for row in held_out}
    assert len(held_out) == 30 and len(train) == 270
    assert cut_held_out(rows, 0.1, seed=1) == (train, held_out) != cut_held_out(rows, 0.1, seed=2)


def test_rows_survive_the_disk(tmp_path):
    rows = [Row("1", {"premise": "ünïcode \u2028 <b>", "hypothesis": "x\ny"}, 2, "g", {"genre": "a"})]
    write_rows(tmp_path / "rows.jsonl", rows)
    assert read_rows(tmp_path / "rows.jsonl") == rows


def test_task_record_counts(tmp_path, hub_folder):
    task = MultiNLI(kind="multinli", source=str(hub_folder), train_fraction=1.0)
    splits, dropped = prepare_splits(task, seed=1)
    files = {split: tmp_path / f"{split}.jsonl" for split in splits}
    for split, rows in splits.items():
        write_rows(files[split], rows)
    record = make_task_record("multinli", task, splits, dropped, files)
    assert record.splits["matched"].labels == {"entailment": 3, "neutral": 4, "contradiction": 4}
    assert record.rows_shared_with_train == {"held_out": 0, "matched": 0, "mismatched": 0}
    write_json(tmp_path / "task.json", record)
    assert read_record(tmp_path / "task.json", TaskRecord) == record


@pytest.mark.parametrize("kind", list_kinds("tasks"))
def test_every_task_says_what_it_is(kind):
    model = find_settings("tasks", kind)
    assert model.__doc__ and "kind" in model.model_fields

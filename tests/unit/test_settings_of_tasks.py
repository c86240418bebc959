"""Every setting of every task reaches its rows, its record, or how its rows are asked."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas
import pytest
from datasets import Dataset

from fineprint.core.settings import SettingsError, find_settings
from fineprint.demo.invented_words import make_words
from fineprint.readouts._prompts import fill_prompt
from fineprint.tasks._hub import HubTaskSettings
from fineprint.tasks._rows import make_task_record, prepare_splits, write_rows
from setting_probes import find_probe, list_settings, require_difference

TABLE = "tests/unit/test_settings_of_tasks.py"
# Sizes of the rows that tasks make up, small so that it is quick.
SIZES = {
    "train_rows": 30,
    "test_rows": 12,
    "matched_rows": 12,
    "mismatched_rows": 12,
    "unlabeled_rows": 2,
    "words": 90,
}
HUB_ROWS = {"train": 40, "validation": 12}
OWN = [
    {
        "s1": f"a dog {n // 2}",
        "s2": f"b {n}",
        "gold": n % 3,
        "other": 2 - n % 3,
        "author": f"x{n % 4}",
        "form": f"f{n % 5}",
    }
    for n in range(24)
]
LABELS = ["entailment", "neutral", "contradiction"]


@dataclass
class Bench:
    """What a probe works with: a folder, and patches that are taken off again."""

    folder: Path
    patch: pytest.MonkeyPatch

    def make(self, kind, **changes):
        """Return a small task of a kind, its rows here."""
        model = find_settings("tasks", kind)
        given = {name: size for name, size in SIZES.items() if name in model.model_fields}
        if issubclass(model, HubTaskSettings):
            self.patch.setattr(model, "load_table", lambda self, split: Dataset.from_list(hub_table(model, split)))
            given = {"source": "someone/rows", "train_fraction": 1.0}
        if "files" in model.model_fields:
            given = self.own_settings()
        return model.model_validate({"kind": kind, **given, **changes})

    def own_settings(self):
        """Write files of own rows, and return the settings that read them."""
        for name, rows in (("rows", OWN), ("others", OWN[:9])):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (self.folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        files = {"train": self.folder / "rows.jsonl", "test": self.folder / "others.jsonl"}
        wording = {"labels": LABELS, "answers": ["yes", "maybe", "no"], "prompt": "{first} {second} ?"}
        return {"files": files, "text_columns": {"first": "s1", "second": "s2"}, "label_column": "gold", **wording}

    def record(self, task, seed=1):
        """Return a task's record, its rows written as the workflow writes them."""
        splits, dropped = prepare_splits(task, seed)
        files = {split: self.folder / f"{split}.out.jsonl" for split in splits}
        for split, rows in splits.items():
            write_rows(files[split], rows)
        return make_task_record("rows", task, splits, dropped, files)


def hub_table(model, split):
    """Return entries of a data set as the hub has it, whatever its columns are called."""
    labels = len(model.model_fields["labels"].default)
    numbers = range(HUB_ROWS["train" if split == "train" else "validation"])
    fill = {"label": lambda n: n % labels, "answer": lambda n: n % 2 == 1, "idx": lambda n: n}
    return [{name: fill.get(name, lambda n, name=name: f"{name} {n}")(n) for name in model.columns} for n in numbers]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


def probe_description(bench, kind):
    assert bench.record(bench.make(kind, description="What is it?")).description == "What is it?"


def probe_labels(bench, kind):
    """Names in the order of the numbers: another order names the same rows otherwise."""
    plain = bench.make(kind)
    turned = bench.make(kind, labels=plain.labels[::-1])
    for task in (plain, turned):
        record, splits = bench.record(task), prepare_splits(task, 1)[0]
        assert record.labels == list(task.labels)
        for split, rows in splits.items():
            counts = Counter(row.label for row in rows)
            assert record.splits[split].labels == {name: counts[n] for n, name in enumerate(task.labels)}


def probe_own_labels(bench, kind):
    """Files that hold names get the number that the order of `labels` gives."""
    named = [{**row, "gold": LABELS[row["gold"]]} for row in OWN]
    file = bench.folder / "named.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in named), encoding="utf-8")
    for labels in (LABELS, LABELS[::-1]):
        task = bench.make(kind, labels=labels, files={"train": file, "test": file})
        assert [labels[row.label] for row in task.load_splits(1)["test"]] == [row["gold"] for row in named]
    probe_labels(bench, kind)


def probe_answers(bench, kind):
    answers = [f"word{n}" for n in range(len(bench.make(kind).labels))]
    assert bench.record(bench.make(kind, answers=answers)).answers == answers


def probe_prompt(bench, kind):
    """The wording is filled with the texts of the task's rows."""
    task = bench.make(kind)
    row = task.load_splits(1)["train"][0]
    wording = " | ".join(f"{{{name}}}" for name in row.texts) + " ->"
    record = bench.record(bench.make(kind, prompt=wording))
    assert fill_prompt(record.prompt, row) == " | ".join(row.texts.values()) + " ->"
    assert all(text in fill_prompt(task.prompt, row) for text in row.texts.values()), "its own wording takes its rows"


def probe_held_out_fraction(bench, kind):
    for fraction in (0.2, 0.5):
        splits, _ = prepare_splits(bench.make(kind, held_out_fraction=fraction), 1)
        rows = [*splits["train"], *splits["held_out"]]
        largest = max(Counter(row.group for row in rows).values())
        wanted = round(fraction * len(rows))
        assert wanted <= len(splits["held_out"]) < wanted + largest
        assert not {row.group for row in splits["train"]} & {row.group for row in splits["held_out"]}


def probe_source(bench, kind):
    """A name asks the hub; a folder is read itself."""
    task = bench.make(kind, source="someone/rows")
    assert task.hub_source().name == "someone/rows" and task.facts()["source"] == "someone/rows"
    bench.patch.undo()
    (bench.folder / "data").mkdir()
    for split in task.splits.values():
        entries = pandas.DataFrame(hub_table(type(task), split))
        entries.to_parquet(bench.folder / "data" / f"{split}-00000-of-00001.parquet")
    here = find_settings("tasks", kind)(kind=kind, source=str(bench.folder))
    assert here.hub_source() is None and len(here.source_files()) == len(task.splits)
    assert sum(len(rows) for split, rows in here.load_splits(1).items() if split != "train") == 12 * (
        len(task.splits) - 1
    )


def probe_revision(bench, kind):
    task = bench.make(kind, revision="v2")
    assert task.hub_source().revision == "v2" == task.facts()["revision_asked"]


def probe_train_fraction(bench, kind):
    for fraction, count in ((1.0, 40), (0.25, 10), (0.11, 4)):
        splits = bench.make(kind, train_fraction=fraction).load_splits(1)
        assert len(splits.pop("train")) == count and {len(rows) for rows in splits.values()} == {12}


def probe_shuffle_seed(bench, kind):
    """The rows that are taken are the first of the library's shuffle by this seed, whatever the run's seed is."""
    for seed in (42, 7):
        order = Dataset.from_list([{"n": n} for n in range(40)]).shuffle(seed=seed)["n"][:10]
        task = bench.make(kind, shuffle_seed=seed, train_fraction=0.25)
        texts = [list(row.texts.values()) for row in bench.make(kind).load_splits(1)["train"]]
        every = sorted(texts, key=lambda parts: int(parts[0].split()[-1]))
        for run_seed in (1, 2):
            assert [list(row.texts.values()) for row in task.load_splits(run_seed)["train"]] == [
                every[n] for n in order
            ]


def probe_hub_test_rows(bench, kind):
    """The first ones, of each test split alone."""
    whole = bench.make(kind).load_splits(1)
    for most in (3, 100):
        splits = bench.make(kind, test_rows=most).load_splits(1)
        assert len(splits["train"]) == 40
        assert all(rows == whole[split][:most] for split, rows in splits.items() if split != "train")


def probe_size(split, field):
    """Return a probe of how many labeled rows a split has."""

    def probe(bench, kind):
        for size in (18, 27):
            rows = bench.make(kind, **{field: size}).load_splits(1)[split]
            assert sum(row.label >= 0 for row in rows) == size

    return probe


def probe_unlabeled_rows(bench, kind):
    for count in (0, 3):
        splits, dropped = prepare_splits(bench.make(kind, unlabeled_rows=count), 1)
        assert dropped == {split: {"no label": count} if count else {} for split in splits if split != "held_out"}


def probe_words(bench, kind):
    for count in (20, 300):
        rows = [row for part in bench.make(kind, words=count, train_rows=100).load_splits(1).values() for row in part]
        used = {word for row in rows for text in row.texts.values() for word in text.split()}
        assert used == set(make_words(count))


def probe_files(bench, kind):
    splits = bench.make(kind).load_splits(1)
    assert [row.texts["second"] for row in splits["train"]] == [row["s2"] for row in OWN]
    assert [row.texts["second"] for row in splits["test"]] == [row["s2"] for row in OWN[:9]]


def probe_text_columns(bench, kind):
    task = bench.make(kind, text_columns={"a": "s2", "b": "s1"}, prompt="{a} {b}")
    assert task.load_splits(1)["train"][5].texts == {"a": "b 5", "b": "a dog 2"}


def probe_label_column(bench, kind):
    for column in ("gold", "other"):
        rows = bench.make(kind, label_column=column).load_splits(1)["train"]
        assert [row.label for row in rows] == [row[column] for row in OWN]


def probe_group_column(bench, kind):
    for column, first in ((None, "s1"), ("author", "author")):
        rows = bench.make(kind, group_column=column).load_splits(1)["train"]
        assert [row.group for row in rows] == [row[first] for row in OWN]


def probe_tag_columns(bench, kind):
    assert {tuple(row.tags) for row in bench.make(kind).load_splits(1)["train"]} == {()}
    rows = bench.make(kind, tag_columns={"shape": "form"}).load_splits(1)["train"]
    assert [row.tags for row in rows] == [{"shape": row["form"]} for row in OWN]


def probe_max_rows(bench, kind):
    """Drawn by the seed, of the splits that are named."""
    task = bench.make(kind, max_rows={"train": 7})
    first, again, other = (task.load_splits(seed) for seed in (1, 1, 2))
    assert len(first["train"]) == 7 and len(first["test"]) == 9 and first == again != other
    assert len(bench.make(kind, max_rows={"train": 24}).load_splits(1)["train"]) == 24


def read_own(bench, kind, name, content, **changes):
    """Return the rows of a file of own rows with two columns and two labels."""
    file = bench.folder / name
    file.write_bytes(content)
    labels = ["no", "yes"]
    form = {"text_columns": {"a": "s"}, "label_column": "g", "prompt": "{a}", "labels": labels, "answers": labels}
    return bench.make(kind, files={"train": file, "test": file}, **form, **changes).load_splits(1)["test"]


def probe_no_label(bench, kind):
    content = b"s,g\na,no\nb,yes\nc,undecided\n"
    assert [row.label for row in read_own(bench, kind, "rows.csv", content, no_label=["undecided"])] == [0, 1, -1]
    for no_label in (None, ["-"]):
        with pytest.raises(SettingsError, match="'undecided' is unknown"):
            read_own(bench, kind, "rows.csv", content, no_label=no_label)


def probe_encoding(bench, kind):
    for encoding, sign in (("cp1252", "’"), ("latin-1", "\x92"), ("cp1251", "’")):
        rows = read_own(bench, kind, "rows.csv", b"s,g\nit\x92s,no\nb,yes\n", encoding=encoding)
        assert rows[0].texts == {"a": f"it{sign}s"}


def probe_separator(bench, kind):
    for separator in ("#", ";"):
        content = f"s{separator}g\na,b{separator}no\nb{separator}yes\n".encode()
        rows = read_own(bench, kind, "rows.csv", content, separator=separator)
        assert [row.texts["a"] for row in rows] == ["a,b", "b"]


def probe_quoting(bench, kind):
    for quoting, text in (("quoted", "Yes!"), ("unquoted", '"Yes!"')):
        rows = read_own(bench, kind, "rows.tsv", b's\tg\n"Yes!"\tno\nb\tyes\n', quoting=quoting)
        assert rows[0].texts == {"a": text}


PROBES = {
    "description": probe_description,
    "labels": probe_labels,
    "answers": probe_answers,
    "prompt": probe_prompt,
    "held_out_fraction": probe_held_out_fraction,
    "source": probe_source,
    "revision": probe_revision,
    "train_fraction": probe_train_fraction,
    "shuffle_seed": probe_shuffle_seed,
    **{f"{kind}.test_rows": probe_hub_test_rows for kind in ("boolq", "multinli", "sst2")},
    "test_rows": probe_size("test", "test_rows"),
    "train_rows": probe_size("train", "train_rows"),
    "matched_rows": probe_size("matched", "matched_rows"),
    "mismatched_rows": probe_size("mismatched", "mismatched_rows"),
    "unlabeled_rows": probe_unlabeled_rows,
    "random_pairs.words": probe_words,
    "own_files.labels": probe_own_labels,
    "own_files.files": probe_files,
    "own_files.text_columns": probe_text_columns,
    "own_files.label_column": probe_label_column,
    "own_files.group_column": probe_group_column,
    "own_files.tag_columns": probe_tag_columns,
    "own_files.max_rows": probe_max_rows,
    "own_files.no_label": probe_no_label,
    "own_files.encoding": probe_encoding,
    "own_files.separator": probe_separator,
    "own_files.quoting": probe_quoting,
}


@pytest.mark.parametrize(("kind", "field"), list_settings("tasks"))
def test_every_setting_reaches_the_rows(kind, field, bench):
    if probe := find_probe(PROBES, kind, field):
        probe(bench, kind)
    else:
        require_difference("tasks", kind, field, lambda **new: bench.make(kind, **new).load_splits(1), TABLE)


def test_another_seed_draws_other_rows_where_rows_are_made_up(bench):
    for kind in ("demo_nli", "demo_sentiment", "demo_question_answering", "random_pairs"):
        first, again, other = (bench.make(kind).load_splits(seed) for seed in (1, 1, 2))
        assert first == again and first != other

"""Files of examples: what is in a file comes out of it, in every form, or it is refused with a line and a cure."""

import csv
import gzip
import io
import json
import random

import pandas
import pytest

from fineprint.core.settings import SettingsError
from fineprint.study.reading import read_kind_of
from fineprint.tasks.own_files import Settings as OwnFiles

LABELS = ["no", "yes"]
# What people write: a mark that opens a text, one that closes it, a pair around a word and around a whole text.
SPOKEN = [
    '"Where to?" asked the driver.',
    "The driver did not ask.",
    '"Home, please.',
    'She said it was "fine", more or less.',
    '"It rains again."',
    'And then he said, "Stop."',
    "It's 5\" long",
    "Nothing, really; nothing | at all",
]


@pytest.fixture
def read(tmp_path):
    """Write a file and return its examples as (text, label's name); train and test are the same file."""

    def read(name, content, **settings):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        own = {"kind": "own_files", "files": {"train": path, "test": path}, "text_columns": {"a": "text"}}
        words = {"labels": LABELS, "answers": LABELS, "prompt": "{a}"}
        task = OwnFiles.model_validate(own | words | settings)
        return [(row.texts["a"], (*task.labels, None)[row.label]) for row in task.load_splits(1)["test"]]

    return read


@pytest.fixture
def refuse(read, tmp_path):
    """Require a refusal, and return its sentence without the folder's name."""

    def refuse(name, content, **settings):
        with pytest.raises(SettingsError) as error:
            read(name, content, **settings)
        return str(error.value).replace(f"{tmp_path}/", "")

    return refuse


def pair_labels(texts):
    return [(text, LABELS[n % 2]) for n, text in enumerate(texts)]


def write_rows(rows, separator="\t", quoting=csv.QUOTE_NONE, header=("text", "label")):
    """Return a table as text; without quoting each field as it stands."""
    table = [header, *rows]
    if quoting == csv.QUOTE_NONE:
        return "".join(f"{separator.join(row)}\n" for row in table)
    file = io.StringIO()
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(table)
    return file.getvalue()


# --- quotation marks ---


@pytest.mark.parametrize("name", ["rows.tsv", "rows.txt", "rows.tab", "rows.csv", "rows.tsv.gz"])
def test_lone_quotation_marks_of_a_tsv_are_characters(read, name):
    rows = pair_labels(SPOKEN)
    assert read(name, write_rows(rows)) == rows


def test_a_mark_that_opens_one_text_and_one_that_ends_another_swallow_no_line_between(read, refuse):
    rows = pair_labels(["a", 'He said "b', "c", "d", '"e', "f", 'g"', "h"])
    rows[4], rows[6] = ('"e', "yes"), ('g"', "no")
    assert read("rows.tsv", write_rows(rows)) == rows
    sentence = refuse("rows.csv", write_rows(rows, ","))
    assert "rows.csv, line 6: a quotation mark opens a field that ends in line 8" in sentence
    assert "quoting: unquoted" in sentence
    assert read("rows.csv", write_rows(rows, ","), quoting="unquoted") == rows


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_marks_that_a_program_wrote_are_not_kept(read, quoting, separator):
    rows = pair_labels([*SPOKEN, "two\nlines", "a\ttab", '""', '"', "three\r\nlines, and\n\nmore"])
    for name in ("rows.csv", "rows.tsv", "rows.csv.gz"):
        assert read(name, write_rows(rows, separator, quoting)) == rows


def test_a_text_ends_a_line_in_a_separator_as_letters_do(read):
    rows = [("Dear Sir,\nit rains", "no"), ("Dear Madam,\nit snows", "yes")]
    assert read("rows.csv", write_rows(rows, ",", csv.QUOTE_MINIMAL)) == rows


def test_commas_alone_make_excel_quote_a_tsv(read, refuse):
    rows = pair_labels([f"well, number {n}" for n in range(12)] + ["and no more"])
    content = write_rows([(f'"{text}"' if "," in text else text, label) for text, label in rows])
    assert read("rows.tsv", content) == rows
    few = content.splitlines(keepends=True)
    assert "set quoting: quoted" in refuse("rows.tsv", "".join([*few[:3], few[-1]])), "two fields prove nothing"


def test_a_column_in_marks_under_a_plain_header_is_asked_about(read, refuse):
    rows = pair_labels(["one", "two", "three"])
    content = write_rows([(f'"{text}"', label) for text, label in rows])
    sentence = refuse("rows.tsv", content)
    assert "3 fields enclosed in them (most of column 'text'), 0 other fields" in sentence
    assert read("rows.tsv", content, quoting="quoted") == rows
    assert read("rows.tsv", content, quoting="unquoted") == [(f'"{text}"', label) for text, label in rows]
    assert read("rows.csv", content.replace("\t", ",")) == rows, "CSV is quoted as a rule"


def test_marks_put_around_texts_without_a_care_for_those_inside_are_asked_about(refuse):
    rows = [(f'"{text}"', label) for text, label in pair_labels(['a "b" c', '"d" e', 'f "g"'])]
    assert "most of column 'text'" in refuse("rows.tsv", write_rows(rows))
    assert "most of column 'text'" in refuse("rows.csv", write_rows(rows, ","))


def test_more_enclosed_texts_than_other_marks_are_asked_about(read, refuse):
    rows = pair_labels(['"one"', '"two"', 'so "three"', *"abcdefg"])
    assert "2 fields enclosed in them, 1 other field with quotation marks" in refuse("rows.tsv", write_rows(rows))
    assert read("rows.tsv", write_rows(rows[1:])) == rows[1:], "as many are no reason to ask"


def test_a_whole_text_in_marks_among_plain_ones_keeps_them(read):
    rows = pair_labels(['"Yes!"', "No!", "Perhaps.", "Hm."])
    assert read("rows.tsv", write_rows(rows)) == rows


def test_a_quoted_tsv_with_a_damaged_line_is_not_read_as_it_stands(refuse):
    content = write_rows(pair_labels(["one", "two", "three"]), quoting=csv.QUOTE_ALL)
    sentence = refuse("rows.tsv", content.replace('"two"', '"two'))
    assert "rows.tsv, line 3: " in sentence and "set quoting" in sentence


def test_marks_escaped_by_a_backslash_are_refused(refuse):
    rows = [("plain", "no"), ('"say \\"this\\" now"', "yes"), ('so "it" is', "no"), ('or "not"', "yes")]
    assert 'is written \\"' in refuse("rows.tsv", write_rows(rows))


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("rows.tsv", write_rows(pair_labels(SPOKEN)), "fields separated by a tab, not quoted"),
        ("rows.tsv", write_rows(pair_labels(SPOKEN), quoting=csv.QUOTE_ALL), "fields separated by a tab, quoted"),
        ("rows.csv", "text;label\na;no\nb;yes\n", "fields separated by a semicolon, without quotation marks"),
        ("rows.json", '[{"text": "a", "label": "no"}, {"text": "b", "label": "yes"}]', "a JSON array"),
        ("rows.json", '{"text": "a", "label": "no"}\n{"text": "b", "label": "yes"}', "JSON Lines"),
    ],
)
def test_the_record_says_how_a_file_was_read(tmp_path, name, content, form):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    files = {"train": path, "test": path}
    words = {"text_columns": {"a": "text"}, "labels": LABELS, "answers": LABELS, "prompt": "{a}"}
    task = OwnFiles.model_validate({"kind": "own_files", "files": files} | words)
    task.load_splits(1)
    assert task.facts() == {"read_as": {"train": form, "test": form}}


# --- fields, lines, columns ---


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_gives_the_columns(read, separator):
    rows = [("a text with , ; | in it".replace(separator, ""), "no"), ("b", "yes")]
    assert read("rows.csv", write_rows(rows, separator)) == rows


def test_excel_names_the_separator_in_a_line_of_its_own(read):
    assert read("rows.csv", "sep=#\ntext#label\na,b#no\nc;d#yes\n") == [("a,b", "no"), ("c;d", "yes")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines_are_none_of_the_text(read, end):
    lines = ["", "text,label", "a,no", "", "   ", "b,yes", "", ""]
    assert read("rows.csv", end.join(lines)) == [("a", "no"), ("b", "yes")]
    assert read("rows.csv", end.join(lines).replace("a,", '"a",')) == [("a", "no"), ("b", "yes")]


def test_what_python_takes_for_the_end_of_a_line_stays_in_the_text(read):
    rows = [("a\u2028b\x85c\x1cd\x0be\x0cf", "no"), ("g", "yes")]
    assert read("rows.tsv", write_rows(rows)) == rows
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    assert read("rows.jsonl", "\n".join(lines)) == rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text,label\na,no,\nb,yes,\n", "line 2: 3 fields, but the header has 2 (2 of 2 rows differ"),
        ("text,label\na,no,\nb,yes,\n", "name every column in the header, or remove the separator at the end"),
        ("text,label\na,no\nwell, b,yes\nc,no\n", "line 3: 3 fields, but the header has 2 (1 of 3 rows"),
        ("text,label\na,no\nwell, b,yes\nc,no\n", "put texts that hold a comma or a line break in quotation marks"),
        ('text,label\n"a, b",no\nwell, b,yes\n', "line 3: 3 fields"),
        ("text,label\na,no\nb\nc,yes\n", "line 3: 1 field, but the header has 2"),
        ("text,label,text\na,no,b\nc,yes,d\n", "more than one column 'text'"),
        ("text,label\n", "has a header, but no rows"),
        ("\n\n", "has no rows"),
        ("", "is empty"),
        ("words,label\na,no\n", "has no column 'text'; it has: 'words', 'label'"),
        ("text, label\na,no\n", "has no column 'label'; it has: 'text', ' label'"),
        ("text,label\na,no\n ,yes\n", "line 3: column 'text' has no text"),
        ("text,label\na,no\n,yes\n", "line 3: column 'text' has no text"),
        ('text,label\n"a, b",no\n"c, d,yes\n', "line 3: an opening quotation mark without a closing one"),
        ('text,label\n"a, b",no\nd\re,yes\n', "line 3: a carriage return in an unquoted field"),
        ('text,label\n"a, b" c,no\nd,yes\n', "line 2: text after the closing quotation mark of a field"),
    ],
)
def test_a_csv_that_does_not_add_up_is_refused(refuse, content, words):
    assert words in refuse("rows.csv", content)


def test_a_column_without_a_name_is_no_index(read):
    assert read("rows.csv", ",text,label\n7,a,no\n8,b,yes\n") == [("a", "no"), ("b", "yes")]


def test_a_long_text_is_read(read):
    rows = [("word " * 60_000, "no"), ('a "b"', "yes")]
    assert read("rows.csv", write_rows(rows, ",", csv.QUOTE_MINIMAL)) == rows


def test_texts_stand_as_they_are_in_the_file(read):
    rows = pair_labels(["007", " two spaces ", "NA", "null", "1.0", "True", "nan", "'x'"])
    assert read("rows.csv", write_rows(rows, ",")) == rows == read("rows.tsv", write_rows(rows))


# --- bytes ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json.gz"])
def test_the_first_bytes_say_the_encoding(read, encoding, name):
    rows = [("naïve – “quoted” 🙂", "no"), ("b", "yes")]
    entries = [{"text": text, "label": label} for text, label in rows]
    content = {
        "rows.csv": write_rows(rows, ","),
        "rows.jsonl": "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries),
        "rows.json.gz": json.dumps(entries, ensure_ascii=False),
    }[name]
    assert read(name, content.encode(encoding)) == rows


def test_another_encoding_is_declared_never_guessed(read, refuse):
    content = "text,label\nok,no\nit’s,yes\n".encode("cp1252")
    sentence = refuse("rows.csv", content)
    assert "rows.csv, line 3: byte 19 (0x92) is not UTF-8" in sentence and "cp1252" in sentence
    assert content[19] == 0x92
    assert read("rows.csv", content, encoding="cp1252") == [("ok", "no"), ("it’s", "yes")]
    assert "is not ASCII; set the encoding that it has" in refuse("rows.csv", content, encoding="ascii")
    assert "is UTF-8, not latin-1" in refuse("rows.csv", "text,label\né,no\nb,yes\n", encoding="latin-1")
    wide = "text,label\na,no\nb,yes\n".encode("utf-16-le")
    assert "set encoding: utf-16-le" in refuse("rows.csv", wide)
    assert read("rows.csv", wide, encoding="utf-16-le") == [("a", "no"), ("b", "yes")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", gzip.compress(b"text,label\n", mtime=0), "compressed with gzip: let its name end in .gz"),
        ("rows.csv", b"PK\x03\x04 and so on", "ZIP archive"),
        ("rows.jsonl", b"version https://git-lfs.github.com/spec/v1\noid", "run `git lfs pull`"),
        ("rows.tsv", b"PAR1 and so on", "Parquet"),
        ("rows.parquet", b"text,label\na,no\n", "cannot be read as Parquet"),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_named(refuse, name, content, words):
    assert words in refuse(name, content)


def test_a_compressed_file_that_is_cut_short_or_not_compressed_is_refused(read, tmp_path):
    path = tmp_path / "cut.csv.gz"
    for data in (
        gzip.compress(b"text,label\n" + random.Random(1).randbytes(2000).hex().encode())[:-300],
        b"text,label",
    ):
        path.write_bytes(data)
        with pytest.raises(SettingsError, match="cannot be unpacked as gzip"):
            read("rows.csv", "text,label\na,no\nb,yes\n", files={"train": path, "test": path})


# --- JSON ---


def test_json_lines_with_number_keys_a_mark_and_blank_lines(read):
    content = '\ufeff{"0": "a", "1": "no"}\n\n{"0": "b", "1": "yes", "2": null}\n\n'
    assert read("rows.jsonl", content, text_columns={"a": "0"}, label_column="1") == [("a", "no"), ("b", "yes")]


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.ndjson.gz"])
@pytest.mark.parametrize("indent", [None, 2])
def test_one_array_is_read_whatever_the_name(read, name, indent):
    entries = [{"text": text, "label": label} for text, label in pair_labels(SPOKEN)]
    assert read(name, json.dumps(entries, indent=indent)) == pair_labels(SPOKEN)
    assert read(name, "\n".join(map(json.dumps, entries))) == pair_labels(SPOKEN), "and lines are lines"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "a", "label": "no"}\n{"text": "b"}\n', "line 2 has no 'label'; write null"),
        ('{"text": "a", "label": "no", "text": "b"}\n', "line 1: duplicate key 'text' in an object"),
        ('{"text": "a", "label": "no"}\n["b", "yes"]\n', "line 2 is a list; expected an object"),
        ('["a", "no"]\n["b", "yes"]\n', "line 1 is a list; expected an object"),
        ('[{"text": "a", "label": "no"}, 3]', "entry 2 is a number"),
        ('{"text": "a", "label": "no"},\n{"text": "b", "label": "yes"}\n', "line 1 is not a whole JSON object"),
        ('{\n  "text": "a",\n  "label": "no"\n}\n', "expected one object a line"),
        ('[{"text": "a", "label": "no"},\n {"text": "b", "label": ]', "line 2: the array is not whole JSON"),
        ("[]", "has no rows"),
        ('{"text": ["a", "b"], "label": "no"}\n', "line 1: column 'text' holds a list; expected text: join tokens"),
        ('{"text": {"en": "a"}, "label": "no"}\n', "column 'text' holds a mapping"),
        ('{"text": 3, "label": "no"}\n', "column 'text' holds a number"),
        ('{"text": 0.5, "label": "no"}\n', "column 'text' holds a number"),
        ('{"text": true, "label": "no"}\n', "column 'text' holds true or false"),
        ('{"text": null, "label": "no"}\n', "column 'text' has no text"),
        ('{"text": NaN, "label": "no"}\n', "column 'text' has no text"),
        ('{"text": " \\n", "label": "no"}\n', "column 'text' has no text"),
        ('{"text": "a\\ud83d", "label": "no"}\n', "half of a surrogate pair"),
        ('{"text": "a", "label": ["no"]}\n', "column 'label' holds a list"),
    ],
)
def test_json_that_is_no_table_of_texts_is_refused(refuse, content, words):
    assert words in refuse("rows.json", content)


# --- Parquet ---


def test_parquet_holds_texts_and_labels_of_several_types(read):
    texts = ["a", "b", "c", "d"]
    for labels in (
        ["no", "yes", "no", "yes"],
        pandas.Categorical(["no", "yes", "no", "yes"]),
        [0, 1, 0, 1],
        [0.0, 1, 0, 1],
    ):
        for name in ("rows.parquet", "rows.parquet.gz"):
            file = io.BytesIO()
            pandas.DataFrame({"text": texts, "a.b": 1, "label": labels}).to_parquet(file)
            assert read(name, file.getvalue()) == pair_labels(texts)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([["a", "b"], ["c"]], "row 1: column 'text' holds a list"),
        (["a", None], "row 2: column 'text' has no text"),
        ([b"a", b"b"], "row 1: column 'text' holds bytes"),
        ([1, 2], "row 1: column 'text' holds a number"),
        ([{"en": "a"}, {"en": "b"}], "row 1: column 'text' holds a mapping"),
        (pandas.to_datetime(["2026-01-01", "2026-01-02"]), "expected text"),
    ],
)
def test_parquet_columns_that_are_no_texts_are_refused(refuse, values, words):
    file = io.BytesIO()
    pandas.DataFrame({"text": values, "label": LABELS}).to_parquet(file)
    assert words in refuse("rows.parquet", file.getvalue())


# --- GLUE ---

GLUE_TRAIN = (
    *("index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse"),
    *("sentence2_parse", "sentence1", "sentence2", "label1", "gold_label"),
)
GLUE_DEV = (*GLUE_TRAIN[:10], "label1", "label2", "label3", "label4", "label5", "gold_label")
NLI = ["entailment", "neutral", "contradiction"]


def make_glue(header, count, seed):
    """Return a file in the form of GLUE's MNLI, and its pairs: not quoted, with marks wherever people write them."""
    generator = random.Random(seed)
    words = ["the", "dog", "didn't", "run", "and", "he", "said", "so", "(", "uh"]
    pairs = []
    for number in range(count):
        texts = []
        for _ in range(2):
            text = " ".join(generator.choices(words, k=generator.randint(1, 9)))
            form = generator.choice(
                ["{}"] * 12 + ['"{}', '{}"', '"{}," he said.', '"{}"', 'a "{}" b', '{} 5"', "'{}'", '"']
            )
            texts.append(form.format(text))
        pairs.append((*texts, NLI[number % 3]))
    lines = ["\t".join(header)]
    for number, (first, second, label) in enumerate(pairs):
        known = {"index": number, "promptID": number // 3, "pairID": f"{number}e", "genre": "fiction"}
        known |= {"sentence1": first, "sentence2": second}
        known |= {
            f"sentence{n}_{form}": f"( {text} )"
            for n, text in ((1, first), (2, second))
            for form in ("parse", "binary_parse")
        }
        lines.append("\t".join(str(known.get(name, label)) for name in header))
    return "\n".join(lines) + "\n", pairs


@pytest.mark.parametrize("seed", range(5))
def test_the_form_of_glue_is_read_row_by_row(tmp_path, seed):
    made = {"train": make_glue(GLUE_TRAIN, 400, seed), "matched": make_glue(GLUE_DEV, 300, seed + 100)}
    for split, (content, _) in made.items():
        (tmp_path / f"{split}.tsv").write_text(content, encoding="utf-8", newline="")
    task = OwnFiles(
        kind="own_files",
        files={split: tmp_path / f"{split}.tsv" for split in made},
        text_columns={"premise": "sentence1", "hypothesis": "sentence2"},
        label_column="gold_label",
        labels=NLI,
        answers=NLI,
        prompt="{premise} {hypothesis}",
    )
    for split, rows in task.load_splits(1).items():
        assert [(*row.texts.values(), NLI[row.label]) for row in rows] == made[split][1]


# --- the settings themselves ---


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_rows": {"trian": 3}}, "tasks.own.max_rows: 'trian' is not a split; splits: train, test."),
        (
            {"max_rows": {"train": -3}},
            "tasks.own.max_rows.train: input should be greater than or equal to 1; found -3.",
        ),
        ({"max_rows": {"train": 0}}, "greater than or equal to 1; found 0."),
        ({"max_rows": {"train": True}}, "tasks.own.max_rows.train: input should be a valid integer"),
        (
            {"labels": [False, True]},
            'tasks.own.labels.0: write "no" in quotes: unquoted, YAML reads no, off or false as a boolean',
        ),
        ({"answers": ["no", True]}, 'tasks.own.answers.1: write "yes" in quotes'),
        ({"labels": "no yes"}, "tasks.own.labels: expected a list; found 'no yes'."),
        ({"text_columns": ["text"]}, "tasks.own.text_columns: expected a mapping of names to values; found ['text']."),
        ({"labels": [["no"], "yes"]}, "tasks.own.labels.0: expected text; found ['no']."),
        ({"files": {"train": 3, "test": "b.csv"}}, "tasks.own.files.train: expected a path; found 3."),
        ({"labels": [0, 1]}, 'tasks.own.labels.0: write "0" in quotes'),
        ({"labels": ["a", None]}, 'tasks.own.labels.1: write "null" in quotes'),
        ({"label_column": 2}, 'tasks.own.label_column: write "2" in quotes'),
        ({"text_columns": {"a": "label"}}, "'label' is the label column"),
        (
            {"text_columns": {"a": "text", "b": "text"}},
            "tasks.own.text_columns: the two texts need two different columns",
        ),
        ({"text_columns": {"a.b": "text"}}, "'a.b' cannot be used in a prompt's braces"),
        ({"no_label": ["no"]}, "'no' is one of `labels`"),
        ({"encoding": "utf-9"}, "tasks.own.encoding: this encoding is unknown"),
        ({"separator": "\\t"}, 'a tab is "\\t" in double quotes'),
        ({"quoting": "maybe"}, "tasks.own.quoting: input should be 'quoted' or 'unquoted'"),
        ({"files": {"train": "a.parquet", "test": "b.parquet"}, "separator": ";"}, "no file of this task is one"),
        ({"files": {"train": "a.parquet", "test": "b.parquet"}, "encoding": "cp1252"}, "no file of this task is one"),
        *(
            ({"files": {"train": "a.csv", name: "b.csv"}}, f"tasks.own.files: '{name}' is reserved by the workflow")
            for name in ("held_out", "pooled", "trials")
        ),
        ({"files": {"train": "a.csv", "test": "b.xlsx"}}, "file b.xlsx has an unsupported extension"),
    ],
)
def test_settings_are_refused_when_they_are_read(changes, words):
    own = {"kind": "own_files", "files": {"train": "a.csv", "test": "b.csv"}, "text_columns": {"a": "text"}}
    problems = []
    task = own | {"labels": LABELS, "answers": LABELS, "prompt": "{a}"} | changes
    assert read_kind_of("tasks")(task, "tasks.own", problems) is None
    assert words in " ".join(problems) and "{'kind'" not in " ".join(problems), "no mapping is printed whole"

"""Whatever texts a file of examples is written with, reading gives them back: examples that Hypothesis makes up.

The number of examples is the profile's (tests/unit/conftest.py): HYPOTHESIS_PROFILE=nightly tries thousands.
"""

import csv
import gzip
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from fineprint.core.settings import SettingsError
from fineprint.tasks._quoting import FEW
from fineprint.tasks.own_files import Settings as OwnFiles

LABELS = ["no", "yes", "None"]
COLUMNS = ("first", "label", "second")
# Anything but what no file of text has: NUL, and halves of characters.
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# What means something to one of the formats, or looks like the end of a line.
MEANT = st.sampled_from('"""\t\n\r,;|\\\'{}[] ab10-\u2028\x85\x1c\x0b')
TEXTS = st.text(st.one_of(MEANT, ANY), min_size=1, max_size=12).filter(lambda text: not text.isspace())
PLAIN_TEXTS = TEXTS.map(lambda text: text.replace("\t", "").replace("\n", "").replace("\r", "")).filter(str.strip)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
# Separators that stand in most texts need quoting most.
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])


def tables(texts):
    """Draw examples, each label at least once."""
    rest = st.lists(st.tuples(texts, st.sampled_from(LABELS), texts), max_size=5)
    first = st.tuples(*(st.tuples(texts, st.just(label), texts) for label in LABELS))
    return st.tuples(first, rest).map(lambda parts: [*parts[0], *parts[1]])


def read(name, data, **settings):
    """Return the examples of a file with this content, as they were drawn."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(data, 1) if name.endswith(".gz") else data)
        own = {"kind": "own_files", "files": {"train": path, "test": path}, "labels": LABELS, "answers": LABELS}
        words = {"text_columns": {"a": "first", "b": "second"}, "prompt": "{a} {b}"}
        rows = OwnFiles.model_validate(own | words | settings).load_splits(1)["test"]
    return [(row.texts["a"], LABELS[row.label], row.texts["b"]) for row in rows]


def write_quoted(table, separator, quoting, end):
    file = io.StringIO()
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end).writerows([COLUMNS, *table])
    return file.getvalue()


def without_returns(table):
    """Return examples without carriage returns, which Python 3.11 does not quote where lines end in line feeds."""
    return [tuple(text.replace("\r", "-") for text in row) for row in table]


@given(tables(TEXTS), QUOTING, st.sampled_from(["\n", "\r\n"]), ENCODINGS, st.sampled_from(["rows.csv", "rows.csv.gz"]))
@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_csv(separator, table, quoting, end, encoding, name):
    if quoting == csv.QUOTE_MINIMAL:
        table = without_returns(table)
    data = write_quoted(table, separator, quoting, end).encode(encoding)
    try:
        assert read(name, data) == table
    except SettingsError as error:
        # A text of several lines, each of which is a whole row with a label: only who wrote it can know.
        event("asked")
        assert "each of these lines is a complete row with its own label" in str(error)
    assert read(name, data, quoting="quoted", separator=separator) == table


@given(tables(TEXTS), QUOTING, st.sampled_from(["\n", "\r\n"]), ENCODINGS, st.sampled_from(["rows.tsv", "rows.txt.gz"]))
def test_quoted_tsv(table, quoting, end, encoding, name):
    if quoting == csv.QUOTE_MINIMAL:
        table = without_returns(table)
    data = write_quoted(table, "\t", quoting, end).encode(encoding)
    try:
        assert read(name, data) == table
    except SettingsError as error:
        event("asked")
        assert "set quoting: quoted" in str(error)
    assert read(name, data, quoting="quoted") == table


@given(tables(PLAIN_TEXTS), ENCODINGS, st.sampled_from(["rows.tsv", "rows.csv", "rows.tab.gz"]))
def test_tsv_without_quoting(table, encoding, name):
    data = "".join("\t".join(row) + "\n" for row in [COLUMNS, *table]).encode(encoding)
    assert read(name, data, quoting="unquoted") == table
    # Double marks inside a pair, or many pairs, are what a program writes that quotes: then it is quoted.
    texts = [text for row in table for text in (row[0], row[2]) if text[0] == text[-1] == '"' and len(text) > 1]
    assume(len(texts) < FEW and not any('"' in text[1:-1] or text == '""' for text in texts))
    try:
        assert read(name, data) == table
    except SettingsError as error:
        event("asked")
        assert "set quoting: quoted" in str(error)


@given(tables(TEXTS), ENCODINGS, st.booleans(), st.sampled_from(["rows.jsonl", "rows.json", "rows.ndjson.gz"]))
def test_json_lines(table, encoding, ascii_only, name):
    lines = [json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=ascii_only) for row in table]
    assert read(name, "\n".join(lines).encode(encoding)) == table


@given(tables(TEXTS), ENCODINGS, st.sampled_from([None, 0, 2]), st.sampled_from(["rows.json", "rows.jsonl.gz"]))
def test_json_array(table, encoding, indent, name):
    entries = [dict(zip(COLUMNS, row, strict=True)) for row in table]
    assert read(name, json.dumps(entries, indent=indent, ensure_ascii=False).encode(encoding)) == table


@given(tables(TEXTS), st.booleans(), st.sampled_from(["rows.parquet", "rows.parquet.gz"]))
def test_parquet(table, categorical, name):
    file, frame = io.BytesIO(), pandas.DataFrame(table, columns=COLUMNS)
    if categorical:
        frame["label"] = frame["label"].astype("category")
    frame.to_parquet(file)
    assert read(name, file.getvalue()) == table


@given(st.binary(max_size=60), st.sampled_from(["csv", "tsv", "json", "jsonl", "parquet", "csv.gz", "jsonl.gz"]))
def test_bytes_of_any_kind_are_read_or_refused_in_a_sentence(data, ending):
    for content in (data, b"first,label,second\n" + data, b'{"first": "a", "label": "no", "second": "b"}\n' + data):
        try:
            rows = read(f"rows.{ending}", content)
        except SettingsError as error:
            assert "rows." in str(error) and "Traceback" not in str(error)
        else:
            assert {label for _, label, _ in rows} == set(LABELS)

"""The two further demo tasks: balanced rows without shortcuts, in words that both demo backbones know."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from fineprint.core.settings import find_settings
from fineprint.demo import opinions, questions
from fineprint.demo.clauses import Clause, Phrase
from fineprint.demo.ledger import Ledger
from fineprint.demo.tokenizer import build_decoder_tokenizer, build_encoder_tokenizer
from fineprint.readouts import Context, TaskWording
from fineprint.tasks import NO_LABEL
from fineprint.tasks._demo import GENRES
from fineprint.tasks._rows import cut_held_out, drop_unlabeled
from shortcuts import score_shortcut

SEEDS = (42, 7)
PHENOMENA = {"demo_sentiment": opinions.PHENOMENA, "demo_question_answering": questions.PHENOMENA}
KINDS = tuple(PHENOMENA)
# English as it should not be: the wrong article, a doubled word, a wrong number.
WRONG = (r"\ba [aeiou]", r"\ban [^aeiou]", r"\s\s", r"\b(\w+) \1\b", r"of the \w+s (\w+ )?is\b", r"^The \w+ are\b")


def make(kind, seed, **sizes):
    return find_settings("tasks", kind)(**sizes).load_splits(seed)


@pytest.fixture(scope="module")
def made():
    return {(kind, seed): make(kind, seed) for kind in KINDS for seed in SEEDS}


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_labels_and_tags(made, kind):
    for split, size in (("train", 2000), ("test", 600)):
        rows = made[kind, 42][split]
        labels = Counter(row.label for row in rows)
        assert labels.pop(NO_LABEL) == 9 and labels.total() == size
        assert max(labels.values()) <= 0.52 * size
        assert {row.tags["genre"] for row in rows} == set(GENRES)
        assert len({row.id for row in rows}) == len(rows)
        phenomena = Counter(row.tags["phenomenon"] for row in rows)
        assert set(phenomena) == set(PHENOMENA[kind])
        assert min(phenomena.values()) >= 0.03 * size, phenomena


@pytest.mark.parametrize("kind", KINDS)
def test_no_phenomenon_has_one_label_only(made, kind):
    rows = drop_unlabeled(made[kind, 42]["train"])
    for phenomenon in PHENOMENA[kind]:
        labels = [row.label for row in rows if row.tags["phenomenon"] == phenomenon]
        assert 0.35 <= sum(labels) / len(labels) <= 0.65, phenomenon


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_are_settings_and_a_seed_gives_the_same_rows(kind):
    sizes = {"train_rows": 60, "test_rows": 30, "unlabeled_rows": 2}
    first = make(kind, 3, **sizes)
    assert {split: len(rows) for split, rows in first.items()} == {"train": 62, "test": 32}
    assert make(kind, 3, **sizes) == first != make(kind, 4, **sizes)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_occurs_twice(made, kind):
    for seed in SEEDS:
        texts = [tuple(row.texts.values()) for rows in made[kind, seed].values() for row in rows]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("build", [build_encoder_tokenizer, build_decoder_tokenizer])
def test_both_backbones_know_every_word(made, kind, build):
    tokenizer, settings = build(), find_settings("tasks", kind)()
    for rows in made[kind, 7].values():
        for row in rows:
            text = f"{settings.prompt.format(**row.texts)} {settings.answers[row.label]}"
            assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"], text


@pytest.mark.parametrize("kind", KINDS)
def test_rows_fit_into_the_demo_studys_inputs(made, kind):
    settings, encoder, decoder = find_settings("tasks", kind)(), build_encoder_tokenizer(), build_decoder_tokenizer()
    for row in made[kind, 42]["test"]:
        assert len(encoder(*row.texts.values())["input_ids"]) <= 64
        assert len(decoder(settings.prompt.format(**row.texts))["input_ids"]) <= 62


@pytest.mark.parametrize("kind", KINDS)
def test_sentences_are_english(made, kind):
    for rows in made[kind, 42].values():
        for text in (text for row in rows for text in row.texts.values()):
            for sentence in re.findall(r"[^.?]+[.?]", text):
                assert re.fullmatch(r"[A-Z][a-z,: ]+[.?]", sentence.strip()), text
                assert not any(re.search(pattern, sentence.strip()) for pattern in WRONG), text
            assert re.search(r"\b(is|are)\b", text.lower())


@pytest.mark.parametrize("seed", SEEDS)
def test_words_do_not_give_a_sentiment_away(made, seed):
    accuracy, _ = score_shortcut(made["demo_sentiment", seed], ["sentence"])
    assert accuracy <= 0.60


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("field", ["passage", "question"])
def test_one_text_alone_does_not_give_an_answer_away(made, seed, field):
    accuracy, majority = score_shortcut(made["demo_question_answering", seed], [field])
    assert accuracy <= majority + 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_words_and_overlap_do_not_give_an_answer_away(made, seed):
    accuracy, _ = score_shortcut(made["demo_question_answering", seed], ["passage", "question"], with_overlap=True)
    assert accuracy <= 0.60


def test_every_passage_and_every_question_comes_with_both_answers(made):
    rows = made["demo_question_answering", 42]["train"]
    for field in ("passage", "question"):
        answers = {}
        for row in drop_unlabeled(rows):
            answers.setdefault(row.texts[field], set()).add(row.label)
        assert sum(len(labels) == 2 for labels in answers.values()) >= 0.95 * len(answers)


def test_what_was_made_together_is_held_out_together(made):
    train, held_out = cut_held_out(drop_unlabeled(made["demo_question_answering", 42]["train"]), 0.1, seed=1)
    for field in ("passage", "question"):
        shared = {row.texts[field] for row in train} & {row.texts[field] for row in held_out}
        assert len(shared) <= 2, shared  # two makings may come upon the same question


@pytest.mark.parametrize(
    ("kind", "build"), [("classifier", build_encoder_tokenizer), ("generation", build_decoder_tokenizer)]
)
def test_a_long_passage_is_cut_and_counted_and_the_question_stays_whole(made, kind, build):
    task = find_settings("tasks", "demo_question_answering")()
    rows = made["demo_question_answering", 42]["test"][:20]
    gpu, tokenizer = TaskWording(task.labels, task.answers, task.prompt), build()
    readout = find_settings("readouts", kind)(kind=kind).build(Context(gpu, tokenizer, max_length=64, seed=1))
    for row in rows:
        long = replace(row, texts=row.texts | {"passage": f"{row.texts['passage']} " * 20})
        tokens = next(iter(readout.encode(long, with_answer=False).values()))
        question = tokenizer(row.texts["question"], add_special_tokens=False)["input_ids"]
        assert len(tokens) <= 64
        assert any(tokens[start : start + len(question)] == question for start in range(len(tokens)))
    assert readout.truncated_rows == len(rows)


@pytest.mark.parametrize(
    ("clause", "question"),
    [
        (Clause(Phrase(("farmer",), "tall", "the"), "buying", Phrase(("hat",))), "Is the tall farmer buying a hat?"),
        (
            Clause(Phrase(("man",), amount="at least three"), "hiding", Phrase(("cat", "dog"), joiner="or")),
            "Are at least three men hiding a cat or a dog?",
        ),
        (
            Clause(Phrase(("sailor",), amount="none of the"), "selling", Phrase(("raft",)), place="on the pier"),
            "Are none of the sailors selling a raft on the pier?",
        ),
    ],
)
def test_a_clause_becomes_a_question(clause, question):
    assert questions.render_question(clause) == question


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        (r"The .*friend of the sad \w+ is (happy|cheerful)\.", 1),
        (r"None of the \w+ are (happy|cheerful)( .*)?\.", 0),
        (r"A wrong \w+: the .* is (happy|cheerful|clean)( .*)?\.", 0),
        (r"A wrong \w+: the .* is not (happy|cheerful|clean)( .*)?\.", 1),
        (r"The .* is the least (dirty|sad) of all\.", 1),
        (r"The .* is not at all (happy|cheerful|clean)( .*)?\.", 0),
        (r"The .* (happy|cheerful|clean) before lunch and (sad|dirty) after lunch\.", 0),
        (r"The .* is (happy|cheerful|clean), not (sad|dirty)\.", 1),
        (r"(Perhaps|Maybe) the .* is not (sad|dirty)( .*)?\.", 1),
    ],
)
def test_sentences_have_the_sentiment_that_they_state(made, sentence, label):
    rows = drop_unlabeled(made["demo_sentiment", 42]["train"])
    found = [row.label for row in rows if re.fullmatch(sentence, row.texts["sentence"])]
    assert found and set(found) == {label}


def test_a_ledger_takes_several_examples_or_none():
    ledger = Ledger((0, 1), slack=1, share=0.0)
    assert ledger.accept((["a"], 0), (["a"], 1))
    assert ledger.accept((["b"], 0))
    assert not ledger.accept((["c"], 0), (["b"], 0))
    assert ledger.counts["c"].total() == 0 and ledger.counts["b"].total() == 1

"""The demo study: pairs without shortcuts, tokenizers that lose nothing, backbones that load like any other."""

import importlib
import logging
import re
from random import Random

import pytest
import torch

from fineprint.demo import lexicon
from fineprint.demo.batches import WordReader
from fineprint.demo.documents import EVALUATION_NAMES, Lessons, draw_documents, pick_wording
from fineprint.demo.tokenizer import DECODER_PATTERN, ENCODER_PATTERN, build_decoder_tokenizer, build_encoder_tokenizer
from fineprint.tasks import NO_LABEL
from fineprint.tasks.demo_nli import Settings
from shortcuts import score_shortcut

SEEDS = (42, 7)


@pytest.fixture(scope="module")
def splits_by_seed():
    return {seed: Settings().load_splits(seed) for seed in SEEDS}


def list_pairs(rows):
    return [(row.texts["premise"], row.texts["hypothesis"]) for row in rows]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("field", ["hypothesis", "premise"])
def test_one_sentence_alone_does_not_give_the_label_away(splits_by_seed, seed, field):
    accuracy, majority = score_shortcut(splits_by_seed[seed], [field])
    assert accuracy <= majority + 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_words_and_overlap_do_not_give_the_label_away(splits_by_seed, seed):
    accuracy, _ = score_shortcut(splits_by_seed[seed], ["premise", "hypothesis"], with_overlap=True)
    assert accuracy <= 0.60


def test_sizes_labels_and_tags(splits_by_seed):
    settings, splits = Settings(), splits_by_seed[42]
    for split, size in (("train", 3000), ("matched", 810), ("mismatched", 810)):
        rows = splits[split]
        assert sum(row.label != NO_LABEL for row in rows) == size
        assert sum(row.label == NO_LABEL for row in rows) == settings.unlabeled_rows
        assert {row.tags["phenomenon"] for row in rows} == set(lexicon.PHENOMENA)
        assert len({row.id for row in rows}) == len(rows)
        assert all(row.group == row.texts["premise"] for row in rows)
    assert {row.tags["genre"] for row in splits["train"]} == set(lexicon.MATCHED_GENRES)
    assert {row.tags["genre"] for row in splits["matched"]} == set(lexicon.MATCHED_GENRES)
    assert {row.tags["genre"] for row in splits["mismatched"]} == set(lexicon.MISMATCHED_GENRES)


def test_the_same_seed_gives_the_same_rows():
    few = Settings(train_rows=120, matched_rows=60, mismatched_rows=60)
    rows = few.load_splits(42)
    assert few.load_splits(42) == rows
    assert all(few.load_splits(7)[split] != rows[split] for split in rows)


def test_no_pair_occurs_twice(splits_by_seed):
    for splits in splits_by_seed.values():
        pairs = [pair for rows in splits.values() for pair in list_pairs(rows)]
        assert len(pairs) == len(set(pairs))


def test_sentences_are_english(splits_by_seed):
    sentences = {text for rows in splits_by_seed[42].values() for row in rows for text in row.texts.values()}
    wrong = (r"\ba [aeiou]", r"\ban [^aeiou]", r"\s\s", r"\b(\w+) \1\b", r"of the \w+ (\w+ )?is\b", r"^The \w+ are\b")
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z][a-z ]+\.", sentence)
        assert not any(re.search(pattern, sentence) for pattern in wrong), sentence
        assert re.search(r"\b(is|are)\b", sentence)


def test_prompt_holds_every_field_and_ends_before_the_answer(splits_by_seed):
    prompt = Settings().prompt.format(**splits_by_seed[42]["train"][0].texts)
    assert prompt.endswith("Answer:")


@pytest.mark.parametrize(
    ("build", "pattern"), [(build_encoder_tokenizer, ENCODER_PATTERN), (build_decoder_tokenizer, DECODER_PATTERN)]
)
def test_tokenizer_knows_every_word_and_loses_none(splits_by_seed, build, pattern):
    settings, tokenizer = Settings(), build()
    row = splits_by_seed[42]["matched"][0]
    example = f"{settings.prompt.format(**row.texts)} {settings.answers[0]}\n\n{settings.prompt.format(**row.texts)}"
    for text in [example, *(text for row in splits_by_seed[7]["mismatched"] for text in row.texts.values())]:
        numbers = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.unk_token_id not in numbers
        assert tokenizer.convert_ids_to_tokens(numbers) == re.findall(pattern, text.lower())
        assert WordReader(tokenizer.get_vocab(), pattern).read(text) == numbers


def test_encoder_tokenizer_writes_pairs_as_roberta_does():
    tokenizer = build_encoder_tokenizer()
    encoded = tokenizer("A dog.", "An animal.")
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert tokens == ["<s>", "a", "dog", "</s>", "</s>", "an", "animal", "</s>"]
    assert encoded["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_decoder_tokenizer_has_a_padding_token_of_its_own():
    tokenizer = build_decoder_tokenizer()
    assert tokenizer.pad_token_id not in (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.unk_token_id)
    assert tokenizer("A dog.")["input_ids"][0] == tokenizer.bos_token_id
    assert tokenizer.chat_template is None


def test_pretraining_never_uses_the_wording_of_the_evaluation():
    random = Random(0)
    assert all(pick_wording(random) != EVALUATION_NAMES for _ in range(500))
    assert "{}: {{premise}}\n{}: {{hypothesis}}\n{}:".format(*EVALUATION_NAMES) == Settings().prompt


def test_pretraining_drops_and_counts_test_pairs():
    drawn = Lessons(Random(3), (), frozenset()).draw_triple(1.0)
    known = (drawn[0].premise, drawn[0].hypothesis)
    lessons = Lessons(Random(3), (), frozenset([known]))
    assert known not in [(lesson.premise, lesson.hypothesis) for lesson in lessons.draw_triple(1.0)]
    assert lessons.dropped == 1


def test_documents_hold_the_wanted_number_of_examples():
    document = next(draw_documents(Lessons(Random(1), (), frozenset()), 1.0, examples=2))
    assert len(document.split("\n\n")) == 2


@pytest.mark.parametrize(
    ("kind", "auto", "answers"),
    [("demo_encoder", "AutoModelForSequenceClassification", 3), ("demo_decoder", "AutoModelForCausalLM", None)],
)
def test_a_few_steps_give_a_folder_that_loads_and_can_be_repeated(tmp_path, caplog, kind, auto, answers):
    import transformers

    settings = importlib.import_module(f"fineprint.backbones.{kind}").Settings(kind=kind, steps=4)
    with caplog.at_level(logging.INFO):
        facts = settings.fetch(tmp_path / "first", 42)
    assert facts["pretraining_steps"] == 4
    assert facts["pretraining_tokens"] > 0
    assert facts["dropped_test_pairs"] >= 0
    assert "step 4/4" in caplog.text
    model = getattr(transformers, auto).from_pretrained(tmp_path / "first", **({"num_labels": 3} if answers else {}))
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "first")
    with torch.inference_mode():
        logits = model(**tokenizer(["A dog.", "A dog in the barn."], padding=True, return_tensors="pt")).logits
    assert logits.shape[-1] == (answers or len(tokenizer))
    settings.fetch(tmp_path / "second", 42)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert weights[0] == weights[1]

"""What the demo's backbones read before fine-tuning, read off the generators' output: two sentences and whether they
contradict each other, never which of the task's three labels they have."""

import re
from collections import defaultdict
from itertools import islice
from random import Random

import pytest

from fineprint.backbones.demo_decoder import Settings as Decoder
from fineprint.backbones.demo_encoder import Settings as Encoder
from fineprint.demo.batches import IGNORED
from fineprint.demo.documents import Lessons, draw_documents
from fineprint.demo.phenomena import CONTRADICTION, ENTAILMENT, NEUTRAL
from fineprint.tasks.demo_nli import Settings as Task

THIRD_CLASS = {"maybe", "perhaps", "indeed", "entailment", "neutral", "contradiction", "entailed", "unknown", "unclear"}
PHASES = (0.0, 0.5, 1.0)  # phrases alone, growing sentences, whole sentences


class NotedLessons(Lessons):
    """Lessons that note which of the task's labels each pair has, which the lessons themselves do not keep."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.noted = defaultdict(set)

    def _teach(self, premise, hypothesis, label, keep):
        lesson = super()._teach(premise, hypothesis, label, keep)
        self.noted[as_words(lesson.premise), as_words(lesson.hypothesis)].add(label)
        return lesson


def as_words(text):
    return tuple(re.findall(r"[a-z]+", text.lower()))


def draw_lessons(left_out=(), seed=5):
    return NotedLessons(Random(seed), left_out, frozenset())


def list_told(noted, pairs):
    """Return what is told of the pairs of each label; of pairs with a single label, which nearly all have."""
    told = defaultdict(set)
    for pair, word in pairs:
        if len(noted[pair]) == 1:
            told[next(iter(noted[pair]))].add(word)
    return dict(told)


def read_examples(document):
    """Return each worked example of a document: its two sentences as words, and its answer."""
    for example in document.split("\n\n"):
        premise, hypothesis, answer = (line.split(": ")[1] for line in example.split("\n"))
        yield (as_words(premise), as_words(hypothesis)), answer


def read_passage(lessons, document):
    """Return the two sentences of a passage, and its last word."""
    *words, last = as_words(document)
    [cut] = [n for n in range(len(words) + 1) if (tuple(words[:n]), tuple(words[n:])) in lessons.noted][:1]
    return (tuple(words[:cut]), tuple(words[cut:])), last


@pytest.mark.parametrize("progress", PHASES)
@pytest.mark.parametrize("examples", [0, *Decoder().example_shares])
def test_a_decoder_is_told_the_same_of_what_follows_and_of_what_may_be(progress, examples):
    lessons = draw_lessons()
    documents = list(islice(draw_documents(lessons, progress, examples), 400))
    if examples:
        pairs = [pair for document in documents for pair in read_examples(document)]
    else:
        pairs = [read_passage(lessons, document) for document in documents]
    yes, no = ({"yes"}, {"no"}) if examples else ({"possible"}, {"wrong"})
    assert list_told(lessons.noted, pairs) == {ENTAILMENT: yes, NEUTRAL: yes, CONTRADICTION: no}
    assert not THIRD_CLASS & {word for document in documents for word in as_words(document)}


@pytest.mark.parametrize("progress", PHASES)
def test_an_encoder_is_told_the_same_of_what_follows_and_of_what_may_be(progress):
    settings, lessons, pairs, words = Encoder(), draw_lessons(), [], set()
    tokenizer = settings.build_tokenizer()
    names = {number: word for word, number in tokenizer.get_vocab().items()}
    # Nothing masked, so that the sentences can be read back; what is told at <s> stays.
    settings = settings.model_copy(update={"masked_share": 0.0})
    for batch in islice(settings.draw_batches(tokenizer, lessons, lambda: progress), 40):
        for ids, labels in zip(batch.input_ids.tolist(), batch.labels.tolist(), strict=True):
            tokens = [names[number] for number in ids if names[number] != "<pad>"]
            first = tokens.index("</s>")
            pairs.append(((tuple(tokens[1:first]), tuple(tokens[first + 2 : -1])), names[labels[0]]))
            assert set(labels[1:]) <= {IGNORED}, "at <s> alone"
            words |= {*tokens, names[labels[0]]}
    assert list_told(lessons.noted, pairs) == {
        ENTAILMENT: {"possible"},
        NEUTRAL: {"possible"},
        CONTRADICTION: {"wrong"},
    }
    assert not THIRD_CLASS & words


@pytest.mark.parametrize("settings", [Encoder(), Decoder()], ids=lambda settings: settings.kind)
def test_no_batch_of_pretraining_holds_a_third_class(settings):
    """As pretraining draws them, phrases and sentences, whatever of them is to be told."""
    tokenizer, progress = settings.build_tokenizer(), iter(range(10**9))
    lessons = Lessons(Random(7), settings.left_out, frozenset())
    batches = settings.draw_batches(tokenizer, lessons, lambda: min(1.0, next(progress) / 1000))
    seen = {
        number
        for batch in islice(batches, 150)
        for part in (batch.input_ids, batch.labels)
        for number in part.unique().tolist()
    }
    words = set(tokenizer.convert_ids_to_tokens(sorted(seen - {IGNORED})))
    assert not THIRD_CLASS & words and len(words) > 100
    assert {*Task().labels, "maybe"} <= THIRD_CLASS and "maybe" in Task().answers
    assert {"possible", "wrong"} <= words


@pytest.mark.parametrize("settings", [Encoder(), Decoder()], ids=lambda settings: settings.kind)
def test_the_report_says_what_was_taught_in_one_sentence(settings):
    assert "whether two made-up sentences contradict each other" in settings.origin
    assert "never which of a task's labels" in settings.origin and "." not in settings.origin

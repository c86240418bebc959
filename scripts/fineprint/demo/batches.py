"""Pretraining documents as tensors: which tokens are read, which are to be told, and how much each one counts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from fineprint.demo.documents import ANSWERS, CONNECTIVES, Lesson, Lessons, draw_documents

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
# So many hypotheses are drawn at once and sorted by length.
POOLED_TRIPLES = 128
Growth = Callable[[], float]


@dataclass(frozen=True)
class Batch:
    """Tokens, their segments, the tokens to be told at each position (or `IGNORED`), and the weights of these."""

    input_ids: "Tensor"
    segments: "Tensor"
    attention_mask: "Tensor"
    labels: "Tensor"
    weights: "Tensor"


@dataclass(frozen=True)
class Document:
    """One line of a batch, before it is padded."""

    input_ids: list[int]
    segments: list[int]
    labels: list[int]
    weights: list[float]


class WordReader:
    """Turns text into token numbers as the tokenizer does, without its overhead for many short texts."""

    def __init__(self, vocabulary: dict[str, int], pattern: str) -> None:
        self.vocabulary = vocabulary
        self.pattern = re.compile(pattern)

    def read(self, text: str) -> list[int]:
        """Return the token numbers of a text, without special tokens."""
        return [self.vocabulary[token] for token in self.pattern.findall(text.lower())]


def collate(documents: list[Document], padding: int) -> Batch:
    """Pad documents to the longest and stack them."""
    import torch

    longest = max(len(document.input_ids) for document in documents)

    def stack(field: str, filler: float) -> "Tensor":
        rows = (getattr(document, field) for document in documents)
        return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])

    input_ids = stack("input_ids", padding)
    return Batch(
        input_ids=input_ids,
        segments=stack("segments", 0),
        attention_mask=(input_ids != padding).long(),
        labels=stack("labels", IGNORED),
        weights=stack("weights", 0.0),
    )


def draw_encoder_batches(
    reader: WordReader, lessons: Lessons, growth: Growth, tokens: int, masked_share: float, label_weight: float
) -> Iterator[Batch]:
    """Yield batches for masked language modeling; at <s> the model tells whether the two contradict each other."""

    def write(lesson: Lesson) -> Document:
        return _mask(lessons.random, reader, lesson, masked_share, label_weight)

    while True:
        triples = [[write(lesson) for lesson in lessons.draw_triple(growth())] for _ in range(POOLED_TRIPLES)]
        yield from _group_by_length(lessons.random, triples, tokens, reader.vocabulary["<pad>"])


def _group_by_length(random: Random, groups: list[list[Document]], tokens: int, padding: int) -> Iterator[Batch]:
    """Yield batches of about equally many tokens from documents of about equal length; a group stays together."""
    groups = sorted((group for group in groups if group), key=_measure)
    batches: list[list[Document]] = [[]]
    for group in groups:
        if (len(batches[-1]) + len(group)) * _measure(group) > tokens and batches[-1]:
            batches.append([])
        batches[-1] += group
    random.shuffle(batches)
    for batch in batches:
        yield collate(batch, padding)


def _measure(group: list[Document]) -> int:
    return max(len(document.input_ids) for document in group)


def _mask(random: Random, reader: WordReader, lesson: Lesson, masked_share: float, label_weight: float) -> Document:
    vocabulary = reader.vocabulary
    begin, end, mask = (vocabulary[token] for token in ("<s>", "</s>", "<mask>"))
    first = [begin, *reader.read(lesson.premise), end]
    second = [end, *reader.read(lesson.hypothesis), end]
    tokens = first + second
    input_ids, labels, weights = list(tokens), [IGNORED] * len(tokens), [1.0] * len(tokens)
    for position, token in enumerate(tokens):
        if token not in (begin, end) and random.random() < masked_share:
            input_ids[position], labels[position] = mask, token
    labels[0], weights[0] = vocabulary[CONNECTIVES[lesson.contradicts]], label_weight
    return Document(input_ids, [0] * len(first) + [1] * len(second), labels, weights)


def draw_decoder_batches(
    reader: WordReader,
    lessons: Lessons,
    growth: Growth,
    tokens: int,
    shares: dict[int, float],
    other_weight: float,
) -> Iterator[Batch]:
    """Yield batches for language modeling; one batch holds documents with the same number of worked examples."""
    random = lessons.random
    while True:
        examples = random.choices(list(shares), weights=list(shares.values()))[0]
        documents = draw_documents(lessons, growth(), examples)
        texts = islice(documents, 3 * POOLED_TRIPLES // max(1, examples))
        groups = [[_write_text(reader, text, other_weight)] for text in texts]
        yield from _group_by_length(random, groups, tokens, reader.vocabulary["<pad>"])


def _write_text(reader: WordReader, text: str, other_weight: float) -> Document:
    vocabulary = reader.vocabulary
    told = {vocabulary[word] for word in (*ANSWERS.values(), *CONNECTIVES.values())}
    tokens = [vocabulary["<bos>"], *reader.read(text), vocabulary["<eos>"]]
    weights = [1.0 if token in told else other_weight for token in tokens[1:]]
    return Document(tokens[:-1], [0] * len(weights), tokens[1:], weights)

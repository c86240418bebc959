"""Pairs of sentences with a label, drawn so that neither words nor overlap give the label away."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, render_clause
from fineprint.demo.edits import enrich, vary_words
from fineprint.demo.ledger import Ledger, list_pair_features
from fineprint.demo.phenomena import CONTRADICTION, ENTAILMENT, NEUTRAL, make_hypothesis, make_premise

LABELS = (ENTAILMENT, NEUTRAL, CONTRADICTION)


@dataclass(frozen=True)
class Pair:
    """A premise, a hypothesis and what decides between them."""

    premise: str
    hypothesis: str
    label: int
    genre: str
    phenomenon: str


def make_clauses(
    random: Random, genre: str, phenomenon: str, label: int, hypothesis: Clause, detail: float = 0.3
) -> tuple[Clause, Clause] | None:
    """Return a premise and the hypothesis, or nothing if the two came out alike; `detail` is how much more is said."""
    premise = make_premise(random, hypothesis, phenomenon, label)
    if premise.is_upward and hypothesis.is_upward:
        premise = enrich(random, premise, hypothesis, genre, detail)
        if label != ENTAILMENT:
            premise = _lose_detail(random, premise, hypothesis)
    if random.random() < 0.4 or premise == hypothesis:
        premise = vary_words(random, premise)
    return None if premise == hypothesis else (premise, hypothesis)


def _lose_detail(random: Random, premise: Clause, hypothesis: Clause) -> Clause:
    """Leave out of the premise what both say, where the label is not entailment anyway."""
    for slot in ("place", "tail"):
        if getattr(premise, slot) == getattr(hypothesis, slot) and random.random() < 0.3:
            premise = premise._replace(**{slot: ""})
    return premise


def make_triple(random: Random, genre: str, phenomenon: str) -> list[Pair]:
    """Return one hypothesis with three premises, one for each label (fewer where two sentences came out alike)."""
    hypothesis = make_hypothesis(random, genre, phenomenon)
    made = [(label, _make_different(random, genre, phenomenon, label, hypothesis)) for label in LABELS]
    return [
        Pair(render_clause(clauses[0]), render_clause(clauses[1]), label, genre, phenomenon)
        for label, clauses in made
        if clauses
    ]


def _make_different(
    random: Random, genre: str, phenomenon: str, label: int, hypothesis: Clause
) -> tuple[Clause, Clause] | None:
    """Try a few times, with more and more detail, until the two sentences differ."""
    for detail in (0.3, 0.5, 0.7, 0.9):
        if clauses := make_clauses(random, genre, phenomenon, label, hypothesis, detail):
            return clauses
    return None


def draw_pairs(random: Random, genres: tuple[str, ...], slack: int = 6, share: float = 0.12) -> Iterator[Pair]:
    """Yield balanced pairs without end, the phenomena in turn and the genres in turn."""
    ledger = Ledger(LABELS, slack, share)
    while True:
        for phenomenon in lexicon.PHENOMENA:
            for genre in genres:
                yield from _draw_pair(random, genre, phenomenon, ledger)


def _draw_pair(random: Random, genre: str, phenomenon: str, ledger: Ledger, tries: int = 30) -> Iterator[Pair]:
    """Yield one pair that the ledger accepts, or none if it accepts none of a few."""
    for _ in range(tries):
        triple = make_triple(random, genre, phenomenon)
        random.shuffle(triple)
        for pair in triple:
            if ledger.accept((list_pair_features(pair.premise, pair.hypothesis), pair.label)):
                yield pair
                return

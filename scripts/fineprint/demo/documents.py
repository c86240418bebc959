"""What the demo backbones read before fine-tuning: pairs of sentences, and whether the two contradict each other.

That is a neighbor of the task, as the prediction of the next sentence is for real models, not the task itself: a pair
that follows and one that is merely possible are told in the same words, so no document carries the task's three labels.

Reading begins with short phrases ("a goat", "an animal") and grows to sentences; some phrases stay to the end.
The full sentences of some phenomena are left out, so that fine-tuning has something left to teach.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, render_clause
from fineprint.demo.pairs import LABELS, make_clauses
from fineprint.demo.phenomena import CONTRADICTION, make_hypothesis

# How a text says of two sentences that both may hold, or that they contradict each other.
CONNECTIVES = {False: "possible", True: "wrong"}
ANSWERS = {False: "yes", True: "no"}
PREMISE_NAMES = ("Premise", "Text", "Passage")
HYPOTHESIS_NAMES = ("Hypothesis", "Claim", "Statement")
ANSWER_NAMES = ("Answer", "Verdict", "Reply")
EVALUATION_NAMES = ("Premise", "Hypothesis", "Answer")
GENRES = (*lexicon.MATCHED_GENRES, *lexicon.MISMATCHED_GENRES)


@dataclass(frozen=True)
class Lesson:
    """One premise and hypothesis as read in pretraining. Which of the three labels they have is not kept: all that is
    told is whether they contradict each other."""

    premise: str
    hypothesis: str
    contradicts: bool


class Lessons:
    """A source of lessons that never repeats a test pair, and counts how often it would have."""

    def __init__(
        self, random: Random, left_out: tuple[str, ...], test_pairs: frozenset[tuple[str, str]], phrases: float = 0.2
    ) -> None:
        self.random = random
        self.left_out = left_out
        self.test_pairs = test_pairs
        self.phrases = phrases
        self.dropped = 0

    def draw_triple(self, progress: float) -> list[Lesson]:
        """Return one hypothesis with premises for each label; `progress` (0 to 1) is how far sentences have grown."""
        random = self.random
        is_phrase = random.random() < self.phrases
        keep = 0.0 if is_phrase else progress
        allowed = [name for name in lexicon.PHENOMENA if name not in self.left_out or (keep < 0.5 and name != "voice")]
        phenomenon, genre = random.choice(allowed), random.choice(GENRES)
        hypothesis = make_hypothesis(random, genre, phenomenon)
        made = [make_clauses(random, genre, phenomenon, label, hypothesis, 0.3 * keep) for label in LABELS]
        lessons = [self._teach(*clauses, label, keep) for label, clauses in zip(LABELS, made, strict=True) if clauses]
        return [lesson for lesson in lessons if self._is_new(lesson)]

    def _teach(self, premise: Clause, hypothesis: Clause, label: int, keep: float) -> Lesson:
        premise, hypothesis = leave_out_common(self.random, premise, hypothesis, keep)
        return Lesson(render_clause(premise), render_clause(hypothesis), label == CONTRADICTION)

    def _is_new(self, lesson: Lesson) -> bool:
        is_test_pair = (lesson.premise, lesson.hypothesis) in self.test_pairs
        self.dropped += is_test_pair
        return not is_test_pair


def leave_out_common(random: Random, premise: Clause, hypothesis: Clause, keep: float) -> tuple[Clause, Clause]:
    """Leave out of both what they have in common, each part with the chance 1 - keep."""
    if hypothesis.verb in lexicon.ROLE_VERBS:
        return premise, hypothesis
    changes: dict[str, object] = {}
    for slot, nothing in (("subject", None), ("verb", ""), ("object", None), ("place", ""), ("tail", "")):
        is_needed = getattr(premise, slot) != getattr(hypothesis, slot)
        if slot == "subject" and not (premise.negated or hypothesis.negated):
            is_needed |= not hypothesis.is_upward
        if slot == "verb":
            is_needed |= premise.negated or hypothesis.negated
            # Where a place or time is missing on one side, something else has to be left of the sentence.
            is_needed |= any(
                bool(getattr(premise, slot)) != bool(getattr(hypothesis, slot)) for slot in ("place", "tail")
            )
        if not is_needed and random.random() >= keep:
            changes[slot] = nothing
    return premise._replace(**changes), hypothesis._replace(**changes)


def pick_wording(random: Random) -> tuple[str, str, str]:
    """Return names for the three fields of a worked example; never the three that the evaluation uses together."""
    while True:
        names = random.choice(PREMISE_NAMES), random.choice(HYPOTHESIS_NAMES), random.choice(ANSWER_NAMES)
        if names != EVALUATION_NAMES:
            return names


def write_example(names: tuple[str, str, str], lesson: Lesson) -> str:
    """Return a worked example, its answer last."""
    question = f"{names[0]}: {lesson.premise}\n{names[1]}: {lesson.hypothesis}\n{names[2]}:"
    return f"{question} {ANSWERS[lesson.contradicts]}"


def write_passage(lesson: Lesson) -> str:
    """Return running text whose last word tells how the second sentence stands to the first."""
    return f"{lesson.premise} {lesson.hypothesis} {CONNECTIVES[lesson.contradicts]}"


def draw_documents(lessons: Lessons, progress: float, examples: int) -> Iterator[str]:
    """Yield documents without end: passages if `examples` is 0, else so many worked examples in one wording."""
    random = lessons.random
    while not examples:
        yield from map(write_passage, lessons.draw_triple(progress))
    while True:
        drawn: list[Lesson] = []
        while len(drawn) < examples * 3:
            drawn += lessons.draw_triple(progress)
        random.shuffle(drawn)
        for start in range(0, examples * 3, examples):
            names = pick_wording(random)
            yield "\n\n".join(write_example(names, lesson) for lesson in drawn[start : start + examples])

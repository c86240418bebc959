"""Yes-or-no questions on short passages.

One sentence of a passage decides; others tell of somebody else who does something else with another thing.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase, render_clause
from fineprint.demo.edits import change_noun, replace_verb, specialise
from fineprint.demo.examples import Example
from fineprint.demo.ledger import Ledger, list_pair_features
from fineprint.demo.pairs import make_clauses
from fineprint.demo.phenomena import CONTRADICTION, ENTAILMENT, make_hypothesis

NO, YES = 0, 1
TOLD = {NO: CONTRADICTION, YES: ENTAILMENT}
# The two people of "voice" are doer and undergoer of one event, so there is no second subject to ask about.
PHENOMENA = tuple(phenomenon for phenomenon in lexicon.PHENOMENA if phenomenon != "voice")


def draw_questions(random: Random, genres: tuple[str, ...], slack: int = 3, share: float = 0.04) -> Iterator[Example]:
    """Yield balanced questions without end, the phenomena, the genres and the answers in turn."""
    ledger = Ledger((NO, YES), slack, share)
    while True:
        for phenomenon in PHENOMENA:
            for genre in genres:
                for label in random.sample((NO, YES), 2):
                    yield from _draw_question(random, genre, phenomenon, label, ledger)


def _draw_question(
    random: Random, genre: str, phenomenon: str, label: int, ledger: Ledger, tries: int = 30
) -> Iterator[Example]:
    """Yield one question that the ledger accepts, or none if it accepts none of a few."""
    for _ in range(tries):
        asked = make_hypothesis(random, genre, phenomenon)
        told = make_clauses(random, genre, phenomenon, TOLD[label], asked)
        if not told or not _can_be_asked(asked) or not _is_same_subject(told[0], asked):
            continue
        clauses = [told[0], _tell_of_another(random, genre, asked)]
        random.shuffle(clauses)
        passage, question = " ".join(map(render_clause, clauses)), render_question(asked)
        if ledger.accept(list_pair_features(passage, question), label):
            yield Example({"passage": passage, "question": question}, label, genre, phenomenon)
            return


def _can_be_asked(clause: Clause) -> bool:
    """Refuse questions to which people would not agree on the answer.

    "Is she not …?" is answered either way; "two farmers" may mean at least two; anybody else is a "person" too.
    """
    amount = clause.subject.amount
    return not (clause.negated or amount in lexicon.NUMBERS or clause.subject.nouns[0] == lexicon.SUBJECT_KINDS[0])


def _is_same_subject(told: Clause, asked: Clause) -> bool:
    """Whether the passage tells of the one who is asked about: the farmer may be called the worker."""
    noun, wanted = told.subject.nouns[0], asked.subject.nouns[0]
    return wanted in (noun, lexicon.KIND_OF.get(noun))


def _tell_of_another(random: Random, genre: str, asked: Clause) -> Clause:
    """Return what somebody of the other kind does: another action, with something else."""
    other = make_hypothesis(random, genre, random.choice(DISTRACTING))
    subject = specialise(random, change_noun(other.subject, _other_kind(asked.subject)))
    return replace(replace_verb(random, replace(other, verb=asked.verb)), subject=subject)


def _other_kind(subject: Phrase) -> str:
    """Return the kind of people to which a subject does not belong."""
    noun = subject.nouns[0]
    return next(kind for kind in lexicon.SUBJECT_KINDS if kind != lexicon.KIND_OF.get(noun, noun))


# What the other sentence is like; its amounts and its "not" are there to be confused with those that count.
DISTRACTING = ("modifier", "negation", "quantifier", "conjunction", "addition")


def render_question(clause: Clause) -> str:
    """Return "Is the farmer buying a hat?" for "The farmer is buying a hat."."""
    verb = " are " if clause.subject.is_plural else " is "
    subject, rest = render_clause(clause).rstrip(".").split(verb, maxsplit=1)
    return f"{verb.strip().capitalize()} {subject[0].lower()}{subject[1:]} {rest}?"

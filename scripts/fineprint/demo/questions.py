"""Yes-or-no questions on short passages.

One sentence of a passage decides; others tell of somebody else who does something else with another thing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase, render_clause
from fineprint.demo.edits import change_noun, oppose_verb, replace_verb, specialise, vary_words
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
    ledgers = {phenomenon: Ledger((NO, YES), slack, share) for phenomenon in PHENOMENA}
    while True:
        for phenomenon in PHENOMENA:
            for genre in genres:
                for label in random.sample((NO, YES), 2):
                    yield from _draw_question(random, genre, phenomenon, label, ledgers[phenomenon])


def _draw_question(
    random: Random, genre: str, phenomenon: str, label: int, ledger: Ledger, tries: int = 100
) -> Iterator[Example]:
    """Yield one question that the ledger accepts, or none if it accepts none of a few."""
    for _ in range(tries):
        asked = make_hypothesis(random, genre, phenomenon)
        told = _tell(random, genre, phenomenon, label, asked)
        if not told or not _can_be_asked(asked) or not _is_same_subject(told, asked):
            continue
        clauses = [told, _tell_of_another(random, genre, asked)]
        random.shuffle(clauses)
        passage, question = " ".join(map(render_clause, clauses)), render_question(asked)
        if ledger.accept(list_pair_features(passage, question), label):
            yield Example({"passage": passage, "question": question}, label, genre, phenomenon)
            return


def _tell(random: Random, genre: str, phenomenon: str, label: int, asked: Clause) -> Clause | None:
    """Return the clause that decides, or nothing if it came out like the question.

    Some phenomena cannot say "no" to every question: half of their "no" comes from turning a "yes" round. And since a
    "no" brings new words with it, a "yes" is often told in synonyms.
    """
    deny = DENIALS.get(phenomenon) if label == NO and random.random() < 0.5 else None
    made = make_clauses(random, genre, phenomenon, ENTAILMENT if deny else TOLD[label], asked)
    if not made:
        return None
    if deny:
        return deny(random, made[0])
    return vary_words(random, made[0]) if label == YES and random.random() < 0.5 else made[0]


def _exchange_thing(random: Random, clause: Clause) -> Clause:
    """Put a thing of the other kind that the genre writes about: what is a goat is no vegetable."""
    return replace(clause, object=change_noun(clause.object, random.choice(_list_others(clause.object))))


def _list_others(thing: Phrase) -> tuple[str, ...]:
    """Return the things of the other kind that the same genre writes about."""
    kind = _kind_of(thing)
    kinds = next(kinds for kinds in lexicon.GENRE_OBJECTS.values() if kind in kinds)
    return lexicon.KINDS[kinds[1 - kinds.index(kind)]]


# A small number could only say no, a large one only yes; and no animal is at odds with "an animal".
DENIALS: dict[str, Callable[[Random, Clause], Clause]] = {"numeral": oppose_verb, "hypernym": _exchange_thing}


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
    nouns = random.sample(_list_others(asked.object), len(other.object.nouns))
    thing = replace(other.object, nouns=tuple(nouns))
    return replace_verb(random, replace(other, verb=asked.verb, subject=subject, object=thing))


# What the other sentence is like; its amount, place or "not" are there to be confused with those that count.
DISTRACTING = ("modifier", "negation", "quantifier", "conjunction", "addition")


def _kind_of(phrase: Phrase) -> str:
    return lexicon.KIND_OF.get(phrase.nouns[0], phrase.nouns[0])


def _other_kind(subject: Phrase) -> str:
    """Return the kind of people to which a subject does not belong."""
    return next(kind for kind in lexicon.SUBJECT_KINDS if kind != _kind_of(subject))


def render_question(clause: Clause) -> str:
    """Return "Is the farmer buying a hat?" for "The farmer is buying a hat."."""
    verb = " are " if clause.subject.is_plural else " is "
    subject, rest = render_clause(clause).rstrip(".").split(verb, maxsplit=1)
    return f"{verb.strip().capitalize()} {subject[0].lower()}{subject[1:]} {rest}?"

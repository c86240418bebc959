"""Yes-or-no questions on short passages.

A passage tells of two people who do different things. Four examples are made at once: two questions, one about each,
and two passages, of which one says yes to the first and no to the second, and the other the reverse. So every passage
and every question comes with both answers, and neither gives the answer away.
"""

from collections.abc import Iterator
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase, render_clause
from fineprint.demo.edits import oppose_verb, replace_verb, vary_words
from fineprint.demo.examples import Example
from fineprint.demo.ledger import Ledger, list_overlap
from fineprint.demo.pairs import make_clauses
from fineprint.demo.phenomena import CONTRADICTION, ENTAILMENT, make_hypothesis

NO, YES = 0, 1
TOLD = {NO: CONTRADICTION, YES: ENTAILMENT}
# The two people of "voice" are doer and undergoer of one event, so there is no second subject to ask about.
PHENOMENA = tuple(phenomenon for phenomenon in lexicon.PHENOMENA if phenomenon != "voice")


def draw_questions(random: Random, genres: tuple[str, ...], slack: int = 6, share: float = 0.1) -> Iterator[Example]:
    """Yield balanced questions without end, the phenomena and the genres in turn."""
    ledger = Ledger((NO, YES), slack, share)
    while True:
        for phenomenon in PHENOMENA:
            for genre in genres:
                yield from _draw_four(random, genre, phenomenon, ledger)


def _draw_four(random: Random, genre: str, phenomenon: str, ledger: Ledger, tries: int = 100) -> list[Example]:
    """Return four examples that keep the balance of overlaps, or none if none of a few do."""
    for _ in range(tries):
        four = _make_four(random, genre, (phenomenon, random.choice(PHENOMENA)))
        if four and ledger.accept(*((list_overlap(*one.texts.values()), one.label) for one in four)):
            return four
    return []


def _make_four(random: Random, genre: str, phenomena: tuple[str, str]) -> list[Example]:
    """Return two questions, one for each phenomenon, on two passages, or nothing where a sentence came out odd."""
    # "Is she not …?" is answered either way, so nobody is asked that; what is told may well be that she is not.
    first, second = (make_hypothesis(random, genre, name)._replace(negated=False) for name in phenomena)
    asked = (first, _set_apart(random, second, first))
    if not all(map(_can_be_asked, asked)):
        return []
    told = [_tell_both(random, genre, *pair) for pair in zip(phenomena, asked, strict=True)]
    if not all(told):
        return []
    questions, order = [render_question(clause) for clause in asked], random.sample((0, 1), 2)
    examples = []
    for labels in ((NO, YES), (YES, NO)):
        passage = " ".join(render_clause(told[number][labels[number]]) for number in order)
        for number in order:
            texts = {"passage": passage, "question": questions[number]}
            examples.append(Example(texts, labels[number], genre, phenomena[number], group=" ".join(questions)))
    return examples


def _set_apart(random: Random, clause: Clause, other: Clause) -> Clause:
    """Let a clause tell of other people and other things than another clause, with a verb that says nothing of its."""
    if lexicon.find_side(clause.verb, lexicon.VERBS)[0] == lexicon.find_side(other.verb, lexicon.VERBS)[0]:
        clause = replace_verb(random, clause)
    if _kind_of(clause.subject) == _kind_of(other.subject):
        clause = clause._replace(subject=_exchange_kind(clause.subject))
    if _kind_of(clause.object) == _kind_of(other.object):
        clause = clause._replace(object=_exchange_kind(clause.object))
    return clause


def _kind_of(phrase: Phrase) -> str:
    return lexicon.KIND_OF.get(phrase.nouns[0], phrase.nouns[0])


def _exchange_kind(phrase: Phrase) -> Phrase:
    """Put what excludes it in the same genre: vegetables for animals, workers for other people, each for each."""
    kind = _kind_of(phrase)
    kinds = next(kinds for kinds in EXCHANGES if kind in kinds)
    other = kinds[1 - kinds.index(kind)]
    partners = dict(zip((kind, *lexicon.KINDS[kind]), (other, *lexicon.KINDS[other]), strict=True))
    return phrase._replace(nouns=tuple(partners[noun] for noun in phrase.nouns))


EXCHANGES = (lexicon.SUBJECT_KINDS, *lexicon.GENRE_OBJECTS.values())


def _tell_both(random: Random, genre: str, phenomenon: str, asked: Clause) -> list[Clause]:
    """Return what says no and what says yes, or nothing where one of them tells of somebody else."""
    told = [_tell(random, genre, phenomenon, label, asked) for label in (NO, YES)]
    fitting = [clause for clause in told if clause and _is_same_subject(clause, asked)]
    return fitting if len(fitting) == len(told) else []


def _tell(random: Random, genre: str, phenomenon: str, label: int, asked: Clause) -> Clause | None:
    """Return the clause that decides, or nothing if it came out like the question.

    Since a "no" brings new words with it, a "yes" is often told in synonyms.
    """
    by_verb = phenomenon in OFTEN_DENIED_BY_VERB and label == NO and random.random() < 0.5
    made = make_clauses(random, genre, phenomenon, ENTAILMENT if by_verb else TOLD[label], asked)
    if not made:
        return None
    if by_verb:
        return oppose_verb(random, made[0])
    return vary_words(random, made[0]) if label == YES and random.random() < 0.5 else made[0]


# A small number could only say no and a large one only yes; "an animal" can hardly be denied by another noun.
OFTEN_DENIED_BY_VERB = ("numeral", "hypernym")


def _can_be_asked(clause: Clause) -> bool:
    """Refuse questions on whose answer people would not agree: "two farmers" may mean at least two, and whoever else
    the passage tells of is a "person" too."""
    return clause.subject.amount not in lexicon.NUMBERS and clause.subject.nouns[0] != lexicon.SUBJECT_KINDS[0]


def _is_same_subject(told: Clause, asked: Clause) -> bool:
    """Whether the passage tells of the one who is asked about: the farmer may be called the worker."""
    noun, wanted = told.subject.nouns[0], asked.subject.nouns[0]
    return wanted in (noun, lexicon.KIND_OF.get(noun))


def render_question(clause: Clause) -> str:
    """Return "Is the farmer buying a hat?" for "The farmer is buying a hat."."""
    verb = " are " if clause.subject.is_plural else " is "
    subject, rest = render_clause(clause).rstrip(".").split(verb, maxsplit=1)
    return f"{verb.strip().capitalize()} {subject[0].lower()}{subject[1:]} {rest}?"

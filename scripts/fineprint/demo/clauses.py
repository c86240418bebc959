"""A clause as slots, and its English. Pairs are made by editing slots, so the label follows from the edit."""

import re
from typing import NamedTuple

from fineprint.demo import lexicon


class Phrase(NamedTuple):
    """A noun phrase: `amount` ("the", "all of the", "at least two" …), an adjective or none, one noun or two joined."""

    nouns: tuple[str, ...]
    adjective: str = ""
    amount: str = ""
    joiner: str = ""

    @property
    def is_plural(self) -> bool:
        """True if several are meant: every amount but "the" and none at all."""
        return self.amount not in ("", "the")


class Clause(NamedTuple):
    """A sentence in slots. An empty slot is left out, so that a clause can also be a mere phrase."""

    subject: Phrase | None
    verb: str
    object: Phrase | None
    negated: bool = False
    passive: bool = False
    place: str = ""
    tail: str = ""

    @property
    def is_upward(self) -> bool:
        """True if what holds of a more special clause holds of this one: not under "not" or "none"."""
        return not self.negated and (self.subject is None or self.subject.amount != lexicon.NONE)


def render_phrase(phrase: Phrase) -> str:
    """Return the phrase in English; without an amount each noun gets its indefinite article."""
    if not phrase.amount:
        return f" {phrase.joiner} ".join(_add_article(f"{phrase.adjective} {noun}".strip()) for noun in phrase.nouns)
    nouns = [lexicon.make_plural(noun) if phrase.is_plural else noun for noun in phrase.nouns]
    return f"{phrase.amount} {phrase.adjective} {f' {phrase.joiner} '.join(nouns)}"


def _add_article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _render_verb(clause: Clause) -> str:
    if not clause.verb:
        return ""
    negation = "not " if clause.negated else ""
    verb = f"being {lexicon.ROLE_VERBS[clause.verb]} by" if clause.passive else clause.verb
    if clause.subject is None:
        return f"{negation}{verb}"
    return f"{'are' if clause.subject.is_plural else 'is'} {negation}{verb}"


def render_clause(clause: Clause) -> str:
    """Return the clause as an English sentence; in the passive the doer comes last."""
    first, last = clause.subject, clause.object
    parts = [
        render_phrase(first) if first else "",
        _render_verb(clause),
        render_phrase(last) if last else "",
        clause.place,
        clause.tail,
    ]
    sentence = re.sub(r"\s+", " ", " ".join(parts)).strip()
    return sentence[0].upper() + sentence[1:] + "."


def swap_roles(clause: Clause) -> Clause:
    """Return the clause with doer and undergoer exchanged."""
    return clause._replace(subject=clause.object, object=clause.subject)

"""Small changes of a clause, each with a known consequence for what follows from it.

Every function takes a source of randomness and the hypothesis, or the pair as it stands, and returns a premise.
"""

from collections.abc import Callable
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase
from fineprint.demo.lexicon import Opposites


def pick_word(random: Random, opposites: Opposites) -> str:
    """Return any word of any row and side."""
    return random.choice(random.choice(random.choice(opposites)))


def pick_synonym(random: Random, word: str, opposites: Opposites) -> str:
    """Return a word of the same side; it may be the word itself."""
    row, side = lexicon.find_side(word, opposites)
    return random.choice(opposites[row][side])


def pick_opposite(random: Random, word: str, opposites: Opposites) -> str:
    """Return a word of the other side of the row."""
    row, side = lexicon.find_side(word, opposites)
    return random.choice(opposites[row][1 - side])


def pick_unrelated(random: Random, word: str, opposites: Opposites) -> str:
    """Return a word of another row: neither implied nor excluded."""
    row, _ = lexicon.find_side(word, opposites)
    return random.choice(random.choice(random.choice([*opposites[:row], *opposites[row + 1 :]])))


def pick_sibling(random: Random, noun: str) -> str:
    """Return another noun of the same kind: what is the one is not the other."""
    return random.choice([other for other in lexicon.KINDS[lexicon.KIND_OF[noun]] if other != noun])


def change_noun(phrase: Phrase, noun: str) -> Phrase:
    """Put another noun and keep adjective and amount."""
    return phrase._replace(nouns=(noun,))


def specialise(random: Random, phrase: Phrase) -> Phrase:
    """ "an animal" becomes "a goat"; a noun that is special already stays."""
    members = lexicon.KINDS.get(phrase.nouns[0])
    return change_noun(phrase, random.choice(members)) if members and not phrase.joiner else phrase


def generalize(phrase: Phrase) -> Phrase:
    """ "a goat" becomes "an animal"."""
    return change_noun(phrase, lexicon.KIND_OF.get(phrase.nouns[0], phrase.nouns[0]))


def oppose_verb(random: Random, clause: Clause) -> Clause:
    """Let the opposite happen."""
    return clause._replace(verb=pick_opposite(random, clause.verb, lexicon.VERBS))


def replace_verb(random: Random, clause: Clause) -> Clause:
    """Take a verb that says nothing about the old one."""
    if clause.verb in lexicon.ROLE_VERBS:
        return clause._replace(verb=random.choice([verb for verb in lexicon.ROLE_VERBS if verb != clause.verb]))
    return clause._replace(verb=pick_unrelated(random, clause.verb, lexicon.VERBS))


def oppose_place(random: Random, clause: Clause) -> Clause:
    """Move the clause to another place of the same genre."""
    places = next(places for places in lexicon.GENRE_PLACES.values() if clause.place in places)
    return clause._replace(place=random.choice([place for place in places if place != clause.place]))


def list_drops(clause: Clause) -> list[Callable[[], Clause]]:
    """Return what can be left out of a clause so that it says less."""
    drops: list[Callable[[], Clause]] = []
    if clause.place:
        drops.append(lambda: clause._replace(place=""))
    if clause.tail:
        drops.append(lambda: clause._replace(tail=""))
    if clause.object and clause.object.adjective:
        drops.append(lambda: clause._replace(object=clause.object._replace(adjective="")))
    if clause.subject and clause.subject.adjective and clause.subject.amount == "the":
        drops.append(lambda: clause._replace(subject=clause.subject._replace(adjective="")))
    return drops


def weaken(random: Random, clause: Clause) -> Clause:
    """Say less: leave a part out, or let something else happen that does not decide about the hypothesis."""
    drops = list_drops(clause)
    if not drops or random.random() < 0.3:
        return replace_verb(random, clause)
    return random.choice(drops)()


def vary_words(random: Random, clause: Clause) -> Clause:
    """Put synonyms for the verb and the adjectives."""
    if clause.verb and clause.verb not in lexicon.ROLE_VERBS:
        clause = clause._replace(verb=pick_synonym(random, clause.verb, lexicon.VERBS))
    if clause.object and clause.object.adjective in OBJECT_WORDS:
        adjective = pick_synonym(random, clause.object.adjective, lexicon.OBJECT_ADJECTIVES)
        clause = clause._replace(object=clause.object._replace(adjective=adjective))
    if clause.subject and clause.subject.adjective in SUBJECT_WORDS:
        adjective = pick_synonym(random, clause.subject.adjective, lexicon.SUBJECT_ADJECTIVES)
        clause = clause._replace(subject=clause.subject._replace(adjective=adjective))
    return clause


def _collect_words(opposites: Opposites) -> frozenset[str]:
    return frozenset(word for sides in opposites for words in sides for word in words)


OBJECT_WORDS = _collect_words(lexicon.OBJECT_ADJECTIVES)
SUBJECT_WORDS = _collect_words(lexicon.SUBJECT_ADJECTIVES)


def enrich(random: Random, premise: Clause, hypothesis: Clause, genre: str, chance: float) -> Clause:
    """Say more in the premise where both say nothing yet; what follows from it does not change."""
    if not premise.place and not hypothesis.place and random.random() < chance:
        premise = premise._replace(place=random.choice(lexicon.GENRE_PLACES[genre]))
    if not premise.tail and not hypothesis.tail and random.random() < chance / 2:
        premise = premise._replace(tail=pick_word(random, lexicon.TAILS))
    for slot, opposites in (("object", lexicon.OBJECT_ADJECTIVES), ("subject", lexicon.SUBJECT_ADJECTIVES)):
        mine, other = getattr(premise, slot), getattr(hypothesis, slot)
        if (slot == "subject" and mine.amount != "the") or mine.joiner or other.joiner or premise.passive:
            continue
        if mine.amount == "the":
            opposites = lexicon.SUBJECT_ADJECTIVES
        if mine.nouns == other.nouns and random.random() < chance:
            mine = specialise(random, mine)
        if not mine.adjective and not other.adjective and random.random() < chance / 2:
            mine = mine._replace(adjective=pick_word(random, opposites))
        premise = premise._replace(**{slot: mine})
    return premise

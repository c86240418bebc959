"""What decides a pair: for each phenomenon a hypothesis that shows it, and the edit that leads to a label."""

from collections.abc import Callable
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase, swap_roles
from fineprint.demo.edits import (
    change_noun,
    generalize,
    oppose_place,
    oppose_verb,
    pick_opposite,
    pick_sibling,
    pick_unrelated,
    pick_word,
    replace_verb,
    specialise,
    weaken,
)

ENTAILMENT, NEUTRAL, CONTRADICTION = 0, 1, 2


def make_hypothesis(random: Random, genre: str, phenomenon: str) -> Clause:
    """Return a hypothesis on which the phenomenon can be shown with any label."""
    clause = _make_plain(random, genre)
    prepare = PREPARATIONS.get(phenomenon)
    return prepare(random, clause) if prepare else clause


def make_premise(random: Random, hypothesis: Clause, phenomenon: str, label: int) -> Clause:
    """Return a premise that stands to the hypothesis as the label says, by means of the phenomenon."""
    return EDITS[phenomenon](random, hypothesis, label)


def _make_plain(random: Random, genre: str) -> Clause:
    subject = Phrase((_pick_noun(random, random.choice(lexicon.SUBJECT_KINDS)),), amount="the")
    thing = Phrase((_pick_noun(random, random.choice(lexicon.GENRE_OBJECTS[genre])),))
    if random.random() < 0.2:
        subject = subject._replace(adjective=pick_word(random, lexicon.SUBJECT_ADJECTIVES))
    if random.random() < 0.3:
        thing = thing._replace(adjective=pick_word(random, lexicon.OBJECT_ADJECTIVES))
    place = random.choice(lexicon.GENRE_PLACES[genre]) if random.random() < 0.3 else ""
    return Clause(subject, pick_word(random, lexicon.VERBS), thing, place=place)


def _pick_noun(random: Random, kind: str) -> str:
    return kind if random.random() < 0.25 else random.choice(lexicon.KINDS[kind])


# --- hypotheses -------------------------------------------------------------------------------------------------------


def _prepare_hypernym(random: Random, clause: Clause) -> Clause:
    """One noun general, the other special: the pair can then go either way."""
    subject, thing = clause.subject, clause.object
    if random.random() < 0.5:
        return clause._replace(subject=generalize(subject), object=specialise(random, thing))
    return clause._replace(subject=specialise(random, subject), object=generalize(thing))


def _prepare_modifier(random: Random, clause: Clause) -> Clause:
    if random.random() < 0.3:
        adjective = pick_word(random, lexicon.SUBJECT_ADJECTIVES)
        return clause._replace(subject=clause.subject._replace(adjective=adjective))
    adjective = pick_word(random, lexicon.OBJECT_ADJECTIVES)
    return clause._replace(object=clause.object._replace(adjective=adjective))


def _prepare_negation(random: Random, clause: Clause) -> Clause:
    return clause._replace(negated=random.random() < 0.5)


def _prepare_quantifier(random: Random, clause: Clause) -> Clause:
    amount = random.choice((*lexicon.QUANTIFIERS, lexicon.NONE))
    return clause._replace(subject=clause.subject._replace(amount=amount, adjective=""))


def _prepare_numeral(random: Random, clause: Clause) -> Clause:
    number = random.choice(lexicon.NUMBERS)
    # Nothing excludes "at least two" and nothing more than the last number is told, so these stay exact.
    is_open = number not in (lexicon.NUMBERS[0], lexicon.NUMBERS[-1]) and random.random() < 0.6
    amount = f"{lexicon.AT_LEAST} {number}" if is_open else number
    return clause._replace(subject=clause.subject._replace(amount=amount, adjective=""))


def _prepare_voice(random: Random, clause: Clause) -> Clause:
    """Two different people, of whom either could be the doer."""
    first, last = random.sample([noun for kind in lexicon.SUBJECT_KINDS for noun in lexicon.KINDS[kind]], 2)
    verb = random.choice(list(lexicon.ROLE_VERBS))
    subject, thing = clause.subject._replace(nouns=(first,)), Phrase((last,), amount="the")
    return clause._replace(subject=subject, object=thing, verb=verb, passive=random.random() < 0.5)


def _prepare_conjunction(random: Random, clause: Clause) -> Clause:
    noun = specialise(random, clause.object).nouns[0]
    joiner = random.choice(("", "and", "or"))
    nouns = (noun, pick_sibling(random, noun)) if joiner else (noun,)
    return clause._replace(object=Phrase(nouns, joiner=joiner))


def _prepare_addition(random: Random, clause: Clause) -> Clause:
    if clause.place and random.random() < 0.5:
        return clause
    return clause._replace(tail=pick_word(random, lexicon.TAILS))


# --- premises ---------------------------------------------------------------------------------------------------------


def _edit_hypernym(random: Random, clause: Clause, label: int) -> Clause:
    slots = ("subject", "object")
    general = next(slot for slot in slots if getattr(clause, slot).nouns[0] in lexicon.KINDS)
    special = slots[1 - slots.index(general)]
    if label == ENTAILMENT or random.random() < 0.5:
        clause = clause._replace(**{general: specialise(random, getattr(clause, general))})
    phrase = getattr(clause, special)
    if label == NEUTRAL:
        return clause._replace(**{special: generalize(phrase)})
    if label == CONTRADICTION:
        return clause._replace(**{special: change_noun(phrase, _exclude_noun(random, phrase.nouns[0]))})
    return clause


def _exclude_noun(random: Random, noun: str) -> str:
    """Return a noun that the given one rules out: a sibling, or the other kind of things of its genre."""
    kind = lexicon.KIND_OF[noun]
    others = [other for pair in lexicon.GENRE_OBJECTS.values() if kind in pair for other in pair if other != kind]
    return random.choice(others) if others and random.random() < 0.5 else pick_sibling(random, noun)


def _edit_modifier(random: Random, clause: Clause, label: int) -> Clause:
    adjectives = {"subject": lexicon.SUBJECT_ADJECTIVES, "object": lexicon.OBJECT_ADJECTIVES}
    slot = random.choice([slot for slot in adjectives if getattr(clause, slot).adjective])
    phrase = getattr(clause, slot)
    if label == ENTAILMENT:
        return clause
    if label == CONTRADICTION:
        adjective = pick_opposite(random, phrase.adjective, adjectives[slot])
    else:
        adjective = pick_unrelated(random, phrase.adjective, adjectives[slot]) if random.random() < 0.6 else ""
    return clause._replace(**{slot: phrase._replace(adjective=adjective)})


def _edit_verb(random: Random, clause: Clause, label: int) -> Clause:
    return (clause, replace_verb(random, clause), oppose_verb(random, clause))[label]


def _edit_negation(random: Random, clause: Clause, label: int) -> Clause:
    """ "not" and an opposite cancel out: each label comes with and without "not" in the premise."""
    flipped = clause._replace(negated=not clause.negated)
    if label == NEUTRAL:
        vague = replace_verb(random, clause)._replace(negated=random.random() < 0.5)
        return random.choice((vague, oppose_verb(random, clause)._replace(negated=True)))
    if label == CONTRADICTION:
        return flipped if clause.negated or random.random() < 0.5 else oppose_verb(random, clause)
    return oppose_verb(random, flipped) if clause.negated and random.random() < 0.5 else clause


def _edit_quantifier(random: Random, clause: Clause, label: int) -> Clause:
    amount, scale = clause.subject.amount, lexicon.QUANTIFIERS
    if label == CONTRADICTION and amount in scale and random.random() < 0.5:
        return _set_amount(oppose_verb(random, clause), scale[0])
    if label == CONTRADICTION:
        return _set_amount(clause, lexicon.NONE if amount in scale else random.choice(scale))
    if amount == lexicon.NONE:
        return clause if label == ENTAILMENT else replace_verb(random, clause)
    rank = scale.index(amount)
    if label == NEUTRAL and rank < 2 and random.random() < 0.6:
        return _set_amount(clause, random.choice(scale[rank + 1 :]))
    clause = _set_amount(clause, random.choice(scale[: rank + 1]))
    return clause if label == ENTAILMENT else weaken(random, clause)


def _set_amount(clause: Clause, amount: str) -> Clause:
    return clause._replace(subject=clause.subject._replace(amount=amount))


def _edit_numeral(random: Random, clause: Clause, label: int) -> Clause:
    amount = clause.subject.amount
    if label == NEUTRAL and random.random() < 0.4:
        return weaken(random, _set_amount(clause, random.choice(_list_amounts(amount, ENTAILMENT))))
    return _set_amount(clause, random.choice(_list_amounts(amount, label)))


def _list_amounts(amount: str, label: int) -> list[str]:
    """Return the amounts that entail, leave open or exclude the given one; a bare number means exactly that many."""
    wanted = _count(amount)
    amounts = [f"{start}{number}" for number in lexicon.NUMBERS for start in ("", f"{lexicon.AT_LEAST} ")]
    return [other for other in amounts if _compare(_count(other), wanted) == label]


def _count(amount: str) -> frozenset[int]:
    number = lexicon.NUMBERS.index(amount.split()[-1])
    return frozenset(range(number, 9)) if amount.startswith(lexicon.AT_LEAST) else frozenset({number})


def _compare(premise: frozenset[int], hypothesis: frozenset[int]) -> int:
    if premise <= hypothesis:
        return ENTAILMENT
    return NEUTRAL if premise & hypothesis else CONTRADICTION


def _edit_voice(random: Random, clause: Clause, label: int) -> Clause:
    if label == NEUTRAL:
        clause = weaken(random, clause)
    if label == CONTRADICTION:
        clause = swap_roles(clause)
    return swap_roles(clause)._replace(passive=not clause.passive) if random.random() < 0.7 else clause


def _edit_conjunction(random: Random, clause: Clause, label: int) -> Clause:
    nouns, joiner = clause.object.nouns, clause.object.joiner
    free = [noun for noun in lexicon.KINDS[lexicon.KIND_OF[nouns[0]]] if noun not in nouns]
    random.shuffle(free)
    if label == CONTRADICTION:
        return _set_objects(clause, tuple(free[:2]), random.choice(("", "and", "or")) if len(free) > 1 else "")
    if label == ENTAILMENT:
        options = {"": ((nouns[0], free[0]), "and"), "and": (nouns[::-1], "and"), "or": (nouns, "and")}
        return _set_objects(clause, *random.choice((options[joiner], (nouns, joiner))))
    options = {
        "": [((nouns[0], free[0]), "or")],
        "and": [(nouns[:1], ""), (nouns[1:], ""), (nouns, "or")],
        "or": [((nouns[0], free[0]), "or"), ((nouns[-1], free[0]), "or")],
    }
    return _set_objects(clause, *random.choice(options[joiner]))


def _set_objects(clause: Clause, nouns: tuple[str, ...], joiner: str) -> Clause:
    return clause._replace(object=clause.object._replace(nouns=nouns if joiner else nouns[:1], joiner=joiner))


def _edit_addition(random: Random, clause: Clause, label: int) -> Clause:
    if label == ENTAILMENT:
        return clause
    if label == CONTRADICTION and (clause.place and (not clause.tail or random.random() < 0.5)):
        return oppose_place(random, clause)
    if label == CONTRADICTION:
        return clause._replace(tail=pick_opposite(random, clause.tail, lexicon.TAILS))
    if clause.tail and random.random() < 0.7:
        return clause._replace(tail=pick_unrelated(random, clause.tail, lexicon.TAILS))
    return clause._replace(place="") if clause.place else clause._replace(tail="")


PREPARATIONS: dict[str, Callable[[Random, Clause], Clause]] = {
    "hypernym": _prepare_hypernym,
    "modifier": _prepare_modifier,
    "negation": _prepare_negation,
    "quantifier": _prepare_quantifier,
    "numeral": _prepare_numeral,
    "voice": _prepare_voice,
    "conjunction": _prepare_conjunction,
    "addition": _prepare_addition,
}
EDITS: dict[str, Callable[[Random, Clause, int], Clause]] = {
    "hypernym": _edit_hypernym,
    "modifier": _edit_modifier,
    "verb": _edit_verb,
    "negation": _edit_negation,
    "quantifier": _edit_quantifier,
    "numeral": _edit_numeral,
    "voice": _edit_voice,
    "conjunction": _edit_conjunction,
    "addition": _edit_addition,
}

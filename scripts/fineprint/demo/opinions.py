"""Sentences with a sentiment: each says of somebody or something that it is well or not.

Every phenomenon comes with both sentiments and with words of both, so that "happy" alone tells nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from fineprint.demo import lexicon
from fineprint.demo.clauses import Clause, Phrase, render_clause
from fineprint.demo.edits import pick_word
from fineprint.demo.examples import Example
from fineprint.demo.ledger import Ledger, list_features

NEGATIVE, POSITIVE = 0, 1
# What is said of people and of things, for each sentiment.
PERSON_WORDS = (("sad",), ("happy", "cheerful"))
THING_WORDS = (("dirty",), ("clean",))


@dataclass(frozen=True)
class Topic:
    """Whom or what a sentence is about, and the words that say how it is, for each sentiment."""

    subject: Phrase
    words: tuple[tuple[str, ...], tuple[str, ...]]
    place: str = ""

    def pick(self, random: Random, label: int) -> str:
        """Return a word of the sentiment."""
        return random.choice(self.words[label])

    def say(self, said: str) -> str:
        """Return "the farmer is happy", without capital and full stop."""
        sentence = render_clause(Clause(self.subject, said, None, place=self.place))
        return sentence[0].lower() + sentence[1:].rstrip(".")


def draw_opinions(random: Random, genres: tuple[str, ...], slack: int = 3, share: float = 0.04) -> Iterator[Example]:
    """Yield balanced sentences without end, the phenomena, the genres and the sentiments in turn."""
    ledger = Ledger((NEGATIVE, POSITIVE), slack, share)
    while True:
        for phenomenon in PHENOMENA:
            for genre in genres:
                for label in random.sample((NEGATIVE, POSITIVE), 2):
                    yield from _draw_opinion(random, genre, phenomenon, label, ledger)


def _draw_opinion(
    random: Random, genre: str, phenomenon: str, label: int, ledger: Ledger, tries: int = 30
) -> Iterator[Example]:
    """Yield one sentence that the ledger accepts, or none if it accepts none of a few."""
    for _ in range(tries):
        sentence = WORDINGS[phenomenon](random, pick_topic(random, genre), label)
        if ledger.accept((list_features(sentence), label)):
            sentence = f"{sentence[0].upper()}{sentence[1:]}."
            yield Example({"sentence": sentence}, label, genre, phenomenon)
            return


def pick_topic(random: Random, genre: str) -> Topic:
    """Return a person, or a thing of the genre, somewhere there or at no place in particular."""
    place = random.choice(lexicon.GENRE_PLACES[genre]) if random.random() < 0.4 else ""
    if random.random() < 0.5:
        noun, opposites, words = _pick_person(random), lexicon.SUBJECT_ADJECTIVES[:1], PERSON_WORDS
    else:
        opposites = (lexicon.OBJECT_ADJECTIVES[0], lexicon.OBJECT_ADJECTIVES[2])
        noun, words = _pick_thing(random, genre), THING_WORDS
    adjective = pick_word(random, opposites) if random.random() < 0.4 else ""
    return Topic(Phrase((noun,), adjective, "the"), words, place)


def _pick_person(random: Random) -> str:
    kind = random.choice(lexicon.SUBJECT_KINDS)
    return random.choice((kind, *lexicon.KINDS[kind]))


def _pick_thing(random: Random, genre: str) -> str:
    kind = random.choice(lexicon.GENRE_OBJECTS[genre])
    return random.choice((kind, *lexicon.KINDS[kind]))


# --- wordings ---------------------------------------------------------------------------------------------------------


def _state(random: Random, topic: Topic, label: int) -> str:
    return topic.say(topic.pick(random, label))


def _negate(random: Random, topic: Topic, label: int) -> str:
    return topic.say(f"not {topic.pick(random, 1 - label)}")


def _say_either(random: Random, topic: Topic, label: int) -> str:
    """Say it with or without "not"."""
    return random.choice((_state, _negate))(random, topic, label)


def _intensify(random: Random, topic: Topic, label: int) -> str:
    """ "Indeed" strengthens, "not at all" turns round."""
    strong, turned = f"indeed {topic.pick(random, label)}", f"not at all {topic.pick(random, 1 - label)}"
    return topic.say(random.choice((strong, turned)))


def _hedge(random: Random, topic: Topic, label: int) -> str:
    return f"{random.choice(HEDGES)} {_say_either(random, topic, label)}"


def _contrast(random: Random, topic: Topic, label: int) -> str:
    """What is and what is not, in either order: both words occur with both sentiments."""
    right, wrong = topic.pick(random, label), topic.pick(random, 1 - label)
    if random.random() < 0.5:
        return replace(topic, place="").say(f"{right}, not {wrong}")
    return f"{topic.say(f'not {wrong}')}, {replace(topic, place='').say(right)}"


def _change(random: Random, topic: Topic, label: int) -> str:
    """How it ends is what counts."""
    early, late = f"{topic.pick(random, 1 - label)} before lunch", f"{topic.pick(random, label)} after lunch"
    return replace(topic, place="").say(" and ".join(random.choice(((early, late), (late, early)))))


def _quantify(random: Random, topic: Topic, label: int) -> str:
    """People only; "none of the farmers" turns round what is said."""
    amount = random.choice((*lexicon.QUANTIFIERS[:2], lexicon.NONE, lexicon.NONE))
    people = replace(topic, subject=Phrase((_pick_person(random),), amount=amount), words=PERSON_WORDS)
    return people.say(people.pick(random, 1 - label if amount == lexicon.NONE else label))


def _compare(random: Random, topic: Topic, label: int) -> str:
    """ "The least happy of all" is not well off; "at least happy" is."""
    if label == POSITIVE and random.random() < 0.5:
        return topic.say(f"{lexicon.AT_LEAST} {topic.pick(random, label)}")
    return replace(topic, place="").say(f"the least {topic.pick(random, 1 - label)} of all")


def _report(random: Random, topic: Topic, label: int) -> str:
    """What somebody claims counts, unless the claim is said to be wrong."""
    name = random.choice(REPORTS)
    if random.random() < 0.5:
        return f"a wrong {name}: {_say_either(random, topic, 1 - label)}"
    return f"the {name} of the {_pick_person(random)}: {_say_either(random, topic, label)}"


def _distract(random: Random, topic: Topic, label: int) -> str:
    """The one to whom somebody or something belongs is happy or sad too, but of that the sentence does not tell."""
    owner = f"of the {random.choice((*PERSON_WORDS[NEGATIVE], *PERSON_WORDS[POSITIVE]))} {_pick_person(random)}"
    noun = "friend" if topic.words == PERSON_WORDS else topic.subject.nouns[0]
    owned = topic.subject._replace(nouns=(f"{noun} {owner}",))
    return _say_either(random, replace(topic, subject=owned, place=""), label)


HEDGES = ("perhaps", "maybe")
REPORTS = ("claim", "statement", "verdict")
WORDINGS: dict[str, Callable[[Random, Topic, int], str]] = {
    "statement": _state,
    "negation": _negate,
    "intensifier": _intensify,
    "hedge": _hedge,
    "contrast": _contrast,
    "change": _change,
    "quantifier": _quantify,
    "comparison": _compare,
    "report": _report,
    "distractor": _distract,
}
PHENOMENA = tuple(WORDINGS)

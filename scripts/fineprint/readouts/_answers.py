"""Reading a label out of a generated answer, strictly: an answer that names no label, several, or any negation beside
the label's own words has no label and counts as wrong. There is no default."""

import re

# "isn", "doesn", "don" and "t" are what splitting at apostrophes leaves of isn't, doesn't and don't.
NEGATIONS = frozenset({"not", "no", "non", "never", "neither", "nor", "cannot", "isn", "doesn", "don", "t"})


def read_answer(text: str, answers: tuple[str, ...]) -> int | None:
    """Return the position in `answers` of the one answer that the first line of `text` names, or None.

    >>> answers = ("entailment", "neutral", "contradiction")
    >>> read_answer(" Entailment.", answers), read_answer("NOT ENTAILMENT", answers), read_answer("maybe", answers)
    (0, None, None)
    >>> read_answer("Entailment is not correct", answers) is None
    True
    """
    lines = text.strip().splitlines()
    # The first line alone: models like to go on with an example of their own, and its answer is not theirs.
    words = split_words(lines[0]) if lines else []
    named = find_answers(words, answers)
    if len({answer for answer, _, _ in named}) != 1:
        return None
    own = {position for _, start, end in named for position in range(start, end)}
    # What comes after the label denies it as well as what comes before: "entailment? no", "entailment is not correct".
    denied = any(word in NEGATIONS for position, word in enumerate(words) if position not in own)
    return None if denied else named[0][0]


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case; underscores and punctuation separate."""
    return re.findall(r"[^\W_]+", text.lower())


def find_answers(words: list[str], answers: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Return (answer, first word, word behind its last) for each answer named; where one answer contains another, the
    longer one counts."""
    # The longest first: "not entailment", where that is an answer, must not be read as "entailment".
    wanted = sorted(enumerate(split_words(answer) for answer in answers), key=lambda item: -len(item[1]))
    found, position = [], 0
    while position < len(words):
        for number, parts in wanted:
            if parts and words[position : position + len(parts)] == parts:
                found.append((number, position, position + len(parts)))
                position += len(parts) - 1
                break
        position += 1
    return found

"""Reading a label out of a generated answer, at three levels of strictness.

    exact     the first line is a label and nothing else, but for case and punctuation
    standard  the first line, or where it names none the whole answer, names one label only, and does not negate it
    lenient   the label that the answer names last, whatever stands beside it

What counts is the standard reading: an answer that it finds no label in counts as wrong, and there is no default. The
other two show how much of a score hangs on that choice. What a model thinks aloud before it answers is no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

EXACT, STANDARD, LENIENT = "exact", "standard", "lenient"

# "isn", "doesn", "don", "can" before "t", and "t", are what splitting at apostrophes leaves of isn't, don't and can't.
NEGATIONS = frozenset({"not", "no", "non", "never", "neither", "nor", "cannot", "isn", "doesn", "don", "t"})
# Words that may stand between a label and its negation: "not an entailment", "I don't think it is neutral",
# "entailment is certainly not the case".
BETWEEN = frozenset(
    {"a", "an", "any", "the", "of", "case", "be", "been", "being", "is", "are", "was", "s", "it", "this", "that"}
    | {"think", "believe", "say", "really", "quite", "exactly", "necessarily", "clearly", "certainly", "strictly"}
    | {"actually", "definitely"}
)
# A sentence that has ended denies nothing that comes after it, nor does "No, …"; but "Entailment? No" and "Entailment,
# not really" deny what they follow.
ENDS_BEFORE, ENDS_BEHIND = frozenset(".!?;:,\n"), frozenset(".!;\n")
THINKING_ENDS, THINKING_BEGINS = "</think>", "<think>"


@dataclass(frozen=True)
class SplitText:
    """A text's words in lower case, and what stands before each of them and behind the last."""

    words: list[str]
    gaps: list[str]


@dataclass(frozen=True)
class Mention:
    """A label's answer in a text: its position among the answers, its first word, and the word behind its last."""

    answer: int
    start: int
    end: int


def read_answer(text: str, answers: tuple[str, ...]) -> dict[str, int | None]:
    """Return, by level of strictness, the position in `answers` of the one that `text` names, or None.

    >>> answers = ("entailment", "neutral", "contradiction")
    >>> read_answer("Contradiction. The premise says that no dog sleeps.", answers)
    {'exact': None, 'standard': 2, 'lenient': 2}
    >>> read_answer("NOT ENTAILMENT", answers)["standard"] is None
    True
    """
    text = drop_thinking(text)
    mentions = find_answers(split_words(text).words, answers)
    return {
        EXACT: read_exact(text, answers),
        STANDARD: read_standard(text, answers),
        LENIENT: mentions[-1].answer if mentions else None,
    }


def drop_thinking(text: str) -> str:
    """Return what stands behind a block of thinking; nothing where it was cut off before its end.

    A template may write the tag that begins it, so that only the one that ends it was generated.
    """
    return text.rpartition(THINKING_ENDS)[2].partition(THINKING_BEGINS)[0]


def first_line(text: str) -> str:
    """Return the first line that is not empty: models like to go on with an example of their own, and its answer is not
    theirs."""
    return next((line for line in text.splitlines() if line.strip()), "")


def read_exact(text: str, answers: tuple[str, ...]) -> int | None:
    """Return the answer that the first line has the words of, and no others."""
    words = split_words(first_line(text)).words
    return next((number for number, answer in enumerate(answers) if words and words == split_words(answer).words), None)


def read_standard(text: str, answers: tuple[str, ...]) -> int | None:
    """Return the one answer that the first line names, or, where it names none at all, the whole text."""
    for part in (first_line(text), text):
        split = split_words(part)
        if mentions := find_answers(split.words, answers):
            alone = len({mention.answer for mention in mentions}) == 1
            return mentions[0].answer if alone and not is_denied(split, mentions) else None
    return None


def is_denied(text: SplitText, mentions: list[Mention]) -> bool:
    """Return whether a negation stands beside one of the answers named."""
    # A negation that belongs to an answer's own words, as in "not entailment", denies no other.
    own = {position for mention in mentions for position in range(mention.start, mention.end)}
    return any(
        meets_negation(text, range(one.start - 1, -1, -1), own, 1, ENDS_BEFORE)
        or meets_negation(text, range(one.end, len(text.words)), own, 0, ENDS_BEHIND)
        for one in mentions
    )


def meets_negation(text: SplitText, positions: range, own: set[int], step_gap: int, ends: frozenset[str]) -> bool:
    """Return whether a negation is met on the way through some words, with nothing but filling words before it.

    Args:
        text: the answer.
        positions: of the words, in the order of the way.
        own: positions that belong to answers.
        step_gap: 1 where the gap that is crossed lies behind a word, as on the way back, 0 where it lies before it.
        ends: the signs in a gap that end the way.
    """
    for position in positions:
        if position in own or ends & set(text.gaps[position + step_gap]):
            return False
        if text.words[position] in NEGATIONS:
            return True
        if text.words[position] not in BETWEEN:
            return False
    return False


def split_words(text: str) -> SplitText:
    """Return the words of a text in lower case; underscores and punctuation separate."""
    parts = re.split(r"([^\W_]+)", text.lower())
    return SplitText(parts[1::2], parts[::2])


def find_answers(words: list[str], answers: tuple[str, ...]) -> list[Mention]:
    """Return each answer named, in the order of the words; where one answer contains another, the longer one counts."""
    # The longest first: "not entailment", where that is an answer, must not be read as "entailment".
    wanted = sorted(enumerate(split_words(answer).words for answer in answers), key=lambda item: -len(item[1]))
    found, position = [], 0
    while position < len(words):
        for number, parts in wanted:
            if parts and words[position : position + len(parts)] == parts:
                found.append(Mention(number, position, position + len(parts)))
                position += len(parts) - 1
                break
        position += 1
    return found

"""Invented words: rows of given lengths are written in them, and tokenizers for random weights know them.

One such word is one token, so that whoever counts words counts tokens.
"""

from itertools import product

STARTS = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "kl", "st", "tr", "pl")
VOWELS = ("a", "e", "i", "o", "u")
SYLLABLES = tuple("".join(parts) for parts in product(STARTS, VOWELS))
MOST_WORDS = len(SYLLABLES) ** 3


def make_words(count: int) -> list[str]:
    """Return the first `count` invented words of three syllables, always the same ones."""
    if count > MOST_WORDS:
        raise ValueError(f"there are {MOST_WORDS} invented words, not {count}")
    size = len(SYLLABLES)
    # The last syllable changes slowest, so that neighbors do not begin alike.
    return [SYLLABLES[n % size] + SYLLABLES[n // size % size] + SYLLABLES[n // size**2] for n in range(count)]

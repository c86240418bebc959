"""The words of the demo study and what is known about them: kinds of things, synonyms, opposites, places."""

# A kind of thing and its members. Members of one kind exclude each other: what is a pear is not a plum.
KINDS: dict[str, tuple[str, ...]] = {
    "person": ("man", "woman", "child"),
    "worker": ("farmer", "teacher", "sailor"),
    "animal": ("dog", "cat", "goat"),
    "vegetable": ("onion", "carrot", "potato"),
    "fruit": ("apple", "pear", "lemon"),
    "garment": ("shirt", "coat", "hat"),
    "toy": ("doll", "ball", "kite"),
    "tool": ("hammer", "saw", "spade"),
    "instrument": ("violin", "flute", "drum"),
    "text": ("letter", "poem", "novel"),
    "vessel": ("canoe", "ferry", "raft"),
    "container": ("box", "basket", "bucket"),
}
KIND_OF: dict[str, str] = {member: kind for kind, members in KINDS.items() for member in members}
SUBJECT_KINDS = ("person", "worker")
PLURALS = {"man": "men", "woman": "women", "child": "children", "person": "people"}

# What a genre writes about: two kinds of objects, which exclude each other, and three places, which do so too.
GENRE_OBJECTS: dict[str, tuple[str, str]] = {
    "farm": ("animal", "vegetable"),
    "market": ("fruit", "garment"),
    "home": ("toy", "tool"),
    "school": ("instrument", "text"),
    "harbour": ("vessel", "container"),
}
GENRE_PLACES: dict[str, tuple[str, ...]] = {
    "farm": ("in the barn", "in the field", "near the well"),
    "market": ("in the square", "near the fountain", "at the gate"),
    "home": ("in the kitchen", "in the attic", "on the porch"),
    "school": ("in the classroom", "in the gym", "on the stairs"),
    "harbour": ("on the pier", "on the beach", "at the dock"),
}
MATCHED_GENRES = ("farm", "market", "home")
MISMATCHED_GENRES = ("school", "harbour")

# Opposites: each side is one word or two that mean the same. Words of different rows say nothing about each other.
Opposites = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
VERBS: Opposites = (
    (("buying", "purchasing"), ("selling",)),
    (("lifting", "raising"), ("lowering",)),
    (("hiding", "concealing"), ("showing",)),
    (("pushing", "shoving"), ("pulling",)),
)
OBJECT_ADJECTIVES: Opposites = (
    (("big", "large"), ("small", "little")),
    (("clean",), ("dirty",)),
    (("heavy",), ("light",)),
)
SUBJECT_ADJECTIVES: Opposites = (
    (("tall",), ("short",)),
    (("happy", "cheerful"), ("sad",)),
)
TAILS: Opposites = (
    (("before lunch",), ("after lunch",)),
    (("with a friend",), ("all alone",)),
)
# What one person does to another, and the form the passive needs. The roles cannot be exchanged.
ROLE_VERBS: dict[str, str] = {
    "following": "followed",
    "chasing": "chased",
    "teaching": "taught",
}

# From strong to weak; what a strong one says holds for the weaker too. "None" contradicts each of them.
QUANTIFIERS = ("all of the", "most of the", "some of the")
NONE = "none of the"
NUMBERS = ("two", "three", "four", "five", "six")
AT_LEAST = "at least"
PHENOMENA = (
    "hypernym",
    "modifier",
    "verb",
    "negation",
    "quantifier",
    "numeral",
    "voice",
    "conjunction",
    "addition",
)


def find_side(word: str, opposites: Opposites) -> tuple[int, int]:
    """Return the row of a word and its side (0 or 1) in that row."""
    for row, sides in enumerate(opposites):
        for side, words in enumerate(sides):
            if word in words:
                return row, side
    raise KeyError(word)


def make_plural(noun: str) -> str:
    """Return the plural of a noun that can be a subject."""
    return PLURALS.get(noun, noun + "s")

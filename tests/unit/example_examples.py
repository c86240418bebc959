"""Made-up examples with answers, as many as asked for, hostile texts among them."""

import random

from fineprint.core.records import Examples, ExampleSet, MethodAnswers

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & {{ 7 * 7 }} \u2028"
WORDS = [
    "the",
    "a",
    "child",
    "man",
    "woman",
    "is",
    "was",
    "sees",
    "holds",
    "paints",
    "house",
    "river",
    "near",
    "quickly",
    "never",
    "all",
    "some",
    "most",
    "dog",
    "cat",
]
LABELS = ["entailment", "neutral", "contradiction"]


def make_examples(count: int, methods: int = 12) -> Examples:
    """Return a set of so many examples and methods; the first text is hostile, and one answer has no label."""
    draw = random.Random(count)
    texts = [[" ".join(draw.choices(WORDS, k=20)), " ".join(draw.choices(WORDS, k=8))] for _ in range(count)]
    texts[0][0] = HOSTILE
    golds = [draw.randrange(3) for _ in range(count)]
    answered = [
        [gold if draw.random() < 0.55 + 0.03 * number else draw.randrange(3) for gold in golds]
        for number in range(methods)
    ]
    answered[0][1] = -1
    return Examples(
        title="Made-up <examples>",
        created="2026-01-02",
        sets=[
            ExampleSet(
                task="nli",
                split="matched",
                labels=LABELS,
                fields=["premise", "hypothesis"],
                ids=[f"matched-{place:05}" for place in range(count)],
                texts=texts,
                golds=golds,
                tags=[{"genre": draw.choice(["fiction", "travel"])} for _ in range(count)],
                methods=[
                    MethodAnswers(
                        title=f"Method {number}",
                        number=number + 1,
                        seed=1,
                        answers=answers,
                        confidences=[None if answer < 0 else draw.randrange(34, 101) for answer in answers],
                    )
                    for number, answers in enumerate(answered)
                ],
            )
        ],
    )

"""English inference pairs made on this machine: nine phenomena, five genres, two of them in one test split only."""

from random import Random
from typing import ClassVar, Literal

from fineprint.demo import lexicon
from fineprint.demo.pairs import Pair, draw_pairs
from fineprint.tasks import NO_LABEL, Row, TaskSettings

SPLIT_GENRES = {
    "train": lexicon.MATCHED_GENRES,
    "matched": lexicon.MATCHED_GENRES,
    "mismatched": lexicon.MISMATCHED_GENRES,
}


class Settings(TaskSettings):
    """Sizes of the splits, and the wording of the prompt.

    The `unlabelled_rows` come on top of the others in every split, as in collections whose annotators did not agree.
    """

    kind: Literal["demo_nli"] = "demo_nli"
    language: ClassVar[str] = "en"
    origin: ClassVar[str] = "were made by this workflow"
    description: str = "English sentence pairs generated for this study (nine phenomena, five genres)"
    labels: tuple[str, ...] = ("entailment", "neutral", "contradiction")
    answers: tuple[str, ...] = ("yes", "maybe", "no")
    prompt: str = "Premise: {premise}\nHypothesis: {hypothesis}\nAnswer:"
    train_rows: int = 3000
    matched_rows: int = 810
    mismatched_rows: int = 810
    unlabelled_rows: int = 9

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Return the three splits; no pair occurs twice, within a split or across splits."""
        seen: set[tuple[str, str]] = set()
        sizes = {"train": self.train_rows, "matched": self.matched_rows, "mismatched": self.mismatched_rows}
        return {split: self._make_rows(split, size, seed, seen) for split, size in sizes.items()}

    def _make_rows(self, split: str, size: int, seed: int, seen: set[tuple[str, str]]) -> list[Row]:
        random = Random(f"{seed} {split}")
        pairs = []
        for pair in draw_pairs(random, SPLIT_GENRES[split]):
            if (pair.premise, pair.hypothesis) not in seen:
                seen.add((pair.premise, pair.hypothesis))
                pairs.append(pair)
            if len(pairs) == size + self.unlabelled_rows:
                break
        without_label = set(random.sample(range(len(pairs)), self.unlabelled_rows))
        rows = [_make_row(f"{split}-{number:05d}", pair, number in without_label) for number, pair in enumerate(pairs)]
        random.shuffle(rows)
        return rows


def _make_row(identifier: str, pair: Pair, is_unlabelled: bool) -> Row:
    return Row(
        id=identifier,
        texts={"premise": pair.premise, "hypothesis": pair.hypothesis},
        label=NO_LABEL if is_unlabelled else pair.label,
        group=pair.premise,
        tags={"genre": pair.genre, "phenomenon": pair.phenomenon},
    )

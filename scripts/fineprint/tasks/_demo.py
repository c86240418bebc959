"""What the tasks that make their rows up share: a fixed number of rows per split, and none of them twice."""

from abc import abstractmethod
from collections.abc import Iterator
from random import Random
from typing import ClassVar

from pydantic import Field

from fineprint.core.settings import SettingsError
from fineprint.demo import lexicon
from fineprint.demo.examples import Example
from fineprint.tasks import NO_LABEL, Row, TaskSettings

# Of a split. Where a generator's sentences run out, it goes on with repetitions.
MOST_ROWS = 20_000
DRAWS_WITHOUT_A_NEW_ONE = 20_000
GENRES = (*lexicon.MATCHED_GENRES, *lexicon.MISMATCHED_GENRES)


class DemoTaskSettings(TaskSettings):
    """A kind sets `split_genres`: what each split is about.

    Attributes:
        unlabeled_rows: on top of the others in every split, as in collections whose annotators did not agree.
    """

    language: ClassVar[str] = "en"
    origin: ClassVar[str] = "were made by this workflow"
    prompt_reason: ClassVar[str] = "the demo's decoder was pretrained on texts of this form, which end in one word"
    split_genres: ClassVar[dict[str, tuple[str, ...]]] = {"train": GENRES, "test": GENRES}
    unlabeled_rows: int = Field(9, ge=0, le=MOST_ROWS)

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Return the number of labeled rows by split."""

    @abstractmethod
    def draw_examples(self, random: Random, genres: tuple[str, ...]) -> Iterator[Example]:
        """Yield examples without end."""

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Return all splits; no example occurs twice, within a split or across splits."""
        # Shared by all splits: no test row has the texts of a training row.
        seen: set[tuple[str, ...]] = set()
        return {split: self._make_rows(split, size, seed, seen) for split, size in self.sizes().items()}

    def _make_rows(self, split: str, size: int, seed: int, seen: set[tuple[str, ...]]) -> list[Row]:
        # By split: with another number of training rows, test rows are drawn from the same sequence.
        random = Random(f"{seed} {split}")
        drawn = self.draw_examples(random, self.split_genres[split])
        examples = _take_new(drawn, size + self.unlabeled_rows, seen)
        without_label = set(random.sample(range(len(examples)), self.unlabeled_rows))
        rows = [_make_row(f"{split}-{n:05d}", example, n in without_label) for n, example in enumerate(examples)]
        # Examples come in groups, such as the four of two questions and two passages.
        random.shuffle(rows)
        return rows


def _take_new(drawn: Iterator[Example], count: int, seen: set[tuple[str, ...]]) -> list[Example]:
    """Return so many examples whose texts have not been seen, and remember theirs."""
    examples: list[Example] = []
    repetitions = 0
    while len(examples) < count:
        example = next(drawn)
        texts = tuple(example.texts.values())
        repetitions = repetitions + 1 if texts in seen else 0
        if texts not in seen:
            seen.add(texts)
            examples.append(example)
        if repetitions == DRAWS_WITHOUT_A_NEW_ONE:
            raise SettingsError(
                f"there are no more than {len(seen)} different examples of this kind; ask for fewer rows"
            )
    return examples


def _make_row(identifier: str, example: Example, is_unlabeled: bool) -> Row:
    return Row(
        id=identifier,
        texts=example.texts,
        label=NO_LABEL if is_unlabeled else example.label,
        group=example.group or next(iter(example.texts.values())),
        tags={"genre": example.genre, "phenomenon": example.phenomenon},
    )

"""What the tasks share whose rows are a data set on the hub, or a local folder of the same form."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from fineprint.core.settings import SettingsError
from fineprint.hub.repositories import HubSource
from fineprint.tasks import NO_LABEL, Row, TaskSettings

if TYPE_CHECKING:
    from datasets import Dataset


class HubTaskSettings(TaskSettings):
    """A kind sets the data set's `name`, its `columns`, and `splits`: the split here → the split there, "train" first.

    Attributes:
        source: a data set on the hub, or a local folder with a copy of it (Parquet).
        revision: branch, tag or commit asked for; the commit that was loaded is recorded.
        train_fraction: of the training rows that are used, after shuffling with `shuffle_seed`.
        shuffle_seed: of the training rows before they are cut; apart from `data_seed`, as in the assignment.
        test_rows: at most so many rows of each test split, the first ones; null takes all.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    splits: ClassVar[dict[str, str]] = {"train": "train", "validation": "validation"}
    also_accepted: ClassVar[str] = ""
    source: str
    revision: str = "main"
    train_fraction: float = Field(1.0, gt=0, le=1)
    shuffle_seed: int = 42
    test_rows: int | None = Field(None, ge=1)

    @abstractmethod
    def make_row(self, split: str, number: int, entry: dict[str, Any]) -> Row:
        """Turn an entry of the data set into a row."""

    def hub_source(self) -> HubSource | None:
        """Return the repository, unless the rows lie in a local folder. Its README.md names the files of each split."""
        if Path(self.source).is_dir():
            return None
        return HubSource("dataset", self.source, self.revision, ("*.parquet", "README.md"))

    def source_files(self) -> list[Path]:
        """Return the files of a local folder; there are none for a data set on the hub."""
        folder = Path(self.source)
        return sorted(folder.rglob("*.parquet")) if folder.is_dir() else []

    def facts(self) -> dict[str, Any]:
        """Return where the rows came from."""
        return {"source": self.source, "revision_asked": self.revision, "revision": self._revision}

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Load all splits; the share of the training rows does not depend on the seed, as in the assignment."""
        tables = {split: self.load_table(split) for split in self.splits}
        for split, table in tables.items():
            self._require_columns(table, split)
        # Shuffled before it is cut: many data sets are sorted, by source or by label.
        train = tables["train"].shuffle(seed=self.shuffle_seed)
        tables["train"] = train.select(range(max(1, round(self.train_fraction * len(train)))))
        self._not_drawn["train"] = len(train) - len(tables["train"])
        return {split: self._make_rows(split, table) for split, table in tables.items()}

    def load_table(self, split: str) -> Dataset:
        """Load one split of a local folder or of what was fetched."""
        from datasets import load_dataset

        folder = self.source if self.hub_source() is None else str(self.fetched_folder())
        try:
            return load_dataset(folder, split=self.splits[split])
        except (FileNotFoundError, ValueError, ConnectionError) as error:
            raise SettingsError(
                f"{self.name} cannot be loaded from '{self.source}' (split {self.splits[split]}): {error}; accepted: "
                f"a data set on the hub, or a local copy of it{self.also_accepted}"
            ) from error

    def _require_columns(self, table: Dataset, split: str) -> None:
        missing = [column for column in self.columns if column not in table.column_names]
        if missing:
            raise SettingsError(
                f"'{self.source}' (split {self.splits[split]}) is not {self.name}: it has no column '{missing[0]}'; "
                f"it has: {', '.join(table.column_names)}; expected: {', '.join(self.columns)}"
            )

    def _make_rows(self, split: str, table: Dataset) -> list[Row]:
        count = len(table)
        if split != "train":
            count = min(self.test_rows or count, count)
            self._not_drawn[split] = len(table) - count
        entries = enumerate(table.select(range(count)))
        return [
            self.make_row(split, number, self._require_texts(entry, f"{split}-{number}")) for number, entry in entries
        ]

    def _require_texts(self, entry: dict[str, Any], where: str) -> dict[str, Any]:
        """Return an entry whose texts, in columns of the fields' names, are texts."""
        for field in self.text_fields():
            if not isinstance(entry[field], str):
                raise SettingsError(f"'{self.source}' ({where}): '{field}' is {entry[field]!r}; expected text")
        return entry

    def read_label(self, value: Any, where: str) -> int:
        """Return a label's number; nothing, and -1, stand for no gold label."""
        # BoolQ's labels are False and True, and 0 and 1 are equal to them.
        if value is None or value in (False, True):
            return NO_LABEL if value is None else int(value)
        if isinstance(value, int) and NO_LABEL <= value < len(self.labels):
            return value
        raise SettingsError(
            f"'{self.source}' ({where}): label {value!r} is unknown; accepted: 0 to {len(self.labels) - 1} "
            f"({', '.join(self.labels)}), and -1 for no gold label"
        )

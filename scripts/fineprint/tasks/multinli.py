"""MultiNLI (Williams et al. 2018, aclanthology N18-1101): from the hub, from a local folder of the same form, or from
the official files `multinli_1.0_*.jsonl`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from fineprint.settings import SettingsError
from fineprint.tasks import NO_LABEL, Row, TaskSettings

if TYPE_CHECKING:
    from datasets import Dataset

LABELS = ("entailment", "neutral", "contradiction")
SPLITS = {"train": "train", "matched": "validation_matched", "mismatched": "validation_mismatched"}
OFFICIAL_FILES = {"train": "train", "matched": "dev_matched", "mismatched": "dev_mismatched"}


class Settings(TaskSettings):
    """Attributes:
    source: a data set on the hub, or a local folder: a copy of the hub's (Parquet), or one with the official files.
    revision: branch, tag or commit asked for; the commit that was loaded is recorded.
    train_share: of the training rows that are used, after shuffling with `shuffle_seed`.
    test_rows: at most so many rows of each test split, the first ones; None takes all.
    """

    kind: Literal["multinli"]
    references: ClassVar[tuple[str, ...]] = ("ACL N18-1101",)
    language: ClassVar[str] = "en"
    description: str = "MultiNLI: does a premise entail a hypothesis, contradict it, or neither?"
    labels: tuple[str, ...] = LABELS
    answers: tuple[str, ...] = ("ENTAILMENT", "NEUTRAL", "CONTRADICTION")
    prompt: str = (
        "Read the premise and the hypothesis and decide whether the premise entails the hypothesis, contradicts it, "
        "or neither.\nPremise: {premise}\nHypothesis: {hypothesis}\n"
        "Choose one: ENTAILMENT, NEUTRAL, CONTRADICTION.\nAnswer:"
    )
    source: str = "nyu-mll/multi_nli"
    revision: str = "main"
    train_share: float = Field(0.1, gt=0, le=1)
    shuffle_seed: int = 42
    test_rows: int | None = Field(None, ge=1)

    @cached_property
    def resolved_revision(self) -> str | None:
        """The commit on the hub that `revision` names; None for a local folder."""
        if Path(self.source).is_dir():
            return None
        from fineprint.hub import resolve_dataset

        return resolve_dataset(self.source, self.revision)

    def source_files(self) -> list[Path]:
        """Return the files of a local folder; there are none for a data set on the hub."""
        folder = Path(self.source)
        return sorted([*folder.glob("multinli_1.0_*.jsonl"), *folder.rglob("*.parquet")]) if folder.is_dir() else []

    def facts(self) -> dict[str, Any]:
        """Return where the rows came from."""
        return {"source": self.source, "revision_asked": self.revision, "revision": self.resolved_revision}

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Load all three splits; the study's share of `train` does not depend on the seed, as in the assignment."""
        tables = {split: self.load_table(split) for split in SPLITS}
        train = tables["train"].shuffle(seed=self.shuffle_seed)
        tables["train"] = train.select(range(max(1, round(self.train_share * len(train)))))
        if self.test_rows is not None:
            for split in ("matched", "mismatched"):
                tables[split] = tables[split].select(range(min(self.test_rows, len(tables[split]))))
        return {split: [make_row(split, n, entry) for n, entry in enumerate(table)] for split, table in tables.items()}

    def load_table(self, split: str) -> Dataset:
        """Load one split from wherever the source is."""
        from datasets import load_dataset

        folder = Path(self.source)
        official = folder / f"multinli_1.0_{OFFICIAL_FILES[split]}.jsonl"
        if official.exists():
            return read_official(official)
        if folder.is_dir() and any(folder.glob("multinli_1.0_*.jsonl")):
            raise SettingsError(f"folder {folder} holds official MultiNLI files, but {official.name} is missing")
        try:
            return load_dataset(self.source, split=SPLITS[split], revision=self.resolved_revision)
        except (FileNotFoundError, ValueError, ConnectionError) as error:
            raise SettingsError(
                f"MultiNLI cannot be loaded from '{self.source}' (split {SPLITS[split]}): {error}; accepted: a data "
                "set on the hub, a local copy of it, or a folder with multinli_1.0_train.jsonl, "
                "multinli_1.0_dev_matched.jsonl and multinli_1.0_dev_mismatched.jsonl"
            ) from error


def read_official(path: Path) -> Dataset:
    """Read an official file, in the hub's column names."""
    from datasets import Dataset

    from fineprint.tasks._tables import read_table, require_columns

    table = read_table(path)
    require_columns(table, ["sentence1", "sentence2", "gold_label", "genre", "pairID"], str(path))
    return Dataset.from_list(
        [
            {
                "premise": entry["sentence1"],
                "hypothesis": entry["sentence2"],
                "label": LABELS.index(entry["gold_label"]) if entry["gold_label"] in LABELS else NO_LABEL,
                "genre": entry["genre"],
                "pairID": entry["pairID"],
            }
            for entry in table
        ]
    )


def make_row(split: str, number: int, entry: dict[str, Any]) -> Row:
    """Turn an entry in the hub's form into a row; pair ids are not unique across splits."""
    return Row(
        id=f"{split}-{number}-{entry['pairID']}",
        texts={"premise": entry["premise"], "hypothesis": entry["hypothesis"]},
        label=int(entry["label"]) if entry["label"] is not None and entry["label"] >= 0 else NO_LABEL,
        group=entry["premise"],
        tags={"genre": entry["genre"]},
    )

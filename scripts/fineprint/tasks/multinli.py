"""MultiNLI (Williams et al. 2018, aclanthology N18-1101): from the hub, from a local folder of the same form, or from
the official files `multinli_1.0_*.jsonl`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from fineprint.core.settings import SettingsError
from fineprint.tasks import NO_LABEL, Row
from fineprint.tasks._hub import HubTaskSettings
from fineprint.tasks._labels import NO_LABEL_MARKS
from fineprint.tasks._table import Wanted
from fineprint.tasks._tables import read_table

if TYPE_CHECKING:
    from datasets import Dataset

LABELS = ("entailment", "neutral", "contradiction")
OFFICIAL_FILES = {"train": "train", "matched": "dev_matched", "mismatched": "dev_mismatched"}


class Settings(HubTaskSettings):
    """A tenth of the training rows, as in the assignment.

    Attributes:
        source: a data set on the hub, a local folder with a copy of it, or one with the official
            `multinli_1.0_*.jsonl`.
    """

    kind: Literal["multinli"]
    references: ClassVar[tuple[str, ...]] = ("ACL N18-1101",)
    language: ClassVar[str] = "en"
    name: ClassVar[str] = "MultiNLI"
    columns: ClassVar[tuple[str, ...]] = ("premise", "hypothesis", "label", "genre", "pairID")
    splits: ClassVar[dict[str, str]] = {
        "train": "train",
        "matched": "validation_matched",
        "mismatched": "validation_mismatched",
    }
    also_accepted: ClassVar[str] = (
        ", or a folder with multinli_1.0_train.jsonl, multinli_1.0_dev_matched.jsonl and "
        "multinli_1.0_dev_mismatched.jsonl"
    )
    description: str = "MultiNLI: does a premise entail a hypothesis, contradict it, or neither?"
    labels: tuple[str, ...] = LABELS
    answers: tuple[str, ...] = ("ENTAILMENT", "NEUTRAL", "CONTRADICTION")
    prompt: str = (
        "Read the premise and the hypothesis and decide whether the premise entails the hypothesis, contradicts it, "
        "or neither.\nPremise: {premise}\nHypothesis: {hypothesis}\n"
        "Choose one: ENTAILMENT, NEUTRAL, CONTRADICTION.\nAnswer:"
    )
    source: str = "nyu-mll/multi_nli"
    train_fraction: float = Field(0.1, gt=0, le=1)

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("premise", "hypothesis")

    def source_files(self) -> list[Path]:
        """Return the files of a local folder, the official ones too."""
        return sorted([*super().source_files(), *Path(self.source).glob("multinli_1.0_*.jsonl")])

    def load_table(self, split: str) -> Dataset:
        """Load one split from wherever the source is."""
        folder = Path(self.source)
        official = folder / f"multinli_1.0_{OFFICIAL_FILES[split]}.jsonl"
        # Told by the files' names: a copy of the hub's data set is Parquet.
        if official.exists():
            return read_official(official)
        if folder.is_dir() and any(folder.glob("multinli_1.0_*.jsonl")):
            raise SettingsError(f"folder {folder} holds official MultiNLI files, but {official.name} is missing")
        return super().load_table(split)

    def make_row(self, split: str, number: int, entry: dict[str, Any]) -> Row:
        """Turn an entry in the hub's form into a row; pair ids are not unique across splits."""
        identifier = f"{split}-{number}-{entry['pairID']}"
        return Row(
            id=identifier,
            texts={"premise": entry["premise"], "hypothesis": entry["hypothesis"]},
            label=self.read_label(entry["label"], identifier),
            group=entry["premise"],
            tags={"genre": entry["genre"]},
        )


def read_official(path: Path) -> Dataset:
    """Read an official file, in the hub's column names."""
    from datasets import Dataset

    asked = ("sentence1", "sentence2", "gold_label", "genre", "pairID")
    table = read_table(path, Wanted(asked, "gold_label", LABELS.__contains__, NO_LABEL_MARKS.__contains__)).columns
    pairs = zip(table["gold_label"], table["pairID"], strict=True)
    return Dataset.from_dict(
        {
            "premise": table["sentence1"],
            "hypothesis": table["sentence2"],
            "label": [read_gold(name, f"{path}, pair {pair}") for name, pair in pairs],
            "genre": table["genre"],
            "pairID": table["pairID"],
        }
    )


def read_gold(name: str, where: str) -> int:
    """Return a gold label's number; "-" stands where annotators did not agree."""
    if name in LABELS:
        return LABELS.index(name)
    if name in NO_LABEL_MARKS:
        return NO_LABEL
    raise SettingsError(f"{where}: label '{name}' is unknown; accepted: {', '.join(LABELS)}, or - for none")

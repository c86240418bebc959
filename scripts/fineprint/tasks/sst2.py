"""SST-2 (Socher et al. 2013, aclanthology D13-1170, as GLUE gives it): the sentiment of sentences from film reviews."""

from typing import Any, ClassVar, Literal

from fineprint.tasks import Row
from fineprint.tasks._hub import HubTaskSettings


class Settings(HubTaskSettings):
    """The hub's test split has no labels: GLUE keeps them. So the validation split is tested on."""

    kind: Literal["sst2"]
    references: ClassVar[tuple[str, ...]] = ("ACL D13-1170", "arXiv 1804.07461")
    language: ClassVar[str] = "en"
    name: ClassVar[str] = "SST-2"
    columns: ClassVar[tuple[str, ...]] = ("idx", "sentence", "label")
    description: str = "SST-2: is a sentence from a film review negative or positive?"
    labels: tuple[str, ...] = ("negative", "positive")
    answers: tuple[str, ...] = ("NEGATIVE", "POSITIVE")
    prompt: str = (
        "Read the sentence from a film review and decide whether its sentiment is negative or positive.\n"
        "Sentence: {sentence}\nChoose one: NEGATIVE, POSITIVE.\nAnswer:"
    )
    source: str = "stanfordnlp/sst2"

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("sentence",)

    def make_row(self, split: str, number: int, entry: dict[str, Any]) -> Row:
        """Turn an entry in the hub's form into a row; its sentences end in a space."""
        identifier, sentence = f"{split}-{entry['idx']}", entry["sentence"].strip()
        return Row(identifier, {"sentence": sentence}, self.read_label(entry["label"], identifier), group=sentence)

"""BoolQ (Clark et al. 2019, arXiv 1905.10044): yes-or-no questions that people asked, each on a passage."""

from typing import Any, ClassVar, Literal

from fineprint.tasks import Row
from fineprint.tasks._hub import HubTaskSettings


class Settings(HubTaskSettings):
    """Passages are up to a page long: where `max_length` does not hold both, the passage is cut, not the question."""

    kind: Literal["boolq"]
    references: ClassVar[tuple[str, ...]] = ("arXiv 1905.10044",)
    language: ClassVar[str] = "en"
    name: ClassVar[str] = "BoolQ"
    columns: ClassVar[tuple[str, ...]] = ("question", "answer", "passage")
    description: str = "BoolQ: what does a passage say to a yes-or-no question?"
    labels: tuple[str, ...] = ("no", "yes")
    answers: tuple[str, ...] = ("NO", "YES")
    prompt: str = (
        "Read the passage and answer the question with yes or no.\nPassage: {passage}\nQuestion: {question}?\n"
        "Choose one: NO, YES.\nAnswer:"
    )
    source: str = "google/boolq"

    def text_fields(self) -> tuple[str, ...]:
        """Return what a row's texts are called."""
        return ("passage", "question")

    def make_row(self, split: str, number: int, entry: dict[str, Any]) -> Row:
        """Turn an entry in the hub's form into a row; entries have no number of their own."""
        identifier, texts = f"{split}-{number}", {"passage": entry["passage"], "question": entry["question"]}
        # Several questions may be asked on one passage: they stay on one side of the held-out cut.
        return Row(identifier, texts, self.read_label(entry["answer"], identifier), group=entry["passage"])

"""The program that a model card shows: load base and trained part by Transformers and PEFT alone, answer a row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fineprint.core.plain_code import PlainCode, write_program
from fineprint.models.precisions import plain_loading

if TYPE_CHECKING:
    from fineprint.readouts import Readout
    from fineprint.study.schema import MethodSettings


def plain_program(
    method: MethodSettings, readout: Readout, base: str, revision: str | None, shown: str, saved: Path
) -> str | None:
    """Return the program, or None where the readout has no plain form.

    Args:
        method: what was trained.
        readout: as it was trained.
        base: the base's name, and its `revision` on the hub.
        revision: a commit.
        shown: the model folder as the program names it.
        saved: the model folder; a part that was not saved is not loaded.
    """
    answering = readout.plain_code()
    if answering is None:
        return None
    adapting = method.adapter.plain_code if any(saved.glob("adapter/*")) else PlainCode()
    settled = PlainCode((*adapting.imports,), (*adapting.lines, "model.eval()"))
    return write_program(
        [place_lines(readout, base, revision, shown), *load_lines(method, readout, revision), settled, answering]
    )


def place_lines(readout: Readout, base: str, revision: str | None, shown: str) -> PlainCode:
    """Return where everything is, the labels, and a row to fill in."""
    commit = [f"revision = {revision!r}"] if revision else []
    row = {field: f"Put the {field} here." for field in readout.context.show(readout.context.training_rows[0]).texts}
    places = (f"base = {base!r}", *commit, f"folder = {shown!r}  # where this card lies")
    return PlainCode((), (*places, f"labels = {list(readout.context.task.labels)!r}", f"texts = {row!r}"))


def load_lines(method: MethodSettings, readout: Readout, revision: str | None) -> list[PlainCode]:
    """Return how tokenizer and model are loaded, the model at the precision it was trained on."""
    before, precision = plain_loading(method.precision, list(readout.keep_unquantized))
    weights = method.adapter.weights_code
    commit = ["revision=revision"] if revision else []
    model = ", ".join(
        [weights, *(commit if weights == "base" else []), *readout.model_arguments, *precision],
    )
    return [
        before,
        PlainCode(
            (("transformers", "AutoTokenizer"), ("transformers", readout.settings.auto_class)),
            (
                f"tokenizer = AutoTokenizer.from_pretrained({', '.join(['base', *commit])})",
                f"model = {readout.settings.auto_class}.from_pretrained({model})",
            ),
        ),
    ]

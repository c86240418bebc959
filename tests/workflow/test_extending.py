"""CONTRIBUTING's promise: an adapter, a readout or a task is one new file and a config row, nothing else."""

import json

import pytest
import yaml

pytestmark = pytest.mark.workflow

ADAPTER = '''
"""IA³: trained scales on keys, values and feed-forward outputs (Liu et al. 2022, arXiv 2205.05638)."""

from typing import Any, ClassVar, Literal

from fineprint.adapters._peft import PeftSettings


class Settings(PeftSettings):
    """Attributes: modules to scale, and those of them that are feed-forward."""

    kind: Literal["ia3"]
    target_modules: tuple[str, ...]
    feedforward_modules: tuple[str, ...]
    title: ClassVar[str] = "IA³"
    explanation: ClassVar[str] = "Keys, values and feed-forward outputs are scaled by trained vectors."

    def peft_config(self, model: Any, peft_task: str) -> Any:
        """Return PEFT's IA3Config."""
        from peft import IA3Config

        return IA3Config(
            task_type=peft_task,
            target_modules=list(self.target_modules),
            feedforward_modules=list(self.feedforward_modules),
        )
'''

READOUT = '''
"""Two layers: a small network on the mean of all tokens."""

from typing import Any, ClassVar, Literal

from fineprint.readouts import Context, Readout
from fineprint.readouts.linear_head import LinearHead
from fineprint.readouts.linear_head import Settings as LinearSettings


class Settings(LinearSettings):
    """No settings of its own."""

    kind: Literal["two_layers"]
    pooling: Literal["mean"] = "mean"
    title: ClassVar[str] = "Two layers"
    explanation: ClassVar[str] = "A network of two layers reads the mean of all tokens."

    def build(self, context: Context) -> Readout:
        """Return the readout."""
        return TwoLayers(self, context)


class TwoLayers(LinearHead):
    """The linear head with a layer before it."""

    def plain_code(self) -> None:
        """Say nothing in the model card: what the linear head says is not true here."""

    def attach_head(self, model: Any) -> Any:
        """Put both layers on."""
        from torch import nn

        module = super().attach_head(model)
        width = module.linear_head.in_features
        module.linear_head = nn.Sequential(nn.Linear(width, width), nn.Tanh(), module.linear_head)
        return module
'''

TASK = '''
"""Parity: is a sentence long or short?"""

from typing import Literal

from fineprint.tasks import Row, TaskSettings


class Settings(TaskSettings):
    """No settings of its own."""

    kind: Literal["lengths"]
    labels: tuple[str, ...] = ("short", "long")
    answers: tuple[str, ...] = ("yes", "no")
    prompt: str = "Premise: {sentence}\\nAnswer:"

    def text_fields(self) -> tuple[str, ...]:
        """One sentence."""
        return ("sentence",)

    def load_splits(self, seed: int) -> dict[str, list[Row]]:
        """Make rows of one or six words."""
        def row(split: str, n: int) -> Row:
            texts = {"sentence": " ".join(["dog"] * (6 if n % 2 else 1)) + " " * (n // 2 % 5)}
            return Row(f"{split}-{n}", texts, n % 2, f"{split}-{n}")

        return {split: [row(split, n) for n in range(60)] for split in ("train", "test")}
'''

OVERLAY = {
    "study": "extended",
    "serving": None,
    "run": {"tasks": ["lengths"], "methods": ["encoder_ia3", "encoder_two_layers"], "seeds": [1]},
    "tasks": {"lengths": {"kind": "lengths"}},
    "backbones": {"encoder": {"steps": 5}},
    "methods": {
        "encoder_ia3": {
            "backbone": "encoder",
            "adapter": {"kind": "ia3", "target_modules": ["key", "value"], "feedforward_modules": []},
            "readout": {"kind": "classifier"},
            "training": {"epochs": 1},
        },
        "encoder_two_layers": {
            "backbone": "encoder",
            "adapter": {"kind": "full"},
            "readout": {"kind": "two_layers"},
            "training": {"epochs": 3, "learning_rate": 1.0e-3},
        },
    },
}


def test_one_file_and_a_row_each(make_copy):
    copy = make_copy("extended")
    for place, text in (("adapters/ia3", ADAPTER), ("readouts/two_layers", READOUT), ("tasks/lengths", TASK)):
        (copy.folder / f"scripts/fineprint/{place}.py").write_text(text, encoding="utf-8")
    (copy.folder / "extended.yaml").write_text(yaml.safe_dump(OVERLAY), encoding="utf-8")
    done = copy.run(study="extended.yaml")
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    folder = copy.folder / "results/extended"
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "IA³" in html and "Two layers" in html and (folder / "report.pdf").exists()
    runs = {run["method"]: run for run in json.loads((folder / "results.json").read_text(encoding="utf-8"))["runs"]}
    assert 0 < runs["encoder_ia3"]["train"]["parameters"]["adapter"] < 2000
    gpus = {m: (folder / f"runs/lengths/{m}/1/model/README.md").read_text(encoding="utf-8") for m in runs}
    assert "PeftModel.from_pretrained" in gpus["encoder_ia3"] and "```python" not in gpus["encoder_two_layers"]
    assert runs["encoder_two_layers"]["scores"]["splits"]["test"]["accuracy"] > 0.9

"""Precisions: how the backbone's weights are stored.

`nf4` is 4-bit NormalFloat with double quantization (QLoRA, arXiv 2305.14314) through bitsandbytes; `int8` is its
LLM.int8(). Heads and adapters are never quantized.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from fineprint.core.plain_code import PlainCode


@dataclass(frozen=True)
class Precision:
    """How weights are stored: a torch dtype by name, or a quantization with the dtype it computes in. `words` and
    `reference` are for texts."""

    dtype: str
    bits: int
    words: str
    quantization: str | None = None
    reference: str | None = None

    @property
    def quantized(self) -> bool:
        """Whether the weights are stored in fewer bits than any dtype that can be trained."""
        return self.quantization is not None


PRECISIONS = {
    "float32": Precision("float32", 32, "float32"),
    "bfloat16": Precision("bfloat16", 16, "bfloat16"),
    "float16": Precision("float16", 16, "float16"),
    "int8": Precision("auto", 8, "8-bit integers by LLM.int8()", "int8", "arXiv 2208.07339"),
    "nf4": Precision("auto", 4, "4-bit NormalFloat, doubly quantized", "nf4", "arXiv 2305.14314"),
}


@dataclass(frozen=True)
class MergeTarget:
    """What an adapter is added to: the backbone's weights stored at `precision`, a key of `PRECISIONS`. Either its
    original ones or, `dequantized`, those that a quantized backbone computes with."""

    precision: str
    dequantized: bool


MERGE_TARGETS = {name: MergeTarget(name, False) for name in PRECISIONS} | {
    f"dequantized_{name}": MergeTarget(name, True) for name, stored in PRECISIONS.items() if not stored.quantized
}

# Not an argument: between training, which knows, and loading lie all readouts, which need not know of it.
_KEPT_OFF_THE_GPU = ContextVar("kept_off_the_gpu", default=False)


def compute_dtype(precision: Precision) -> Any:
    """Return the torch dtype that weights are kept or computed in; quantized ones compute in bfloat16 on a GPU that
    has it and in float32 on a CPU, where bfloat16 is slower."""
    import torch

    if precision.dtype != "auto":
        return getattr(torch, precision.dtype)
    return half_dtype() if torch.cuda.is_available() else torch.float32


def half_dtype() -> Any:
    """Return the 16-bit dtype that suits this GPU: bfloat16 where it has it, else float16."""
    import torch

    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


@contextmanager
def load_into_main_memory(wanted: bool) -> Iterator[None]:
    """Load models inside the block into main memory even where there is a GPU: one that they do not fit."""
    token = _KEPT_OFF_THE_GPU.set(wanted)
    try:
        yield
    finally:
        _KEPT_OFF_THE_GPU.reset(token)


def loading_arguments(name: str, keep_unquantized: list[str]) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that store the weights at the precision `name`.

    Args:
        name: a key of `PRECISIONS`.
        keep_unquantized: modules, such as heads, that stay at full precision.
    """
    import torch
    from transformers import BitsAndBytesConfig

    precision = PRECISIONS[name]
    dtype = compute_dtype(precision)
    arguments: dict[str, Any] = {"dtype": dtype}
    if torch.cuda.is_available() and not _KEPT_OFF_THE_GPU.get():
        # Each file straight to the GPU, so that main memory need not hold the model as well.
        arguments["device_map"] = {"": torch.cuda.current_device()}
    if precision.quantization == "nf4":
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=keep_unquantized or None,
        )
    if precision.quantization == "int8":
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_8bit=True, llm_int8_skip_modules=keep_unquantized or None
        )
    return arguments


def keep_linear_in_half(module: Any, dtype: Any, spared: Iterable[Any] = ()) -> int:
    """Store the frozen float32 weights of linear layers in the 16 bits in which autocast computes with them anyway.

    The results are the same to the last bit; autocast no longer converts every weight in every pass. Weights that
    serve elsewhere too, such as an output layer tied to the embeddings, are left alone, and so are those `spared`.
    Return how many were changed.
    """
    import torch

    # By identity: tied weights are one tensor under several names.
    elsewhere = {id(parameter) for parameter in spared} | {
        id(parameter)
        for part in module.modules()
        if not isinstance(part, torch.nn.Linear)
        for parameter in part.parameters(recurse=False)
    }
    changed = 0
    for part in module.modules():
        for parameter in part.parameters(recurse=False) if isinstance(part, torch.nn.Linear) else ():
            if parameter.dtype == torch.float32 and not parameter.requires_grad and id(parameter) not in elsewhere:
                parameter.data = parameter.data.to(dtype)
                changed += 1
    return changed


def plain_loading(name: str, keep_unquantized: list[str]) -> tuple[PlainCode, list[str]]:
    """Return `loading_arguments` for the model card: what is imported and done before, and the arguments."""
    dtype = str(compute_dtype(PRECISIONS[name]))
    stored = {
        "nf4": (
            *('load_in_4bit=True, bnb_4bit_quant_type="nf4"', "bnb_4bit_use_double_quant=True"),
            f"bnb_4bit_compute_dtype={dtype}",
        ),
        "int8": ("load_in_8bit=True",),
    }.get(PRECISIONS[name].quantization or "")
    if stored is None:
        return PlainCode(), [f"dtype={dtype}"]
    kept = [f"llm_int8_skip_modules={keep_unquantized!r}"] if keep_unquantized else []
    line = f"quantization = BitsAndBytesConfig({', '.join([*stored, *kept])})"
    imports = (("transformers", "BitsAndBytesConfig"),)
    return PlainCode(imports, (line,)), [f"dtype={dtype}", "quantization_config=quantization"]

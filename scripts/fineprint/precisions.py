"""Precisions: how the backbone's weights are stored.

`nf4` is 4-bit NormalFloat with double quantisation (QLoRA, arXiv 2305.14314) through bitsandbytes; `int8` is its
LLM.int8(). Heads and adapters are never quantised.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Precision:
    """How weights are stored: a torch dtype by name, or a quantisation with the dtype it computes in."""

    dtype: str
    bits: int
    quantisation: str | None = None

    @property
    def quantised(self) -> bool:
        """Whether the weights are stored in fewer bits than any dtype that can be trained."""
        return self.quantisation is not None


PRECISIONS = {
    "float32": Precision("float32", 32),
    "bfloat16": Precision("bfloat16", 16),
    "float16": Precision("float16", 16),
    "int8": Precision("auto", 8, "int8"),
    "nf4": Precision("auto", 4, "nf4"),
}


def compute_dtype(precision: Precision) -> Any:
    """Return the torch dtype that weights are kept or computed in; quantised ones compute in bfloat16 on a GPU that
    has it and in float32 on a CPU, where bfloat16 is slower."""
    import torch

    if precision.dtype != "auto":
        return getattr(torch, precision.dtype)
    return half_dtype() if torch.cuda.is_available() else torch.float32


def half_dtype() -> Any:
    """Return the 16-bit dtype that suits this GPU: bfloat16 where it has it, else float16."""
    import torch

    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def loading_arguments(name: str, keep_unquantised: list[str]) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that store the weights at the precision `name`.

    Args:
        name: a key of `PRECISIONS`.
        keep_unquantised: modules, such as heads, that stay at full precision.
    """
    import torch
    from transformers import BitsAndBytesConfig

    precision = PRECISIONS[name]
    dtype = compute_dtype(precision)
    arguments: dict[str, Any] = {"dtype": dtype}
    if torch.cuda.is_available():
        arguments["device_map"] = {"": torch.cuda.current_device()}
    if precision.quantisation == "nf4":
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            llm_int8_skip_modules=keep_unquantised or None,
        )
    if precision.quantisation == "int8":
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_8bit=True, llm_int8_skip_modules=keep_unquantised or None
        )
    return arguments


def keep_linear_in_half(module: Any, dtype: Any) -> int:
    """Store the frozen float32 weights of linear layers in the 16 bits in which autocast computes with them anyway.

    The results are the same to the last bit; autocast no longer converts every weight in every pass. Weights that
    serve elsewhere too, such as an output layer tied to the embeddings, are left alone. Return how many were changed.
    """
    import torch

    elsewhere = {
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

"""Loading tokenizers and models from model folders. Only safetensors, never remote code, never the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.core import formats
from fineprint.core.settings import SettingsError
from fineprint.hub.repositories import FETCH
from fineprint.models.matching import POOLER
from fineprint.models.precisions import PRECISIONS, compute_dtype, loading_arguments

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Found:
    """What a folder had of a model's weights.

    Attributes:
        weights: in the model.
        random: names of those that the folder lacks, or has in another shape: they begin at random.
        reshaped: of these, what it has in another shape, such as a head for more labels.
    """

    weights: int
    random: list[str]
    reshaped: list[str] = field(default_factory=list)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder, with a pad token."""
    from transformers import AutoTokenizer

    check_links(folder)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    tokenizer.pad_token = choose_pad_token(tokenizer)
    return tokenizer


def check_links(folder: Path) -> None:
    """Refuse a model folder with links to files that are gone: the hub's cache was emptied, or other nodes lack it."""
    gone = [file for file in sorted(folder.iterdir()) if not file.exists()]
    if gone:
        raise SettingsError(
            f"{gone[0]} links to {gone[0].readlink()}, which this machine does not have: it has not been fetched, or "
            f"the cache is not on a disk that all nodes see; {FETCH}"
        )


def choose_pad_token(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a pad token, if possible one that no text contains: the tokenizer's own, a reserved one, the unknown one.

    Where an end of text is the only special token, as in GPT-2, it serves as padding too. What is padding is told by
    masks and by where answers stand, never by comparing tokens with it: comparing would mask every end of text out of
    the loss, and a model so trained never stops (transformers issue 23530).
    """
    if tokenizer.pad_token is not None and tokenizer.pad_token != tokenizer.eos_token:
        return tokenizer.pad_token
    vocabulary = tokenizer.get_vocab()
    reserved = [token for token in vocabulary if token.startswith("<") and ("pad" in token or "reserved" in token)]
    if reserved:
        # The first in the vocabulary: every job must take the same one.
        return min(reserved, key=lambda token: vocabulary[token])
    spare = [tokenizer.unk_token, tokenizer.eos_token, tokenizer.sep_token, tokenizer.bos_token]
    token = next((token for token in spare if token is not None and token != tokenizer.eos_token), tokenizer.eos_token)
    if token is None:
        raise SettingsError("the tokenizer names no special token that inputs can be filled up with; add a pad_token")
    return token


def load_whole(
    auto_class: Any, folder: Path, precision: str, keep_unquantized: list[str], **extra: Any
) -> tuple[PreTrainedModel, Found]:
    """Load a model folder's weights at a precision, on the GPU if there is one; return what the folder had of them too.

    Args:
        auto_class: the Transformers class that decides which head comes with the model.
        folder: config.json, safetensors, tokenizer files.
        precision: a key of `fineprint.models.precisions.PRECISIONS`.
        keep_unquantized: modules that stay at full precision.
        extra: further arguments of `from_pretrained`, such as the labels.

    Raises:
        SettingsError: the folder lacks weights that decide answers.
    """
    model, found = load_and_tell(auto_class, folder, precision, keep_unquantized, **extra)
    # A pooler stands behind the last hidden state, and is never asked.
    lacking = [name for name in found.random if POOLER not in name.split(".")]
    if lacking:
        raise SettingsError(
            f"{folder} lacks {formats.plural(len(lacking), 'weight')} that this readout needs, such as {lacking[0]}: "
            "what is lacking would be drawn at random. Use readout 'linear_head', or a folder that was saved with the "
            "language model's output layer"
        )
    return model, Found(found.weights, lacking)


def load_and_tell(
    auto_class: Any, folder: Path, precision: str, keep_unquantized: list[str], **extra: Any
) -> tuple[PreTrainedModel, Found]:
    """Load a model as `load_whole` does, whatever the folder lacks."""
    arguments = loading_arguments(precision, keep_unquantized) | extra
    model, told = auto_class.from_pretrained(
        str(folder),
        local_files_only=True,
        trust_remote_code=False,
        # Pickled weights can run code while they are read.
        use_safetensors=True,
        # Such as a head of other labels; whoever loads is told of them.
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **arguments,
    )
    check_quantized(model, precision)
    reshaped = sorted(name for name, *_ in told["mismatched_keys"])
    random = sorted({*told["missing_keys"], *reshaped})
    return keep_weights_as_quantized(model), Found(sum(1 for _ in model.parameters()), random, reshaped)


def check_quantized(model: PreTrainedModel, precision: str) -> None:
    """Refuse a model of which nothing was stored in fewer bits, though that was asked for."""
    if not PRECISIONS[precision].quantized:
        return
    import bitsandbytes

    packed = (bitsandbytes.nn.Linear4bit, bitsandbytes.nn.Linear8bitLt)
    if not any(isinstance(part, packed) for part in model.modules()):
        raise SettingsError(
            f"precision {precision}: models of type '{model.config.model_type}' have no linear layers that can be "
            "stored in so few bits; use float32 or bfloat16"
        )


def keep_weights_as_quantized(model: PreTrainedModel) -> PreTrainedModel:
    """Keep bitsandbytes from repacking 4-bit weights at the first evaluation on processors with AVX512-BF16.

    The repacked form drops the double quantization, computes in bfloat16, and has no backward pass: a training that
    went on after an evaluation would silently lose its gradients (seen with bitsandbytes 0.50.2).
    """
    for module in model.modules():
        if getattr(module, "support_avx512bf16_for_cpu", False):
            module.support_avx512bf16_for_cpu = False
    return model


def dequantize(model: PreTrainedModel, precision: str) -> PreTrainedModel:
    """Replace quantized weights by the values that they stand for, and store all weights at a precision.

    Args:
        model: as loaded, quantized; it is changed.
        precision: a key of `fineprint.models.precisions.PRECISIONS`, not quantized.
    """
    dtype = compute_dtype(PRECISIONS[precision])
    model = model.dequantize(dtype=dtype)
    # Parameters alone: in 16 bits the buffer that rotary positions are computed from would shift them.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model


def read_config(folder: Any) -> PreTrainedConfig:
    """Return the configuration of a model folder, or of a folder that holds its config.json alone."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)

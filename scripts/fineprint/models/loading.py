"""Loading tokenizers and models from model folders. Only safetensors, never remote code, never the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.core.settings import SettingsError
from fineprint.hub.repositories import FETCH
from fineprint.models.precisions import PRECISIONS, compute_dtype, loading_arguments

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder, with a pad token that is not the end-of-text token."""
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
    """Return a pad token that no text contains.

    Padding with end-of-text would mask every end of text out of the loss, and a model so trained never stops
    (transformers issue 23530). A reserved token is taken where there is one, else the unknown token.
    """
    if tokenizer.pad_token is not None and tokenizer.pad_token != tokenizer.eos_token:
        return tokenizer.pad_token
    vocabulary = tokenizer.get_vocab()
    reserved = [token for token in vocabulary if token.startswith("<") and ("pad" in token or "reserved" in token)]
    if reserved:
        # The first in the vocabulary: every job must take the same one.
        return min(reserved, key=lambda token: vocabulary[token])
    if tokenizer.unk_token is not None and tokenizer.unk_token != tokenizer.eos_token:
        return tokenizer.unk_token
    raise SettingsError("the tokenizer has no pad token, no reserved token and no unknown token; add a pad token to it")


def load_model(
    auto_class: Any, folder: Path, precision: str, keep_unquantized: list[str], **extra: Any
) -> PreTrainedModel:
    """Load a model folder's weights at a precision, on the GPU if there is one.

    Args:
        auto_class: the Transformers class that decides which head comes with the model.
        folder: config.json, safetensors, tokenizer files.
        precision: a key of `fineprint.models.precisions.PRECISIONS`.
        keep_unquantized: modules that stay at full precision.
        extra: further arguments of `from_pretrained`, such as the labels.
    """
    return load_and_tell(auto_class, folder, precision, keep_unquantized, **extra)[0]


def load_and_tell(
    auto_class: Any, folder: Path, precision: str, keep_unquantized: list[str], **extra: Any
) -> tuple[PreTrainedModel, list[str]]:
    """Load a model as `load_model` does; return it and the names of the weights that the folder lacks, which therefore
    begin at random."""
    arguments = loading_arguments(precision, keep_unquantized) | extra
    model, told = auto_class.from_pretrained(
        str(folder),
        local_files_only=True,
        trust_remote_code=False,
        # Pickled weights can run code while they are read.
        use_safetensors=True,
        output_loading_info=True,
        **arguments,
    )
    return keep_weights_as_quantized(model), sorted(told["missing_keys"])


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

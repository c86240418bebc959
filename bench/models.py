"""Models of real size with random weights, made on the device, and rows of MultiNLI's lengths. No downloads.

Time and memory do not depend on what the weights are; answers and losses mean nothing here.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, PreTrainedTokenizerFast

from measure import start_part

# Token lengths of MultiNLI's pairs in the models' own tokenizers, special tokens included. RoBERTa's: median 37, mean
# 40, 90 % up to 62, 99 % up to 98; Llama's: mean 43. Log-normals with these fit.
LENGTH_MEDIAN = {"encoder": 37.0, "decoder": 40.0}
LENGTH_SPREAD, LENGTH_LEAST, LENGTH_MOST = 0.403, 9, 128
SPECIAL_TOKENS = {"encoder": 4, "decoder": 1}

ENCODER = {
    "model_type": "roberta",
    "vocab_size": 50265,
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
DECODER = {
    "model_type": "llama",
    "vocab_size": 128256,
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
}
TINY = {
    "vocab_size": 300,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
# Answers of three, two and three tokens, as Llama 3 reads the three labels.
ANSWERS = ("en tail ment", "neu tral", "contra dic tion")
# studies/multinli.yaml's own prompt takes 53 of Llama's tokens around the pair, the chat turn about 10: here 62 words
# and a beginning of text.
PROMPT = (
    "turn of the user : read the premise and the hypothesis and decide whether the premise entails the hypothesis , "
    "contradicts it , or neither . line premise : {premise} line hypothesis : {hypothesis} line choose one : en tail "
    "ment , neu tral , contra dic tion . answer with one word only . line answer : end turn of the model :"
)
PROMPT_TOKENS = len(PROMPT.split()) - 2 + 1


@dataclass(frozen=True)
class Sizes:
    """How large everything is.

    Attributes:
        tiny: whether this only tries the scripts out, on a CPU.
    """

    tiny: bool

    def steps(self, real: int) -> int:
        """Return how many steps to take where `real` are taken at real size."""
        return min(real, 4) if self.tiny else real

    def config(self, architecture: str) -> Any:
        """Return a model's configuration."""
        sizes = dict(ENCODER if architecture == "encoder" else DECODER)
        if self.tiny:
            sizes |= TINY | ({"num_key_value_heads": 2} if architecture == "decoder" else {})
        kind = sizes.pop("model_type")
        return AutoConfig.for_model(kind, **sizes, bos_token_id=0, pad_token_id=1, eos_token_id=2)


def device() -> str:
    """Return where models are made."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def make_tokenizer(architecture: str, words: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer whose tokens are words, so that texts have exactly the lengths wanted."""
    named = sorted(set(PROMPT.replace("{premise}", "").replace("{hypothesis}", "").split()))
    vocabulary = [*SPECIAL, *named]
    vocabulary += [f"w{number}" for number in range(words - len(vocabulary))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    single, pair = ("<s> $A", "<s> $A $B")
    if architecture == "encoder":
        single, pair = "<s> $A </s>", "<s> $A </s> </s> $B </s>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def make_folder(architecture: str, sizes: Sizes, folder: Path) -> Path:
    """Write configuration and tokenizer of a model, no weights."""
    config = sizes.config(architecture)
    config.save_pretrained(folder)
    make_tokenizer(architecture, config.vocab_size).save_pretrained(folder)
    return folder


def make_rows(count: int, seed: int, sizes: Sizes, architecture: str) -> list[Any]:
    """Return rows whose pairs take as many tokens as MultiNLI's, special ones included."""
    from fineprint.tasks import Row

    generator = random.Random(seed)
    words = 200 if sizes.tiny else 50000
    rows = []
    for number in range(count):
        drawn = generator.lognormvariate(0, LENGTH_SPREAD) * LENGTH_MEDIAN[architecture]
        length = int(min(max(drawn, LENGTH_LEAST), LENGTH_MOST)) - SPECIAL_TOKENS[architecture]
        cut = max(1, length * 2 // 3)
        text = [f"w{generator.randrange(words)}" for _ in range(length)]
        texts = {"premise": " ".join(text[:cut]), "hypothesis": " ".join(text[cut:])}
        rows.append(Row(str(number), texts, generator.randrange(3), str(number)))
    return rows


def random_model(auto_class: Any, config: Any, dtype: torch.dtype, **extra: Any) -> Any:
    """Return a model with random weights, made on the device itself."""
    for key, value in extra.items():
        setattr(config, key, value)
    with torch.device("meta"):
        model = auto_class.from_config(config, dtype=dtype)
    model.to_empty(device=device())
    draw(model)
    fill_buffers(model, auto_class, config)
    return model


def draw(model: torch.nn.Module) -> None:
    """Fill weights: matrices at random, norms with 1, biases with 0."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.02)
            else:
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)


def fill_buffers(model: torch.nn.Module, auto_class: Any, config: Any) -> None:
    """Give buffers, such as rotary frequencies, the values that a small model of the same kind has."""
    small = copy.deepcopy(config)
    small.num_hidden_layers, small.vocab_size, small.intermediate_size = 1, 8, 8
    with torch.device(device()):
        buffers = dict(auto_class.from_config(small).named_buffers())
    for name, buffer in model.named_buffers():
        buffer.data.copy_(buffers[name].to(buffer.device))


def quantize(model: Any, keep: tuple[str, ...]) -> Any:
    """Store every linear layer but `keep` as NF4 with double quantization, as from_pretrained would."""
    import bitsandbytes as bnb

    compute = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    for name, part in list(model.named_modules()):
        if not isinstance(part, torch.nn.Linear) or name.split(".")[-1] in keep:
            continue
        layer = bnb.nn.Linear4bit(
            part.in_features, part.out_features, bias=False, compute_dtype=compute, quant_type="nf4", device="meta"
        )
        packed = bnb.nn.Params4bit(part.weight.data, requires_grad=False, quant_type="nf4", module=layer)
        layer.weight = packed.to(device())
        layer.support_avx512bf16_for_cpu = False
        model.set_submodule(name, layer)
        part.weight = None
    model.is_loaded_in_4bit = True
    return model.requires_grad_(False)


def random_nf4(auto_class: Any, config: Any) -> Any:
    """Return a decoder with random weights in NF4, the rest in the dtype that it computes in."""
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    model = quantize(random_model(auto_class, config, dtype), ("lm_head",))
    start_part()  # the peak of quantizing is none of the work that is measured
    return model

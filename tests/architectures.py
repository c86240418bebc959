"""Tiny model folders of many architectures, built in code: random weights, tokenizers trained on made-up sentences.
Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

SUBJECTS = ["dog", "cat", "farmer", "doctor", "child", "teacher", "lawyer", "artist", "singer", "neighbor"]
VERBS = ["sleeps", "runs", "waits", "sings", "reads", "travels", "laughs"]
PLACES = ["garden", "house", "office", "station", "market", "kitchen"]
LABELS = ("entailment", "neutral", "contradiction")
PROMPT = "Premise: {premise} Hypothesis: {hypothesis} Entailment, neutral or contradiction? Answer:"
SENTENCES = [
    f"The {subject} {verb} in the {place}, and the {other} does not."
    for subject in SUBJECTS
    for verb in VERBS
    for place in PLACES
    for other in SUBJECTS[:3]
]
CORPUS = [*SENTENCES, *[PROMPT.format(premise=SENTENCES[0], hypothesis=SENTENCES[1]), *LABELS] * 20]
VOCABULARY = 400
POSITIONS = 128
BODY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SIZES = {"vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, **BODY}


def word_pieces() -> PreTrainedTokenizerFast:
    """Return a tokenizer in the manner of BERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    return wrap(tokenizer, ["input_ids", "token_type_ids", "attention_mask"], **names)


def byte_pairs(special: list[str], template: tuple[str, str] | None = None, **roles: Any) -> PreTrainedTokenizerFast:
    """Return a tokenizer in the manner of GPT-2 and RoBERTa; `template` is a single text and a pair."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    if template:
        tokens = [(token, tokenizer.token_to_id(token)) for token in special if token in " ".join(template)]
        single, pair = template
        tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=tokens)
    return wrap(tokenizer, ["input_ids", "attention_mask"], **roles)


def pieces(template: tuple[str, str] | None = None) -> PreTrainedTokenizerFast:
    """Return a tokenizer in the manner of SentencePiece, without a pad token unless `template` is an encoder's."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(CORPUS, trainer)
    single, pair = template or ("<s> $A", "<s> $A <s> $B")
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=ends)
    roles = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    more = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>"} if template else {}
    return wrap(tokenizer, ["input_ids", "attention_mask"], **roles, **more)


def wrap(tokenizer: Tokenizer, inputs: list[str], **roles: Any) -> PreTrainedTokenizerFast:
    """Return the tokenizer as Transformers saves it."""
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, **roles)


ROBERTA_PAIR = ("<s> $A </s>", "<s> $A </s> </s> $B </s>")
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ROBERTA_ROLES = {
    "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>",
    "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
}  # fmt: skip
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def roberta_pairs() -> PreTrainedTokenizerFast:
    """Return RoBERTa's form of tokenizer."""
    return byte_pairs(ROBERTA_SPECIAL, ROBERTA_PAIR, **ROBERTA_ROLES)


def endings(*more: str, **roles: Any) -> PreTrainedTokenizerFast:
    """Return GPT-2's form of tokenizer: one token is begin, end and unknown, and there is no pad token."""
    end = "<|endoftext|>"
    return byte_pairs([end, *more], **({"bos_token": end, "eos_token": end, "unk_token": end} | roles))


def chatting() -> PreTrainedTokenizerFast:
    """Return Qwen's form of tokenizer, with a chat template."""
    roles = {"bos_token": None, "unk_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    return endings("<|im_start|>", "<|im_end|>", chat_template=CHAT, **roles)


def padded(begin: str, end: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer with a pad token and a begin of text."""
    special = ["<unk>", begin, end, "<pad>"]
    template = (f"{begin} $A", f"{begin} $A $B")
    return byte_pairs(special, template, bos_token=begin, eos_token=end, unk_token="<unk>", pad_token="<pad>")


@dataclass(frozen=True)
class Form:
    """An architecture at its smallest.

    Attributes:
        title: its usual name.
        architecture: "encoder" or "decoder".
        model: Transformers' class that a published folder has been saved by.
        sizes: of its configuration.
        tokenizer: makes the tokenizer.
    """

    title: str
    architecture: str
    model: str
    sizes: dict[str, Any]
    tokenizer: Callable[[], PreTrainedTokenizerFast]

    def build(self, folder: Path) -> Path:
        """Write the model folder."""
        torch.manual_seed(0)
        model_class: type[PreTrainedModel] = getattr(transformers, self.model)
        model = model_class(model_class.config_class(**self.sizes))
        with torch.no_grad():
            for parameter in model.parameters():
                # Larger than at the start of a pretraining, so that answers depend on the text.
                parameter.mul_(4.0 if parameter.dim() > 1 else 1.0)
        model.save_pretrained(folder)
        self.tokenizer().save_pretrained(folder)
        return folder


MARKED = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
KV = {"num_key_value_heads": 2}
RELATIVE = {"relative_attention": True, "position_buckets": 32, "norm_rel_ebd": "layer_norm", "share_att_key": True}
FORMS = {
    "bert": Form("BERT", "encoder", "BertForPreTraining", SIZES, word_pieces),
    "roberta": Form("RoBERTa", "encoder", "RobertaForMaskedLM", SIZES | MARKED | {"type_vocab_size": 1}, roberta_pairs),
    "distilbert": Form(
        "DistilBERT", "encoder", "DistilBertForMaskedLM",
        {"vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, "dim": 32, "n_layers": 2, "n_heads": 4,
         "hidden_dim": 64}, word_pieces,
    ),
    "electra": Form("ELECTRA", "encoder", "ElectraForPreTraining", SIZES | {"embedding_size": 16}, word_pieces),
    "albert": Form("ALBERT", "encoder", "AlbertForPreTraining", SIZES | {"embedding_size": 16}, word_pieces),
    "deberta": Form(
        "DeBERTa-v3", "encoder", "DebertaV2ForMaskedLM",
        SIZES | RELATIVE | {"pos_att_type": "p2c|c2p", "type_vocab_size": 0, "position_biased_input": False,
                            "pad_token_id": 0}, word_pieces,
    ),
    "modernbert": Form(
        "ModernBERT", "encoder", "ModernBertForMaskedLM",
        SIZES | {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
        word_pieces,
    ),
    "camembert": Form(
        "CamemBERT", "encoder", "CamembertForMaskedLM", SIZES | MARKED | {"type_vocab_size": 1},
        lambda: pieces(ROBERTA_PAIR),
    ),
    "mpnet": Form("MPNet", "encoder", "MPNetForMaskedLM", SIZES | MARKED, roberta_pairs),
    "llama": Form("Llama", "decoder", "LlamaForCausalLM", SIZES | KV | {"bos_token_id": 0, "eos_token_id": 2}, pieces),
    "mistral": Form(
        "Mistral", "decoder", "MistralForCausalLM", SIZES | KV | {"sliding_window": 64, "bos_token_id": 0,
                                                                   "eos_token_id": 2}, pieces,
    ),
    "qwen2": Form(
        "Qwen 2", "decoder", "Qwen2ForCausalLM",
        SIZES | KV | {"tie_word_embeddings": True, "bos_token_id": None, "eos_token_id": 2}, chatting,
    ),
    "qwen3": Form(
        "Qwen 3", "decoder", "Qwen3ForCausalLM",
        SIZES | KV | {"head_dim": 16, "tie_word_embeddings": True, "bos_token_id": None, "eos_token_id": 2}, chatting,
    ),
    "phi3": Form(
        "Phi-3", "decoder", "Phi3ForCausalLM", SIZES | {"bos_token_id": 1, "pad_token_id": 3, "eos_token_id": 2},
        lambda: padded("<s>", "<|endoftext|>"),
    ),
    "gemma2": Form(
        "Gemma 2", "decoder", "Gemma2ForCausalLM",
        SIZES | KV | {"head_dim": 8, "sliding_window": 64, "bos_token_id": 1, "pad_token_id": 3, "eos_token_id": 2},
        lambda: padded("<bos>", "<eos>"),
    ),
    "gpt2": Form(
        "GPT-2", "decoder", "GPT2LMHeadModel",
        {"vocab_size": VOCABULARY, "n_positions": POSITIONS, "n_embd": 32, "n_layer": 2, "n_head": 4,
         "bos_token_id": 0, "eos_token_id": 0}, endings,
    ),
    "gpt_neox": Form(
        "GPT-NeoX", "decoder", "GPTNeoXForCausalLM", SIZES | {"bos_token_id": 0, "eos_token_id": 0},
        lambda: endings("<|padding|>"),
    ),
    "opt": Form(
        "OPT", "decoder", "OPTForCausalLM",
        {"vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, "hidden_size": 32, "num_hidden_layers": 2,
         "num_attention_heads": 4, "ffn_dim": 64, "word_embed_proj_dim": 32, "bos_token_id": 2, "pad_token_id": 3,
         "eos_token_id": 2}, lambda: padded("</s>", "<end>"),
    ),
    "bloom": Form(
        "BLOOM", "decoder", "BloomForCausalLM",
        {"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 1, "pad_token_id": 3,
         "eos_token_id": 2}, lambda: padded("<s>", "</s>"),
    ),
}  # fmt: skip

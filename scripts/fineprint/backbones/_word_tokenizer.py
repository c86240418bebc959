"""Tokenizers for random weights: no vocabulary need be downloaded, and one word of a generated row is one token.

Each has exactly as many entries as the model has embeddings: special tokens in the manner of RoBERTa or of Llama 3,
marks, the words of prompts, letters for what is left, and invented words for the rest.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from fineprint.core.settings import SettingsError
from fineprint.demo.invented_words import make_words

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CONTINUED = "##"
MARKS = (*".,:;?!'\"()-–/%&*#$", "\n", "\n\n")
PROMPT_WORDS = (
    "Read the premise and hypothesis decide whether entails contradicts it or neither Premise Hypothesis Choose one "
    "Answer answer yes maybe no entailment neutral contradiction user assistant system a of is to in"
)
# Words in capitals are rare in text, so vocabularies of byte pairs cut them, too: into three or four pieces each.
ANSWER_PIECES = "ENT ##AIL ##MENT NE ##UT ##RAL CONTR ##AD ##ICTION"
PATTERN = r"\n+|[A-Za-z]+|\d|[^\sA-Za-z]"
ENCODER_FIRST = ("<s>", "<pad>", "</s>", "<unk>")
ENCODER_LAST = ("<mask>",)
# As in Llama 3, special tokens stand at the end, and two of the reserved ones serve as padding and as unknown.
RESERVED = tuple(f"<|reserved_special_token_{number}|>" for number in range(2))
DECODER_LAST = (
    *("<|begin_of_text|>", "<|end_of_text|>", *RESERVED),
    *("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
)
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def build_tokenizer(architecture: str, size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer of `size` entries for an "encoder" or a "decoder"."""
    builders = {"encoder": build_encoder_tokenizer, "decoder": build_decoder_tokenizer}
    return builders[architecture](size, max_length)


def build_encoder_tokenizer(size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer that writes a pair as RoBERTa does, <s> A </s></s> B </s>, all of one token type."""
    tokenizer = make_word_pieces(ENCODER_FIRST, ENCODER_LAST, size, unknown="<unk>")
    set_template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", ("<s>", "</s>"))
    roles = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    return wrap(tokenizer, max_length, pad_token="<pad>", unk_token="<unk>", **roles)


def build_decoder_tokenizer(size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer with Llama 3's chat turns; the pad token is a reserved one, not an end of text."""
    begin, _, pad, unknown, *_, end = DECODER_LAST
    tokenizer = make_word_pieces((), DECODER_LAST, size, unknown)
    set_template(tokenizer, f"{begin} $A", f"{begin} $A {begin} $B", (begin,))
    roles = {"bos_token": begin, "eos_token": end, "pad_token": pad, "unk_token": unknown}
    return wrap(tokenizer, max_length, chat_template=CHAT_TEMPLATE, **roles)


def list_entries(first: tuple[str, ...], last: tuple[str, ...], size: int) -> list[str]:
    """Return the vocabulary in the order of its numbers.

    Raises:
        SettingsError: there is no room for what every tokenizer needs.
    """
    letters = [start + letter for start in ("", CONTINUED) for letter in string.ascii_letters + string.digits]
    known = dict.fromkeys([*first, *MARKS, *letters, *PROMPT_WORDS.split(), *ANSWER_PIECES.split()])
    room = size - len(known) - len(last)
    if room < 1:
        raise SettingsError(
            f"sizes.vocab_size {size} is too small: special tokens, letters and words of prompts alone take "
            f"{len(known) + len(last)}; give at least some hundreds more for the words of rows"
        )
    return [*known, *make_words(room), *last]


def make_word_pieces(first: tuple[str, ...], last: tuple[str, ...], size: int, unknown: str) -> Any:
    """Return a tokenizer that takes a known word whole and cuts any other into known pieces."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {entry: number for number, entry in enumerate(list_entries(first, last, size))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, continuing_subword_prefix=CONTINUED))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True)
    tokenizer.decoder = decoders.WordPiece(prefix=CONTINUED, cleanup=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in (*first, *last)])
    return tokenizer


def set_template(tokenizer: Any, single: str, pair: str, tokens: tuple[str, ...]) -> None:
    """Let the tokenizer put special tokens around one text or two."""
    from tokenizers.processors import TemplateProcessing

    numbered = [(token, tokenizer.token_to_id(token)) for token in tokens]
    tokenizer.post_processor = TemplateProcessing(single=single, pair=pair, special_tokens=numbered)


def wrap(tokenizer: Any, max_length: int, **settings: Any) -> PreTrainedTokenizerFast:
    """Return the tokenizer as Transformers uses it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
        **settings,
    )

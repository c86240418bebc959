"""One word, one token: the tokenizers of the two demo backbones, saved like any other model's."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.demo import lexicon

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FUNCTION_WORDS = "a an the of at least not and or is are being by in on near with all alone before after lunch friend"
# What the prompts and the pretraining documents need besides the words of the pairs.
DOCUMENT_WORDS = (
    "premise hypothesis answer text passage claim statement verdict reply yes maybe no "
    "possible wrong example task label question sentence indeed perhaps"
)
MARKS = (".", ":", ",", "?", "\n", "\n\n")
ENCODER_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
DECODER_SPECIAL = ("<bos>", "<eos>", "<pad>", "<unk>")
# The encoder reads words only: its separators stand where the full stops would. For the decoder a line break
# separates the fields of a prompt and an empty line separates worked examples: both are tokens.
ENCODER_PATTERN = r"[A-Za-z]+"
DECODER_PATTERN = r"\n+|[A-Za-z]+|[^\sA-Za-z]"


# The tasks on sentiment and on questions use only words that the pairs use: a larger vocabulary would change
# pretraining, and with it every accuracy of the demo.
def list_words() -> list[str]:
    """Return every word of the lexicon and of the documents, in alphabetical order."""
    phrases = [*lexicon.QUANTIFIERS, lexicon.NONE, *lexicon.NUMBERS, FUNCTION_WORDS, DOCUMENT_WORDS]
    phrases += [*lexicon.KINDS, *lexicon.KIND_OF, *lexicon.ROLE_VERBS, *lexicon.ROLE_VERBS.values()]
    phrases += [place for places in lexicon.GENRE_PLACES.values() for place in places]
    subjects = [noun for kind in lexicon.SUBJECT_KINDS for noun in (kind, *lexicon.KINDS[kind])]
    phrases += [lexicon.make_plural(noun) for noun in subjects]
    for opposites in (lexicon.VERBS, lexicon.OBJECT_ADJECTIVES, lexicon.SUBJECT_ADJECTIVES, lexicon.TAILS):
        phrases += [phrase for sides in opposites for side in sides for phrase in side]
    return sorted({word for phrase in phrases for word in phrase.split()})


def build_encoder_tokenizer() -> "PreTrainedTokenizerFast":
    """Return a tokenizer that writes a pair as RoBERTa does: <s> A </s></s> B </s>."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = _build_words((*ENCODER_SPECIAL, *list_words()), ENCODER_PATTERN)
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s>:1 $B:1 </s>:1",
        special_tokens=[("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>"))],
    )
    roles = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    return _wrap(tokenizer, roles, ["input_ids", "attention_mask", "token_type_ids"])


def build_decoder_tokenizer() -> "PreTrainedTokenizerFast":
    """Return a tokenizer that begins a text with <bos>; <pad> is a token of its own, not the end of a text."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = _build_words((*DECODER_SPECIAL, *MARKS, *list_words()), DECODER_PATTERN)
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A",
        pair="<bos> $A $B",
        special_tokens=[("<bos>", tokenizer.token_to_id("<bos>"))],
    )
    return _wrap(tokenizer, {"bos_token": "<bos>", "eos_token": "<eos>"}, ["input_ids", "attention_mask"])


def _build_words(tokens: tuple[str, ...], pattern: str) -> Any:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    return tokenizer


def _wrap(tokenizer: Any, roles: dict[str, str], inputs: list[str]) -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        model_input_names=inputs,
        model_max_length=256,
        clean_up_tokenization_spaces=False,
        **roles,
    )


def save_tokenizer(tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Write the tokenizer's files into a model folder."""
    tokenizer.save_pretrained(folder)

"""How much of the texts a tokenizer knows."""

from __future__ import annotations

from fineprint.core.formats import percent
from fineprint.core.settings import SettingsError
from fineprint.readouts import EncodedExample, Readout

NOTED, REFUSED = 0.05, 0.9  # shares of unknown tokens


def unknown_share(readout: Readout, examples: list[EncodedExample]) -> float:
    """Return which share of the texts' tokens, special ones left out, the tokenizer does not know."""
    tokenizer = readout.context.tokenizer
    unknown = tokenizer.unk_token_id
    special = set(tokenizer.all_special_ids) - {unknown}
    # Where an end of text is the unknown token as well, as in GPT-2, every text can be written in bytes.
    if unknown is None or unknown in (tokenizer.eos_token_id, tokenizer.bos_token_id):
        return 0.0
    tokens = [token for example in examples for token in example.get("prompt", example.get("input_ids", []))]
    texts = [token for token in tokens if token not in special]
    return texts.count(unknown) / len(texts) if texts else 0.0


def check_known(readout: Readout, examples: list[EncodedExample]) -> list[str]:
    """Return a note where many tokens are unknown.

    Raises:
        SettingsError: nearly all are.
    """
    share = unknown_share(readout, examples)
    token = readout.context.tokenizer.unk_token
    if share > REFUSED:
        raise SettingsError(
            f"{percent(share)} of the tokens of the training examples are unknown to the backbone's tokenizer "
            f"({token}): it is not the model's own, or not for this language"
        )
    told = f"{percent(share)} of the tokens of the training examples are unknown to the tokenizer ({token})."
    return [told] if share > NOTED else []

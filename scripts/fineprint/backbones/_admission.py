"""The one check of a model folder right after it was fetched, before any of its weights is loaded: what every method
would stumble over, as sentences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineprint.backbones import BackboneSettings
from fineprint.backbones._folder_check import CONFIG, find_folder_problems, read_json_file
from fineprint.core.progress import logger
from fineprint.core.records import MatchedWeights
from fineprint.core.settings import SettingsError, located
from fineprint.models.loading import check_links, choose_pad_token, read_config
from fineprint.models.matching import Match, match_weights

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NAMED = 3  # of weights that are lacking, in a sentence
ANY_NUMBER = re.compile(r"\d+")


def admit(name: str, settings: BackboneSettings, folder: Path) -> MatchedWeights:
    """Check a model folder as a backbone; return how its weights fit its architecture.

    Args:
        name: of the backbone in the config.
        settings: what the config says of it.
        folder: with its files, linked or written.

    Raises:
        SettingsError: it cannot be used; every reason, a sentence each.
    """
    where, place = f"backbones.{name}", settings.place or folder
    check_links(folder)
    if problems := find_folder_problems(folder):
        raise SettingsError("\n".join(f"{where}: {problem}" for problem in problems))
    with located(where):
        check_architecture(settings, folder)
        match = match_folder(folder, place)
        check_match(match, place)
        rows = match.model.get_input_embeddings().num_embeddings
        tokenizer = open_tokenizer(folder, place)
        check_vocabulary(tokenizer, rows, place)
        pad_token = choose_pad_token(tokenizer)
    return MatchedWeights(
        expected=len(match.expected),
        loaded=len(match.expected) - len(match.missing),
        random=match.missing,
        unused=len(match.unused),
        layers=match.model.config.get_text_config().num_hidden_layers,
        vocabulary=len(tokenizer),
        embedding_rows=rows,
        pad_token=pad_token,
    )


def check_architecture(settings: BackboneSettings, folder: Path) -> None:
    """Refuse a backbone that is not what the config declares it to be."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    config = read_json_file(folder / CONFIG) or {}
    model_type = config.get("model_type")
    fits = {
        "encoder": model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        "decoder": model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    }
    if fits[settings.architecture]:
        return
    if "auto_map" in config and not any(fits.values()):
        raise SettingsError(
            f"the model is of type '{model_type}', which needs code of its own (auto_map in config.json); such "
            "code is never run. Name a model of an architecture that Transformers has"
        )
    raise SettingsError(
        f"the model is of type '{model_type}', which Transformers does not know as {settings.architecture}; "
        "set `architecture` to encoder (BERT-like) or decoder (Llama-like)"
    )


def match_folder(folder: Path, place: Path | str) -> Match:
    """Match the folder's weights with the base model of its architecture."""
    from transformers import AutoModel

    try:
        read_config(folder)
        return match_weights(AutoModel, folder)
    # Each architecture checks its own sizes by errors of its own.
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError, RuntimeError) as error:
        logger.info("Building the model ended in %s: %s", type(error).__name__, error)
        raise SettingsError(
            f"{place}: Transformers cannot build a model from its config.json; the line above says where it ended"
        ) from error


def check_match(match: Match, place: Path | str) -> None:
    """Refuse weights that are not those of the architecture: what is lacking would begin at random."""
    kind = type(match.model).__name__
    if match.mismatched:
        name, there, here = match.mismatched[0]
        raise SettingsError(
            f"{len(match.mismatched)} of the {len(match.expected)} weights of {place} have another shape than "
            f"{CONFIG} asks for, such as {name}: {there} instead of {here}; the two are not of one model"
        )
    if match.lacking:
        raise SettingsError(
            f"the safetensors files of {place} lack {len(match.lacking)} of the {len(match.expected)} weights of "
            f"{kind}, such as {', '.join(match.lacking[:NAMED])}{name_unknown(match)}; they would begin at random"
        )
    forms = {ANY_NUMBER.sub("#", name) for name in match.expected}
    prefix = f"{match.model.base_model_prefix}."
    surplus = [name for name in match.unused if ANY_NUMBER.sub("#", name.removeprefix(prefix)) in forms]
    if surplus:
        raise SettingsError(
            f"the safetensors files of {place} have more layers than {CONFIG} names, such as {surplus[0]}; they would "
            "be left out"
        )


def name_unknown(match: Match) -> str:
    """Name a weight that has no place, since it may be one of the missing under another name."""
    return f", while {match.unused[0]} has no place in it" if match.unused else ""


def open_tokenizer(folder: Path, place: Path | str) -> PreTrainedTokenizerBase:
    """Load the tokenizer as its files have it."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    # Tokenizers of all kinds, some of them Rust's, end in errors of all kinds: `Exception` itself among them.
    except Exception as error:
        logger.info("Loading the tokenizer ended in %s: %s", type(error).__name__, first_line(error))
        raise SettingsError(
            f"the tokenizer of {place} cannot be loaded from its files; save it anew there with "
            "tokenizer.save_pretrained(folder), which writes tokenizer.json"
        ) from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return next(iter(str(error).splitlines()), "")


def check_vocabulary(tokenizer: Any, rows: int, place: Path | str) -> None:
    """Refuse a tokenizer that is not this model's, or was made up for lack of files."""
    vocabulary = tokenizer.get_vocab()
    special = set(tokenizer.all_special_tokens)
    if not any(token for token in vocabulary if token not in special):
        raise SettingsError(
            f"the tokenizer of {place} has no entry but its {len(vocabulary)} special tokens, so that every word is "
            "unknown to it; save the model's own tokenizer there with tokenizer.save_pretrained(folder)"
        )
    beyond = sorted((number, token) for token, number in vocabulary.items() if number >= rows)
    if beyond:
        number, token = beyond[0]
        raise SettingsError(
            f"the tokenizer of {place} has {max(vocabulary.values()) + 1:,} entries, the model {rows:,} embeddings: "
            f"'{token}' ({number}) has none. Save the model's own tokenizer there; or, where tokens were added to it, "
            "call model.resize_token_embeddings(len(tokenizer)) and save the model again. No pad token need be added"
        )

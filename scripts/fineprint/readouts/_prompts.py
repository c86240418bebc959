"""Prompts: a task's wording filled with a row, with or without worked examples, as text or as chat turns."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from fineprint.core.settings import SettingsError
from fineprint.tasks import Row, text_length

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Arguments of `apply_chat_template` itself: what is set here, or makes something else than one text of a prompt.
TAKEN = frozenset(
    {"add_generation_prompt", "chat_template", "continue_final_message", "conversation", "documents", "max_length"}
    | {"messages", "padding", "return_assistant_tokens_mask", "return_dict", "return_tensors"}
    | {"sanitize_control_tokens", "tokenize", "tokenizer_kwargs", "tools", "truncation"}
)


def check_names(options: dict[str, Any]) -> dict[str, Any]:
    """Accept options of a chat template but those that are no options of a template."""
    if taken := sorted(TAKEN & set(options)):
        raise ValueError(f"'{taken[0]}' is set by the readout; expected options of the chat template itself")
    return options


TemplateOptions = Annotated[dict[str, bool | int | float | str], AfterValidator(check_names)]


def fill_prompt(prompt: str, row: Row) -> str:
    """Put a row's texts into the wording; braces inside the texts stay as they are."""
    return prompt.format(**row.texts)


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, template: TemplateOptions, shots: int) -> None:
    """Refuse a tokenizer that cannot ask, and options of a chat template that it does not have: Jinja would pass over
    them in silence.

    Raises:
        SettingsError: nothing ends a text, the template refuses turns as the readout makes them, or it never asks for
            an option of that name.
    """
    if tokenizer.eos_token_id is None:
        raise SettingsError(
            "the backbone's tokenizer names no end-of-text token, so that no answer would end; set eos_token in its "
            "tokenizer_config.json"
        )
    if template and tokenizer.chat_template is None:
        raise SettingsError(
            "readout.template: the backbone's tokenizer has no chat template, so that no options of it can be set; "
            "leave template out, or take a chat model"
        )
    for name in template:
        # In its source, not in its parsed form: what it defines itself and passes on has several forms.
        if not re.search(rf"\b{re.escape(name)}\b", str(tokenizer.chat_template)):
            raise SettingsError(f"readout.template: the tokenizer's chat template has no option '{name}'")
    if tokenizer.chat_template is not None:
        worked = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        render_turns(tokenizer, [*worked[: 2 * min(shots, 1)], worked[0]], template)


def build_prompt(
    tokenizer: PreTrainedTokenizerBase,
    prompt: str,
    answers: tuple[str, ...],
    shots: list[Row],
    row: Row,
    template: TemplateOptions | None = None,
) -> str:
    """Return the whole prompt of a row as the model gets it, special tokens of a chat template included.

    A tokenizer with a chat template gets worked examples as earlier turns, any other one as paragraphs.
    The template is told the options in `template`.
    """
    if tokenizer.chat_template is None:
        worked = [f"{fill_prompt(prompt, shot)} {answers[shot.label]}" for shot in shots]
        return "\n\n".join([*worked, fill_prompt(prompt, row)])
    turns = []
    for shot in shots:
        turns.append({"role": "user", "content": fill_prompt(prompt, shot)})
        turns.append({"role": "assistant", "content": answers[shot.label]})
    turns.append({"role": "user", "content": fill_prompt(prompt, row)})
    return render_turns(tokenizer, turns, template or {})


def render_turns(tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, str]], template: TemplateOptions) -> str:
    """Return chat turns as the tokenizer's template writes them.

    Raises:
        SettingsError: the template refuses them, or cannot be read.
    """
    from jinja2 import TemplateError

    try:
        # As text, since many prompts are turned into tokens together later.
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **template)
    except (TemplateError, TypeError, ValueError) as error:
        roles = " and ".join(dict.fromkeys(turn["role"] for turn in turns))
        raise SettingsError(
            f"the chat template of the backbone's tokenizer (chat_template) refuses turns of {roles}: {error}; change "
            "it in the model's folder, or remove it there to ask in plain text"
        ) from error


def choose_shots(rows: list[Row], count: int, labels: int, seed: int) -> list[Row]:
    """Draw worked examples from training rows: one label after another, among the half with the most usual length.

    Very short or very long rows are poor examples, and examples of one label only pull the answers there.
    """
    generator = random.Random(seed)
    chosen: list[Row] = []
    # Drawn: with fewer examples than labels, the labels shown must not be the task's first ones.
    order = generator.sample(range(labels), labels)
    for number in range(count):
        fitting = [row for row in rows if row.label == order[number % labels] and row not in chosen]
        if not fitting:
            raise SettingsError(
                f"readout.shots: {count} worked examples are requested, but too few training examples have label "
                f"number {order[number % labels]}; ask for fewer, or give more rows"
            )
        middle = sorted(fitting, key=text_length)[len(fitting) // 4 : max(len(fitting) * 3 // 4, 1)]
        chosen.append(generator.choice(middle))
    return chosen


def shorten_row(tokenizer: PreTrainedTokenizerBase, row: Row, room: int, excess: int) -> Row:
    """Return the row with `excess` tokens less, each taken from the end of the text that is longest by then.

    Args:
        tokenizer: the backbone's.
        row: whose prompt is too long.
        room: tokens that a prompt may take, for the message.
        excess: tokens by which it is too long.

    Raises:
        SettingsError: the wording alone is too long.
    """
    tokens = {name: tokenizer(text, add_special_tokens=False)["input_ids"] for name, text in row.texts.items()}
    if sum(map(len, tokens.values())) <= excess:
        raise SettingsError(
            f"row {row.id} does not fit: its prompt takes more than {room} tokens even without its texts; "
            "raise max_length or use fewer shots"
        )
    for _ in range(excess):
        max(tokens.values(), key=len).pop()
    return replace(row, texts={name: tokenizer.decode(ids) for name, ids in tokens.items()})

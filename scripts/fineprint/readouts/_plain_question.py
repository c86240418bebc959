"""How a language model is asked without this project: lines of Python for the model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fineprint.core.plain_code import PlainCode
from fineprint.readouts._answers import THINKING_ENDS
from fineprint.readouts._prompts import fill_prompt
from fineprint.tasks import Row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from fineprint.readouts import TaskWording

# Where what stands behind a block of thinking is not exactly one of the words, `label` is None; the study reads answers
# a little less strictly.
READ_ANSWER = (
    'answer = tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)',
    f'label = dict(zip(answers, labels)).get(answer.split("{THINKING_ENDS}")[-1].strip())',
)


def plain_question(
    tokenizer: PreTrainedTokenizerBase,
    task: TaskWording,
    shots: list[Row],
    generating: list[str],
    template: Mapping[str, Any],
) -> PlainCode:
    """Return how the wording is filled, sent, and the answer read.

    Args:
        tokenizer: the backbone's.
        task: its wording and answers.
        shots: the worked examples.
        generating: how an answer is written, as `sampling` returns it.
        template: options of the chat template.
    """
    ask = plain_prompt(tokenizer, task, shots, template)
    write = f"written = model.generate(**inputs, {', '.join(generating)})"
    return PlainCode((), (f"answers = {list(task.answers)!r}", *ask, write, *READ_ANSWER))


def plain_prompt(
    tokenizer: PreTrainedTokenizerBase, task: TaskWording, shots: list[Row], template: Mapping[str, Any]
) -> list[str]:
    """Return how the wording is filled and turned into `inputs`."""
    return ask_in_turns(task, shots, template) if tokenizer.chat_template else ask_in_text(task, shots)


def sampling(temperature: float, max_new_tokens: int) -> list[str]:
    """Return how the study generates, as arguments."""
    if temperature == 0:
        return [f"max_new_tokens={max_new_tokens}", "do_sample=False"]
    return [
        f"max_new_tokens={max_new_tokens}",
        "do_sample=True",
        f"temperature={temperature}",
        "top_k=0",
    ]


def ask_in_text(task: TaskWording, shots: list[Row]) -> list[str]:
    """Return the prompt as text, worked examples as paragraphs before it."""
    worked = "".join(f"{fill_prompt(task.prompt, shot)} {task.answers[shot.label]}\n\n" for shot in shots)
    return [
        f"prompt = {f'{worked!r} + ' if worked else ''}{task.prompt!r}.format(**texts)",
        *encode('prompt, return_tensors="pt"'),
    ]


def ask_in_turns(task: TaskWording, shots: list[Row], template: Mapping[str, Any]) -> list[str]:
    """Return the prompt as chat turns, worked examples as earlier ones; with the options of the chat template."""
    arguments = ["turns", "tokenize=False", "add_generation_prompt=True"]
    arguments += [f"{name}={value!r}" for name, value in template.items()]
    turns: list[dict[str, Any]] = []
    for shot in shots:
        turns.append({"role": "user", "content": fill_prompt(task.prompt, shot)})
        turns.append({"role": "assistant", "content": task.answers[shot.label]})
    return [
        f"turns = [*{turns!r}, {{'role': 'user', 'content': {task.prompt!r}.format(**texts)}}]",
        f"prompt = tokenizer.apply_chat_template({', '.join(arguments)})",
        *encode('prompt, add_special_tokens=False, return_tensors="pt"'),
    ]


def encode(arguments: str) -> list[str]:
    """Return how the prompt becomes tokens, as ids and mask alone, whatever else a tokenizer returns."""
    return [
        f"tokens = tokenizer({arguments}).to(model.device)",
        'inputs = {name: tokens[name] for name in ("input_ids", "attention_mask")}',
    ]

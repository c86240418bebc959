"""How a language model is asked without this project: lines of Python for the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fineprint.core.plain_code import PlainCode
from fineprint.readouts._prompts import fill_prompt
from fineprint.tasks import Row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from fineprint.readouts import TaskWording

# Where an answer is not exactly one of the words, `label` is None; the study reads answers a little less strictly.
READ_ANSWER = (
    'answer = tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)',
    "label = dict(zip(answers, labels)).get(answer.strip())",
)


def plain_question(
    tokenizer: PreTrainedTokenizerBase, task: TaskWording, shots: list[Row], temperature: float, max_new_tokens: int
) -> PlainCode:
    """Return how the wording is filled, sent, and the answer read."""
    ask = ask_in_turns if tokenizer.chat_template else ask_in_text
    write = f"written = model.generate(**inputs, {', '.join(sampling(temperature, max_new_tokens))})"
    return PlainCode((), (f"answers = {list(task.answers)!r}", *ask(task, shots), write, *READ_ANSWER))


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


def ask_in_turns(task: TaskWording, shots: list[Row]) -> list[str]:
    """Return the prompt as chat turns, worked examples as earlier ones."""
    turns: list[dict[str, Any]] = []
    for shot in shots:
        turns.append({"role": "user", "content": fill_prompt(task.prompt, shot)})
        turns.append({"role": "assistant", "content": task.answers[shot.label]})
    return [
        f"turns = [*{turns!r}, {{'role': 'user', 'content': {task.prompt!r}.format(**texts)}}]",
        "prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)",
        *encode('prompt, add_special_tokens=False, return_tensors="pt"'),
    ]


def encode(arguments: str) -> list[str]:
    """Return how the prompt becomes tokens, as ids and mask alone, whatever else a tokenizer returns."""
    return [
        f"tokens = tokenizer({arguments}).to(model.device)",
        'inputs = {name: tokens[name] for name in ("input_ids", "attention_mask")}',
    ]

"""What the readouts that give logits over the labels share: encoding an input, loss, prediction."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from fineprint.core.plain_code import PlainCode
from fineprint.core.settings import SettingsError
from fineprint.readouts import Batch, Context, EncodedExample, Prediction, Readout
from fineprint.readouts._padding import attention_mask, count_columns, pad_to_one_length
from fineprint.readouts._plain_question import plain_prompt
from fineprint.readouts._prompt_input import PromptInput
from fineprint.tasks import Row

if TYPE_CHECKING:
    import torch


class ClassReadout(Readout):
    """A readout whose module gives logits of shape (rows, labels)."""

    # On the right, so that every model counts positions from the text's first token.
    padding_side = "right"

    @abstractmethod
    def logits(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits of shape (rows, labels)."""

    @cached_property
    def prompts(self) -> PromptInput:
        """The prompts, without worked examples, that rows are put into where the method's input is one."""
        return PromptInput(self.context, self.shots)

    def encode_shown(self, rows: list[Row], with_answer: bool) -> list[EncodedExample]:
        """Turn rows into inputs, by as many threads as the tokenizer may use."""
        examples = self.encode_prompts(rows) if self.context.input == "prompt" else self.encode_pairs(rows)
        labels = [{"label": [row.label]} if with_answer else {} for row in rows]
        return [example | label for example, label in zip(examples, labels, strict=True)]

    def encode_prompts(self, rows: list[Row]) -> list[EncodedExample]:
        """Turn rows into the task's prompt."""
        prompts, cut = self.prompts.encode(rows)
        self.truncated_rows += cut
        return [{"input_ids": ids} for ids in prompts]

    def encode_pairs(self, rows: list[Row]) -> list[EncodedExample]:
        """Turn rows into the tokenizer's form for one or two texts."""
        if not rows:
            return []
        columns = [list(texts) for texts in zip(*(row.texts.values() for row in rows), strict=True)]
        whole = self.context.tokenizer(*columns, add_special_tokens=True, return_attention_mask=False)
        # BERT tells a pair's two texts by token types, RoBERTa by separators alone, whatever its tokenizer gives.
        names = ("input_ids", "token_type_ids") if self.context.token_types else ("input_ids",)
        parts = [name for name in names if name in whole]
        examples = [
            dict(zip(parts, values, strict=True)) for values in zip(*(whole[name] for name in parts), strict=True)
        ]
        return [self.cut(row, example) for row, example in zip(rows, examples, strict=True)]

    def cut(self, row: Row, example: EncodedExample) -> EncodedExample:
        """Return a row's example, encoded again if it is too long, so that special tokens stay."""
        if len(example["input_ids"]) <= self.context.max_length:
            return example
        self.truncated_rows += 1
        # Cutting the ids would cut the last special token off; the tokenizer cuts the longer text instead.
        whole = self.context.tokenizer(*row.texts.values(), truncation=True, max_length=self.context.max_length)
        return {name: whole[name] for name in example}

    def collate(self, examples: list[EncodedExample], length: int | None = None) -> Batch:
        """Pad token ids with the pad token and everything else with 0."""
        import torch

        ids = [example["input_ids"] for example in examples]
        length = count_columns(ids, length, self.context.max_length)
        pad = self.context.tokenizer.pad_token_id
        batch = {
            "input_ids": pad_to_one_length(ids, pad, self.padding_side, length),
            "attention_mask": attention_mask(ids, self.padding_side, length),
        }
        if "token_type_ids" in examples[0]:
            types = [example["token_type_ids"] for example in examples]
            batch["token_type_ids"] = pad_to_one_length(types, 0, self.padding_side, length)
        if "label" in examples[0]:
            batch["label"] = torch.tensor([example["label"][0] for example in examples])
        return batch

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy."""
        from torch.nn.functional import cross_entropy

        # In 32 bits: in 16, a cross-entropy near 0 has hardly a digit left.
        return cross_entropy(self.logits(module, batch).float(), batch["label"])

    def evaluate(self, module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return cross-entropy and correctness per row."""
        from torch.nn.functional import cross_entropy

        logits = self.logits(module, batch).float()
        return cross_entropy(logits, batch["label"], reduction="none"), logits.argmax(dim=1) == batch["label"]

    def answer(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the probabilities of the labels, (rows, labels)."""
        return self.logits(module, batch).float().softmax(dim=1)

    def read_off(self, answers: torch.Tensor) -> list[Prediction]:
        """Return the most likely label of each row and all probabilities.

        Raises:
            SettingsError: a row's logits are NaN.
        """
        if not bool(answers.isfinite().all()):
            raise SettingsError(
                "the model produced NaN logits; store the backbone at another precision, float32 or "
                "bfloat16, or train with a lower learning rate"
            )
        return [
            Prediction(label=row.index(max(row)), probabilities=[round(value, 6) for value in row])
            for row in answers.tolist()
        ]


def plain_answer(context: Context, *lines: str, imports: tuple[tuple[str, str], ...] = ()) -> PlainCode:
    """Return how a row is answered; `lines`, indented, make `logits` of `inputs`."""
    given = "token_type_ids" in context.tokenizer.model_input_names
    types = ", return_token_type_ids=False" if given and not context.token_types else ""
    length = f"truncation=True, max_length={context.max_length}{types}"
    pair = (f'inputs = tokenizer(*texts.values(), {length}, return_tensors="pt")', "inputs = inputs.to(model.device)")
    encode = plain_prompt(context.tokenizer, context.task, [], {}) if context.input == "prompt" else pair
    answer = ("with torch.inference_mode():", *lines, "label = labels[int(logits[0].argmax())]")
    return PlainCode(imports, (*encode, *answer))

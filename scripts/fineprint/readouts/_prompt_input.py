"""The prompt as an input: a row in the task's wording, as text and as tokens, with room left for an answer.

All readouts that read prompts encode them here, so that two of them on one backbone read the same tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fineprint.readouts._prompts import TemplateOptions, build_prompt, shorten_row
from fineprint.tasks import Row

if TYPE_CHECKING:
    from fineprint.readouts import Context


class PromptInput:
    """Writes and encodes the prompts of a task.

    Attributes:
        answer_ids: of each label's answer, its token ids.
        longest_answer: tokens that are left for an answer, one end of text included.
    """

    def __init__(self, context: Context, shots: list[Row], template: TemplateOptions | None = None) -> None:
        """Take the task and the tokenizer from `context`, worked `shots`, and options of the chat template."""
        self.context = context
        self.shots = shots
        self.template = template
        self.answer_ids = [self.encode_answer(answer) for answer in context.task.answers]
        self.longest_answer = max(len(ids) for ids in self.answer_ids) + 1

    def encode_answer(self, answer: str) -> list[int]:
        """Return an answer's token ids; in plain text a space stands before it, in a chat turn none does."""
        text = answer if self.context.tokenizer.chat_template else f" {answer}"
        return self.context.tokenizer(text, add_special_tokens=False)["input_ids"]

    def write(self, row: Row) -> str:
        """Return a row's whole prompt as text."""
        task = self.context.task
        return build_prompt(self.context.tokenizer, task.prompt, task.answers, self.shots, row, self.template)

    def encode(self, rows: list[Row]) -> tuple[list[list[int]], int]:
        """Return the prompts of rows as token ids, and how many of them were cut. The tokenizer may use several
        threads."""
        room = self.context.max_length - self.longest_answer
        whole = self.tokenize(rows)
        cut = [ids if len(ids) <= room else self.cut(row, ids, room) for row, ids in zip(rows, whole, strict=True)]
        return cut, sum(len(ids) > room for ids in whole)

    def cut(self, row: Row, ids: list[int], room: int) -> list[int]:
        """Return a prompt that leaves room for an answer: the row's longer texts lose their ends."""
        excess = len(ids) - room
        while len(ids) > room:  # a cut text may be read as one token more than it was, so it may take another round
            [ids] = self.tokenize([shorten_row(self.context.tokenizer, row, room, excess)])
            excess += max(len(ids) - room, 0)
        return ids

    def tokenize(self, rows: list[Row]) -> list[list[int]]:
        """Return each row's whole prompt as token ids, however long."""
        if not rows:
            return []
        tokenizer, texts = self.context.tokenizer, [self.write(row) for row in rows]
        plain = tokenizer.chat_template is None
        prompts = tokenizer(texts, add_special_tokens=plain, return_attention_mask=False)["input_ids"]
        # Some decoders' tokenizers end every text with an end-of-text token, behind which a model has no more to say.
        # With an encoder's, the token that also parts two texts, every input ends.
        ends = plain and tokenizer.eos_token_id not in (None, tokenizer.sep_token_id)
        return [ids[:-1] if ends and ids and ids[-1] == tokenizer.eos_token_id else ids for ids in prompts]

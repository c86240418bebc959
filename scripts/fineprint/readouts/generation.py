"""Generation: the answer is the text that a language model writes after a prompt.

Trained or not, with or without worked examples. Beside the text, the same model's likelihood of each label is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from fineprint.core.plain_code import PlainCode
from fineprint.core.settings import SettingsError
from fineprint.models.loading import load_whole
from fineprint.readouts import Batch, Context, EncodedExample, InputForm, Prediction, Readout, ReadoutSettings, Trial
from fineprint.readouts._answer_tree import end_answers, grow_tree
from fineprint.readouts._answering import (
    Kept,
    Reading,
    join_readings,
    keeps_all,
    kept_bytes,
    read_answers,
    read_beginning,
    read_prompts,
    score_answers,
    shared_beginning,
)
from fineprint.readouts._answers import STANDARD, read_answer
from fineprint.readouts._groups import generate_groups, run_at, score_groups
from fineprint.readouts._padding import IGNORED, collate_answers, collate_joined, collate_prompts
from fineprint.readouts._plain_question import plain_question, sampling
from fineprint.readouts._prompt_input import PromptInput
from fineprint.readouts._prompts import TemplateOptions, check_tokenizer, choose_shots
from fineprint.readouts._sampling import draw_numbers, make_generation_config, stack_draws
from fineprint.readouts._trials import TrialSettings
from fineprint.readouts._writing import Habit, write_answers
from fineprint.tasks import Row

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel


class Settings(ReadoutSettings):
    """How the model is asked, and how its answer is drawn.

    Attributes:
        shots: worked examples in the prompt, drawn from the training rows.
        temperature: of sampling; 0 takes the most likely token each time.
        max_new_tokens: the most tokens an answer may have.
        template: options of the tokenizer's chat template, such as enable_thinking; only for a backbone that has one.
        trials: other choices, tried on held-out rows and shown beside.
    """

    kind: Literal["generation"]
    shots: int = Field(0, ge=0, le=1_000)
    temperature: float = Field(0.1, ge=0, le=100)
    max_new_tokens: int = Field(10, ge=1, le=100_000)
    template: TemplateOptions = {}
    trials: TrialSettings | None = None
    architectures: ClassVar[frozenset[str]] = frozenset({"decoder"})
    peft_task: ClassVar[str] = "CAUSAL_LM"
    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    trains: ClassVar[bool] = False
    writes_answer: ClassVar[bool] = True
    inputs: ClassVar[tuple[InputForm, ...]] = ("prompt",)
    title: ClassVar[str] = "Text generation"
    explanation: ClassVar[str] = (
        "The model writes its answer after a prompt. During fine-tuning the loss covers only the answer tokens and one "
        "end-of-text token. An answer that names no label, several, or a negated one counts as wrong."
    )

    @property
    def draws(self) -> bool:
        """Whether worked examples are drawn, or tokens sampled."""
        return self.shots > 0 or self.temperature > 0

    def build(self, context: Context) -> Readout:
        """Build it; no model is loaded yet."""
        return Generation(self, context)

    def refuse(self, adapter_trains: bool) -> str | None:
        """Refuse to draw worked examples anew where there are none."""
        if self.trials and self.trials.draws and not self.shots:
            return "readout.trials.draws: there are no worked examples to draw; set shots or leave draws out."
        return None

    def list_trials(self, seed: int) -> list[Trial]:
        """Return the temperatures and the draws of worked examples to try."""
        choices = self.trials.choices(self.temperature, seed) if self.trials else ()
        return [Trial(c.name, c.value, c.own, self.model_copy(update=c.update), c.seed) for c in choices]

    def trial_rows(self) -> int:
        """Return the rows of each trial."""
        return self.trials.rows if self.trials else 0


class Generation(Readout):
    """Runs `AutoModelForCausalLM`. Prompts are padded on the left, so that answers continue them; what is trained on is
    padded on the right: under a causal mask a token of left padding attends to nothing, and on a GPU the gradient of
    attention to nothing may be NaN (seen in a training of NF4 weights)."""

    keep_unquantized = ("lm_head",)

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        check_tokenizer(context.tokenizer, settings.template, settings.shots)
        self.shots = choose_shots(context.training_rows, settings.shots, len(context.task.labels), context.seed)
        self.prompts = PromptInput(context, self.shots, settings.template)
        self.answer_ids = self.prompts.answer_ids
        self.scored_ids = end_answers(self.answer_ids, context.tokenizer.eos_token_id)
        self.tree = grow_tree(self.scored_ids)
        self.beginning: list[int] = []
        self.kept: Kept | None = None
        self.habit = Habit()
        self.longest_answer = self.prompts.longest_answer

    def load_backbone(self, folder: Path, precision: str) -> PreTrainedModel:
        """Load the language model."""
        from transformers import AutoModelForCausalLM

        model, self.found = load_whole(AutoModelForCausalLM, folder, precision, list(self.keep_unquantized))
        return model

    def plain_code(self) -> PlainCode:
        """Return how the model is asked and its answer cut off the prompt."""
        task, settings = self.context.task, self.settings
        write = sampling(settings.temperature, settings.max_new_tokens)
        return plain_question(self.context.tokenizer, task, self.shots, write, settings.template)

    def head_names(self, module: torch.nn.Module) -> tuple[str, ...]:
        """The language model's own output layer belongs to the backbone: there is no head."""
        return ()

    def encode_shown(self, rows: list[Row], with_answer: bool) -> list[EncodedExample]:
        """Return prompts and, for training, answers with one end of text; else what a row draws its answer by."""
        examples: list[EncodedExample] = []
        end = self.context.tokenizer.eos_token_id
        prompts, cut = self.prompts.encode(rows)
        self.truncated_rows += cut
        for row, ids in zip(rows, prompts, strict=True):
            answer = {"answer": [*self.answer_ids[row.label], end], "label": [row.label]} if with_answer else {}
            draws = {} if with_answer else self.draw(row)
            examples.append({"prompt": ids} | answer | draws)
        return examples

    def draw(self, row: Row) -> EncodedExample:
        """Return the random numbers that a row's answer is drawn by, where it is drawn."""
        if self.settings.temperature == 0:
            return {}
        return {"draws": draw_numbers(self.context.seed, row.id, self.settings.max_new_tokens)}

    def collate(self, examples: list[EncodedExample], length: int | None = None) -> Batch:
        """Pad the prompts; with answers, add the joined sequences and where in them the answers stand."""
        import torch

        # A training step needs no prompts apart, and only shapes that `length` fixes can be captured.
        prompts, pad = [example["prompt"] for example in examples], self.context.tokenizer.pad_token_id
        batch = {} if length else collate_prompts(prompts, self.beginning, pad)
        if "draws" in examples[0]:
            batch["draws"] = stack_draws([example["draws"] for example in examples])
        if "answer" in examples[0]:
            batch |= collate_joined(examples, pad, length, self.context.max_length)
            batch |= collate_answers(examples, self.longest_answer, batch["input_ids"].shape[1])
            batch["label"] = torch.tensor([example["label"][0] for example in examples])
        return batch

    def count_terms(self, examples: list[EncodedExample]) -> int:
        """Return the answers' tokens, ends of text included."""
        return sum(len(example["answer"]) for example in examples)

    def answer_losses(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy of every answer token, shape (rows, tokens), 0 where none stands.

        Logits are computed only where an answer token is predicted.
        """
        from torch.nn.functional import cross_entropy

        labels = batch["labels"]
        logits = run_at(module, batch["input_ids"], batch["attention_mask"], batch["answer_positions"])
        flat = cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="none")
        return flat.view(labels.shape)

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over answer tokens and ends of text."""
        return self.answer_losses(module, batch).sum() / (batch["labels"] != IGNORED).sum()

    def evaluate(self, module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of each row's answer, and whether its label is the likeliest."""
        losses = self.answer_losses(module, batch).sum(dim=1) / (batch["labels"] != IGNORED).sum(dim=1)
        return losses, self.label_scores(module, batch).argmax(dim=1) == batch["label"]

    def expect(self, module: torch.nn.Module, examples: list[EncodedExample]) -> int:
        """Note what all prompts begin with, where the model can keep it."""
        prompts = [example["prompt"] for example in examples] if keeps_all(module) else []
        self.beginning, self.kept = shared_beginning(prompts), None
        self.habit = self.habit if examples else Habit()
        return len(self.beginning)

    def read(self, module: torch.nn.Module, batch: Batch, more: int) -> Reading:
        """Read the prompts, their common beginning only once for all batches, with room for `more` tokens."""
        if "beginning_ids" in batch and self.kept is None:
            self.kept = read_beginning(module, batch["beginning_ids"])
        kept = self.kept if "beginning_ids" in batch else None
        return read_prompts(module, kept or [], batch["prompt_ids"], batch["prompt_mask"], more)

    def label_scores(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the log-likelihood of each label's answer after each prompt, shape (rows, labels)."""
        if not keeps_all(module):
            return score_groups(module, batch, self.scored_ids)
        reading = self.read(module, batch, self.tree.inner)
        behind = read_answers(module, reading, self.tree, self.tree.inner) if self.tree.inner else None
        return score_answers(reading, behind, self.tree)

    def kept_bytes(self, module: torch.nn.Module) -> int:
        """Return the bytes of a token's keys and values: as a word takes a pass, batches are answered together."""
        return kept_bytes(module) if keeps_all(module) else 0

    def answer(self, module: torch.nn.Module, batch: Batch) -> Any:
        """Generate an answer for each row and score the labels beside it."""
        return self.answer_together(module, [batch])

    def answer_together(self, module: torch.nn.Module, batches: list[Batch]) -> Any:
        """Read batches one after another, then write the answers of all."""
        import torch

        config = self.generation_config(module)
        if not keeps_all(module):
            [batch] = batches
            return generate_groups(module, batch, config), score_groups(module, batch, self.scored_ids)
        more = max(len(self.tree.tokens), config.max_new_tokens)
        alone = len(batches) == 1
        readings = [self.read(module, batch, more if alone else 0) for batch in batches]
        reading = readings[0] if alone else join_readings(readings, more)
        draws = torch.cat([batch["draws"] for batch in batches]) if "draws" in batches[0] else None
        written, behind = write_answers(module, reading, self.tree, config, self.habit, draws)
        return written, score_answers(reading, behind, self.tree)

    def read_off(self, answers: Any) -> list[Prediction]:
        """Read the generated texts."""
        written, scores = (part.cpu() for part in answers)
        if scores.isnan().any():
            raise SettingsError("the likelihoods of the answers are NaN; try the backbone at another precision")
        texts = self.context.tokenizer.batch_decode(written, skip_special_tokens=True)
        readings = [read_answer(text, self.context.task.answers) for text in texts]
        likeliest, probabilities = scores.argmax(dim=1).tolist(), scores.softmax(dim=1).tolist()
        return [
            Prediction(
                label=read[STANDARD],
                probabilities=[round(value, 6) for value in row],
                answer=text,
                likelihood_label=label,
                readings=read,
            )
            for text, read, row, label in zip(texts, readings, probabilities, likeliest, strict=True)
        ]

    def generation_config(self, module: torch.nn.Module) -> GenerationConfig:
        """Return how to generate: our settings and every end-of-text token that tokenizer and model name."""
        ends, settings = module.generation_config.eos_token_id, self.settings
        return make_generation_config(self.context.tokenizer, ends, settings.temperature, settings.max_new_tokens)

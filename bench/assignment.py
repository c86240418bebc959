"""The assignment's way of working, written as its published solutions write it.

Trainer with every input padded to the maximum, fp16 and batches of 8; generate() one prompt at a time; QLoRA with
checkpointing in batches of 4, four of them to a step, all hidden states kept for the head.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from measure import PASSES, forward_operations, rate, synchronise
from models import ANSWERS, PROMPT, Sizes, make_rows, make_tokenizer, random_model, random_nf4

CUDA = torch.cuda.is_available()


class Clock(TrainerCallback):
    """Times the steps after the warm ones."""

    def __init__(self, warm: int) -> None:
        self.warm, self.start, self.stop = warm, 0.0, 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start behind the last warm step."""
        if state.global_step == self.warm:
            synchronise()
            self.start = time.perf_counter()

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop when all is done."""
        synchronise()
        self.stop = time.perf_counter()


def train_with_trainer(
    model: Any, data: list[dict[str, Any]], folder: Path, warm: int, steps: int, collator: Any = None, **settings: Any
) -> float:
    """Return the examples per second of Trainer behind its warm steps."""
    batch = settings.get("per_device_train_batch_size", 8) * settings.get("gradient_accumulation_steps", 1)
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=warm + steps,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=not CUDA,
        **settings,
    )
    clock = Clock(warm)
    extra = {"data_collator": collator} if collator is not None else {}
    Trainer(model=model, args=arguments, train_dataset=data, callbacks=[clock], **extra).train()
    return steps * batch / (clock.stop - clock.start)


def encoder_data(sizes: Sizes, rows: list[Any], pad_to: int | None) -> list[dict[str, Any]]:
    """Return rows as a classifier reads them, padded to `pad_to` or not at all; tokenized a thousand at a time, as
    `datasets.map(batched=True)` does."""
    tokenizer = make_tokenizer("encoder", sizes.config("encoder").vocab_size)
    padding = {"padding": "max_length"} if pad_to else {}
    data = []
    for start in range(0, len(rows), 1000):
        part = rows[start : start + 1000]
        texts = ([row.texts[name] for row in part] for name in ("premise", "hypothesis"))
        encoded = tokenizer(*texts, truncation=True, max_length=pad_to or 128, **padding)
        for ids, mask, row in zip(encoded["input_ids"], encoded["attention_mask"], part, strict=True):
            data.append({"input_ids": ids, "attention_mask": mask, "labels": row.label})
    return data


def encoder(sizes: Sizes) -> Any:
    """Return the classifier with random weights."""
    return random_model(AutoModelForSequenceClassification, sizes.config("encoder"), torch.float32, num_labels=3)


def with_adapter(model: Any, kind: str) -> Any:
    """Return the classifier with PEFT's adapter."""
    from peft import LoraConfig, PromptEncoderConfig, get_peft_model

    if kind == "lora":
        settings = LoraConfig(
            task_type="SEQ_CLS", r=16, lora_alpha=32, lora_dropout=0.1, target_modules=["query", "value"]
        )
        return get_peft_model(model, settings)
    if kind == "p_tuning":
        settings = PromptEncoderConfig(task_type="SEQ_CLS", num_virtual_tokens=20, encoder_hidden_size=1024)
        return get_peft_model(model, settings)
    return model


LEARNING_RATES = {"full": 2e-5, "lora": 2e-4, "p_tuning": 1e-3}


def train_encoder(
    kind: str, sizes: Sizes, folder: Path, warm: int = 10, steps: int = 40, grouped: bool = False, **settings: Any
) -> dict[str, Any]:
    """Fine-tune as the assignment does, or with other settings of Trainer.

    Args:
        kind: of the adapter.
        sizes: of the model.
        folder: for Trainer.
        warm: steps that are not measured.
        steps: that are.
        grouped: whether rows keep their lengths and are padded by batch.
        settings: of Trainer, other than the assignment's.
    """
    way = {"fp16": CUDA, "per_device_train_batch_size": 8, "weight_decay": 0.01} | settings
    way["learning_rate"] = LEARNING_RATES[kind] * (way["per_device_train_batch_size"] / 8) ** 0.5
    warm, steps = sizes.steps(warm), sizes.steps(steps)
    rows = make_rows((warm + steps) * way["per_device_train_batch_size"], 1, sizes, "encoder")
    data = encoder_data(sizes, rows, None if grouped else 128)
    tokenizer = make_tokenizer("encoder", sizes.config("encoder").vocab_size)
    collator = DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8) if grouped else None
    model = with_adapter(encoder(sizes), kind)
    speed = train_with_trainer(model, data, folder, warm, steps, collator, **way)
    lengths = [sum(row["attention_mask"]) for row in data]
    operations = PASSES[kind] * forward_operations(sizes.config("encoder"), lengths, 20 if kind == "p_tuning" else 0)
    return rate(1, 1 / speed, operations=operations, learning_rate=way["learning_rate"])


def predict_encoder(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Tokenize, and predict with Trainer, fp16, batches of 16, padded to 128."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_eval_batch_size=16,
        fp16=CUDA,
        report_to="none",
        disable_tqdm=True,
        use_cpu=not CUDA,
    )
    rows = make_rows(64 if sizes.tiny else 4000, 1, sizes, "encoder")
    trainer = Trainer(model=encoder(sizes), args=arguments)
    trainer.predict(encoder_data(sizes, rows[: len(rows) // 8], 128))
    synchronise()
    start = time.perf_counter()
    trainer.predict(encoder_data(sizes, rows, 128))
    return rate(len(rows), time.perf_counter() - start)


def prompts(sizes: Sizes, rows: int, shots: int) -> list[str]:
    """Return filled prompts, with a worked example in front where one is wanted."""
    drawn = make_rows(rows + shots, 2, sizes, "decoder")
    worked = [f"{PROMPT.format(**row.texts)} {ANSWERS[row.label]}" for row in drawn[:shots]]
    return ["\n\n".join([*worked, PROMPT.format(**row.texts)]) for row in drawn[shots:]]


def prompt_one_by_one(model: Any, sizes: Sizes, shots: int) -> dict[str, Any]:
    """Generate an answer to one prompt after another."""
    tokenizer = make_tokenizer("decoder", sizes.config("decoder").vocab_size)
    texts = prompts(sizes, 3 if sizes.tiny else 26, shots)

    def answer(text: str) -> str:
        inputs = tokenizer(text, return_tensors="pt", return_token_type_ids=False).to(model.device)
        with torch.no_grad():
            written = model.generate(
                **inputs, max_new_tokens=10, temperature=0.1, do_sample=True, pad_token_id=tokenizer.pad_token_id
            )
        return tokenizer.decode(written[0][inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    warm = texts[: 1 if sizes.tiny else 2]
    for text in warm:
        answer(text)
    synchronise()
    start = time.perf_counter()
    for text in texts[len(warm) :]:
        answer(text)
    return rate(len(texts) - len(warm), time.perf_counter() - start)


def prepare_qlora(model: Any, task: str) -> Any:
    """Return the quantized model ready for QLoRA, as PEFT's guide says."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    model = prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs={"use_reentrant": False})
    settings = LoraConfig(
        task_type=task,
        r=16,
        lora_alpha=32,
        lora_dropout=0.05,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
    )
    return get_peft_model(model, settings)


class HeadOnAllStates(torch.nn.Module):
    """A linear layer on the last real token of the last of all hidden states."""

    def __init__(self, model: Any, width: int) -> None:
        super().__init__()
        self.model = model
        self.head = torch.nn.Linear(width, 3).to(next(model.parameters()).device)

    def forward(self, input_ids: Any, attention_mask: Any, labels: Any) -> Any:
        """Return loss and logits."""
        states = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states
        last = attention_mask.sum(dim=1) - 1
        logits = self.head(states[-1][torch.arange(len(last), device=last.device), last].float())
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    def gradient_checkpointing_enable(self, **settings: Any) -> None:
        """Pass Trainer's wish on."""
        self.model.gradient_checkpointing_enable(**settings)


def train_qlora(readout: str, sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Train QLoRA padded to 256 with checkpointing, 4 rows at a time, 16 per step."""
    config = sizes.config("decoder")
    tokenizer = make_tokenizer("decoder", config.vocab_size)
    model = prepare_qlora(random_nf4(AutoModelForCausalLM, config), "CAUSAL_LM")
    warm, steps = sizes.steps(2), sizes.steps(5)
    count, data = 16 * (warm + steps), []
    for row, text in zip(make_rows(count, 2, sizes, "decoder"), prompts(sizes, count, 0), strict=True):
        whole = f"{text} {ANSWERS[row.label]} </s>" if readout == "generation" else " ".join(row.texts.values())
        encoded = tokenizer(whole, truncation=True, max_length=256, padding="max_length", return_token_type_ids=False)
        labels = list(encoded["input_ids"]) if readout == "generation" else row.label
        data.append({"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": labels})
    if readout == "head":
        model = HeadOnAllStates(model, config.hidden_size)
    speed = train_with_trainer(
        *(model, data, folder, warm, steps),
        per_device_train_batch_size=4,
        gradient_accumulation_steps=4,
        gradient_checkpointing=True,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        learning_rate=2e-4,
        bf16=CUDA,
        optim="paged_adamw_8bit",
        remove_unused_columns=False,
    )
    return rate(1, 1 / speed, learning_rate=2e-4)


def encoder_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return the parts on RoBERTa-large."""
    return {
        **{kind: partial(train_encoder, kind, sizes, folder) for kind in ("full", "lora", "p_tuning")},
        "prediction": partial(predict_encoder, sizes, folder),
    }


def decoder_parts(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return the parts on Llama 3 8B in NF4."""
    loaded: list[Any] = []

    def prompting(shots: int) -> dict[str, Any]:
        if not loaded:
            loaded.append(random_nf4(AutoModelForCausalLM, sizes.config("decoder")).eval())
        result = prompt_one_by_one(loaded[0], sizes, shots)
        if shots:
            loaded.clear()
        return result

    return {
        "zero_shot": partial(prompting, 0),
        "one_shot": partial(prompting, 1),
        "qlora_generation": partial(train_qlora, "generation", sizes, folder),
        "qlora_head": partial(train_qlora, "head", sizes, folder),
    }

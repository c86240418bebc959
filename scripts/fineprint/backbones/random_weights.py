"""A model of any size with random weights, built from its configuration: what it costs can be measured, not how well it
answers. Nothing is downloaded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from fineprint.backbones import BackboneSettings
from fineprint.core.settings import SettingsError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

UNUSED_POSITIONS = 2  # RoBERTa counts positions from behind the pad token's number on


class Settings(BackboneSettings):
    """A form and sizes, as config.json has them.

    Attributes:
        model_type: Transformers' name of the model's form, such as roberta or llama.
        sizes: keys of that model's config.json and their values; what is not named keeps Transformers' default.
        dtype: in which the weights are written.
        deviation: standard deviation of every random matrix. Norms start at 1, biases at 0.
        shard_bytes: the largest file; about twice as much memory is used.
    """

    kind: Literal["random_weights"]
    origin: ClassVar[str] = "received random weights drawn by this workflow"
    pretrained: ClassVar[bool] = False
    model_type: str
    sizes: dict[str, Any]
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    deviation: float = Field(0.02, gt=0)
    shard_bytes: int = Field(2_000_000_000, ge=1)

    def fetch(self, folder: Path, seed: int) -> dict[str, Any]:
        """Write configuration, tokenizer and weights shard by shard; return the facts for the record."""
        start = time.perf_counter()
        config = self.make_config()
        tokenizer = self.make_tokenizer(config)
        model = self.make_empty_model(config)
        model.config.save_pretrained(folder)
        if model.can_generate():
            model.generation_config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        shards = self.write_weights(model, folder, seed)
        seconds = round(time.perf_counter() - start, 1)
        return {"source": self.model_type, "dtype": self.dtype, "files_of_weights": shards, "seconds": seconds}

    def read_config(self, model: Path) -> dict[str, Any]:
        """Return the sizes as they are set; those left out have Transformers' defaults, which are not looked up."""
        return {"model_type": self.model_type, **self.sizes}

    def plan_config(self, model: Path) -> PreTrainedConfig:
        """Return the configuration that the model is built from."""
        return self.make_config()

    def make_config(self) -> PreTrainedConfig:
        """Return the configuration.

        Raises:
            SettingsError: Transformers knows no such model, or it has no such size.
        """
        from huggingface_hub.errors import StrictDataclassError
        from transformers import CONFIG_MAPPING

        if self.model_type not in CONFIG_MAPPING:
            raise SettingsError(
                f"model_type '{self.model_type}' is unknown to Transformers; accepted are the names that a model's "
                "config.json gives as model_type, such as roberta, bert, llama or qwen2"
            )
        config_class = CONFIG_MAPPING[self.model_type]
        accepted = config_class().to_dict()
        unknown = [key for key in self.sizes if key not in accepted]
        if unknown:
            raise SettingsError(
                f"sizes.{unknown[0]}: config.json of '{self.model_type}' has no such key; "
                f"it has: {', '.join(sorted(accepted))}"
            )
        try:
            return config_class(**self.sizes)
        except StrictDataclassError as error:
            raise SettingsError(f"sizes: Transformers refuses them for '{self.model_type}': {error}") from error

    def make_tokenizer(self, config: PreTrainedConfig) -> PreTrainedTokenizerFast:
        """Return the tokenizer, its special tokens named in the configuration."""
        from fineprint.backbones._word_tokenizer import build_tokenizer

        positions = config.max_position_embeddings - (UNUSED_POSITIONS if "roberta" in self.model_type else 0)
        tokenizer = build_tokenizer(self.architecture, config.vocab_size, positions)
        config.bos_token_id, config.eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
        return tokenizer

    def make_empty_model(self, config: PreTrainedConfig) -> PreTrainedModel:
        """Return the model without any memory for its weights."""
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

        classes = {"encoder": AutoModelForMaskedLM, "decoder": AutoModelForCausalLM}
        try:
            with torch.device("meta"):
                model = classes[self.architecture].from_config(config, dtype=getattr(torch, self.dtype))
        except ValueError as error:
            raise SettingsError(
                f"a model of type '{self.model_type}' cannot be built as {self.architecture} with these sizes: {error}"
            ) from error
        model.config.architectures = [type(model).__name__]
        return model

    def write_weights(self, model: PreTrainedModel, folder: Path, seed: int) -> int:
        """Draw and write one file of weights after the other, and the index where there are several."""
        from huggingface_hub import split_torch_state_dict_into_shards
        from safetensors.torch import save_file

        empty = {name: parameter.detach() for name, parameter in model.named_parameters()}  # tied weights once
        plan = split_torch_state_dict_into_shards(empty, max_shard_size=self.shard_bytes)
        numbers = {name: number for number, name in enumerate(empty)}
        for file, names in plan.filename_to_tensors.items():
            shard = dict(self.draw_weights({name: empty[name] for name in names}, numbers, seed))
            save_file(shard, folder / file, metadata={"format": "pt"})
        if plan.is_sharded:
            index = {"metadata": plan.metadata, "weight_map": plan.tensor_to_filename}
            (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
        return len(plan.filename_to_tensors)

    def draw_weights(
        self, empty: dict[str, torch.Tensor], numbers: dict[str, int], seed: int
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Draw tensors one by one, on a GPU where there is one; each depends on the seed and its own number alone."""
        import torch

        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        for name, tensor in empty.items():
            if tensor.ndim > 1:
                generator = torch.Generator(device).manual_seed(seed * len(numbers) + numbers[name])
                drawn = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
                yield name, drawn.normal_(std=self.deviation, generator=generator).cpu()
            else:
                fill = torch.zeros if name.endswith("bias") else torch.ones
                yield name, fill(tensor.shape, dtype=tensor.dtype)

"""Every setting of every backbone reaches the model that is made, how it is pretrained, or where it comes from."""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import fineprint.backbones._forbidden_pairs as forbidden_pairs
from fineprint.backbones._admission import check_architecture
from fineprint.backbones._demo import DemoSettings
from fineprint.backbones._model_folder import make_backbone_record
from fineprint.core.settings import SettingsError, find_settings
from fineprint.demo import pretraining
from fineprint.demo.batches import IGNORED
from setting_probes import find_probe, list_settings, require_difference

TABLE = "tests/unit/test_settings_of_backbones.py"
SIZES = {
    "vocab_size": 600,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
FORMS = {"encoder": ("roberta", {"max_position_embeddings": 130}), "decoder": ("llama", {"num_key_value_heads": 2})}


@dataclass
class Bench:
    """What a probe works with: tiny model folders, a folder, and patches that are taken off again."""

    backbones: dict[str, Path]
    folder: Path
    patch: pytest.MonkeyPatch

    def make(self, kind, architecture="encoder", **changes):
        """Return a kind's settings with small sizes."""
        model_type, sizes = FORMS[architecture]
        needed = {
            "architecture": architecture,
            "path": self.backbones[architecture],
            "name": "someone/model",
            "model_type": model_type,
            "sizes": SIZES | sizes,
        }
        model = find_settings("backbones", kind)
        given = {
            name: value
            for name, value in needed.items()
            if model.model_fields.get(name) and model.model_fields[name].is_required()
        }
        return model.model_validate({"kind": kind, **given, **changes})

    def fetch(self, kind, seed=1, **changes):
        """Fill a new folder by settings; return it and the facts."""
        folder = self.folder / str(len([*self.folder.iterdir()]))
        folder.mkdir()
        return folder, self.make(kind, **changes).fetch(folder, seed)

    def pretraining(self, kind, **changes):
        """Return what a demo model's settings hand to its pretraining, which is not run."""
        handed = []

        def note(model, read_logits, batches, progress, rates):
            handed.append(Handed(model, batches, progress, rates))
            return {}

        with self.patch.context() as patch:
            patch.setattr(pretraining, "pretrain", note)
            patch.setattr(forbidden_pairs, "list_test_pairs", lambda seed: frozenset())
            self.fetch(kind, **changes)
        return handed[0]


@dataclass
class Handed:
    """What pretraining is handed: the model as it starts, batches, how long it takes, and learning rates."""

    model: Any
    batches: Any
    progress: Any
    rates: Any

    def draw(self, count=30, grown=True):
        """Return batches of grown sentences."""
        if grown:
            self.progress.step = self.progress.steps
        return [*islice(self.batches, count)]


@pytest.fixture
def bench(backbone_folders, tmp_path, monkeypatch):
    return Bench(backbone_folders, tmp_path, monkeypatch)


def config_of(bench, kind, **changes):
    """Return the configuration of the model that settings would make, and the largest shapes of its layers."""
    return bench.make(kind, **changes).plan_config(bench.folder / "none")


def probe_shape(field, key, values):
    """Return a probe of a size that the model's configuration tells, and by which the model is built."""

    def probe(bench, kind):
        for value in values:
            settings = bench.make(kind, **{field: value})
            assert getattr(settings.plan_config(bench.folder / "none"), key) == value
            with torch.device("meta"):
                model = settings.build_model(settings.build_tokenizer())
            told = {
                "hidden_size": model.get_input_embeddings().weight.shape[1],
                "num_hidden_layers": len(settings.list_attentions(model)),
                "intermediate_size": next(
                    p.shape[0] for name, p in model.named_parameters() if "intermediate" in name or "up_proj" in name
                ),
            }
            assert told.get(key, value) == value

    return probe


def probe_initial_deviation(bench, kind):
    for deviation in (0.01, 0.2):
        model = bench.pretraining(kind, initial_deviation=deviation, rotation_scale=0.0).model
        assert model.get_input_embeddings().weight.std().item() == pytest.approx(deviation, rel=0.05)


def probe_rotation_scale(bench, kind):
    """Queries and keys start as the same rotation of this size, beside weights that are as good as 0."""
    for scale in (0.0, 0.5, 2.0):
        settings = bench.make(kind)
        model = bench.pretraining(kind, rotation_scale=scale, initial_deviation=1e-6).model
        for query, key in settings.list_attentions(model):
            torch.testing.assert_close(query.weight @ query.weight.T, scale**2 * torch.eye(64), rtol=0, atol=1e-3)
            torch.testing.assert_close(query.weight, key.weight, rtol=0, atol=1e-3)


def probe_steps(bench, kind):
    bench.patch.setattr(forbidden_pairs, "list_test_pairs", lambda seed: frozenset())
    for steps in (0, 2):
        _, facts = bench.fetch(kind, steps=steps)
        assert facts["pretraining_steps"] == steps and (facts["pretraining_tokens"] > 0) == (steps > 0)


def probe_batch_tokens(bench, kind):
    for tokens in (300, 900):
        sizes = [batch.input_ids.numel() for batch in bench.pretraining(kind, batch_tokens=tokens).draw()]
        assert 0.7 * tokens < max(sizes) <= tokens


def probe_rates(bench, kind):
    """Muon takes one rate, AdamW the other; both rise over the warm-up."""
    for matrix, outer, warmup in ((0.01, 0.002, 10), (0.02, 0.004, 5)):
        handed = bench.pretraining(kind, matrix_learning_rate=matrix, learning_rate=outer, warmup_steps=warmup)
        (muon, _), (adam, schedule) = pretraining._build_optimizers(handed.model, handed.rates, 1000)
        assert muon.param_groups[0]["lr"] == pytest.approx(matrix / warmup)
        assert adam.param_groups[0]["lr"] == pytest.approx(outer / warmup)
        for _ in range(warmup - 1):
            adam.step()
            schedule.step()
        assert adam.param_groups[0]["lr"] == pytest.approx(outer * min(1, (1000 - warmup + 1) / (1000 - warmup)))


def probe_growth(bench, kind):
    """Sentences begin to grow after one share of the steps, and are grown after the other."""
    for phrases, growing in ((0.2, 0.5), (0.4, 0.1)):
        progress = bench.pretraining(kind, steps=100, phrase_share=phrases, growing_share=growing).progress
        told = []
        for step in (0, 100 * phrases, 100 * (phrases + growing / 2), 100 * (phrases + growing), 99):
            progress.step = step
            told.append(progress.growth())
        assert told == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0], abs=1e-6)


def probe_left_out(bench, kind):
    """Told about everything but the voice of sentences: `by` stands in the passive alone."""
    for left_out, seen in (((), True), (("voice",), False)):
        handed = bench.pretraining(kind, left_out=left_out)
        by = bench.make(kind).build_tokenizer().get_vocab()["by"]
        assert any(bool((batch.input_ids == by).any()) for batch in handed.draw(60)) == seen


def told_share(batches):
    """Return the share of the tokens behind the first that are masked."""
    masked = sum(int((batch.labels[:, 1:] != IGNORED).sum()) for batch in batches)
    return masked / sum(int(batch.attention_mask[:, 1:].sum()) for batch in batches)


def probe_masked_share(bench, kind):
    """Of tokens that are not special: fewer than of all."""
    shares = [told_share(bench.pretraining(kind, masked_share=share).draw()) for share in (0.0, 0.1, 0.5)]
    assert shares[0] == 0 and 0.05 < shares[1] <= 0.1 and 4 * shares[1] < shares[2] <= 0.5


def probe_label_weight(bench, kind):
    for weight in (1.0, 7.0):
        batches = bench.pretraining(kind, label_weight=weight).draw(5)
        assert {float(value) for batch in batches for value in batch.weights[:, 0]} == {weight}
        assert all(float(batch.weights[:, 1:].max()) == 1.0 for batch in batches)


def probe_other_weight(bench, kind):
    for weight in (0.0, 0.25):
        batches = bench.pretraining(kind, other_weight=weight).draw(5)
        values = {float(value) for batch in batches for value in batch.weights[batch.labels != IGNORED]}
        assert values == {weight, 1.0}


def examples_of(bench, kind, **changes):
    """Return how many worked examples each document of many batches has, as answers said in them."""
    settings = bench.make(kind, **changes)
    vocabulary = settings.build_tokenizer().get_vocab()
    answers = torch.tensor([vocabulary[word] for word in ("yes", "maybe", "no")])
    colons = vocabulary[":"]
    counts, said = Counter(), Counter()
    for batch in bench.pretraining(kind, **changes).draw(40):
        for row, labels in zip(batch.input_ids, batch.labels, strict=True):
            counts[int((row == colons).sum()) // 3] += 1
            said.update(labels[torch.isin(labels, answers)].tolist())
    return counts, {word: said[vocabulary[word]] for word in ("yes", "maybe", "no")}


def probe_example_shares(bench, kind):
    for number in (0, 1, 3):
        counts, _ = examples_of(bench, kind, example_shares={number: 1.0})
        assert counts.keys() == {number}


def probe_three_way_share(bench, kind):
    """Only wordings that ask for a label say `maybe`, a third of the time."""
    for share, wanted in ((0.0, 0.0), (1.0, 1 / 3)):
        _, said = examples_of(bench, kind, example_shares={1: 1.0}, three_way_share=share)
        assert said["maybe"] / sum(said.values()) == pytest.approx(wanted, abs=0.05)


def probe_architecture(bench, kind):
    """Declared otherwise, a model is refused, and its record says what was declared."""
    for declared, other in (("encoder", "decoder"), ("decoder", "encoder")):
        settings = bench.make(kind, declared)
        check_architecture(settings, bench.backbones[declared])
        assert make_backbone_record("a", settings, bench.backbones[declared], {}, None).architecture == declared
        with pytest.raises(SettingsError, match=f"does not know as {declared}"):
            check_architecture(settings, bench.backbones[other])


def probe_path(bench, kind):
    for architecture in ("encoder", "decoder"):
        folder, facts = bench.fetch(kind, path=bench.backbones[architecture])
        assert (folder / "config.json").resolve() == (bench.backbones[architecture] / "config.json").resolve()
        assert facts["source"] == bench.backbones[architecture].name
        assert bench.make(kind, path=bench.backbones[architecture]).read_config(folder)["model_type"] in (
            "roberta",
            "llama",
        )


def probe_name(bench, kind):
    settings = bench.make(kind, name="a/b")
    assert settings.hub_source().name == "a/b" == settings.hub_name


def probe_revision(bench, kind):
    assert [bench.make(kind, revision=one).hub_source().revision for one in ("main", "v3")] == ["main", "v3"]


def read_weights(folder):
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def probe_model_type(bench, kind):
    for model_type, sizes in (("roberta", {}), ("bert", {})):
        folder, _ = bench.fetch(kind, model_type=model_type, sizes=SIZES | sizes | {"max_position_embeddings": 130})
        assert json.loads((folder / "config.json").read_text())["model_type"] == model_type
        assert any(name.startswith(f"{model_type}.") for name in read_weights(folder))


def probe_sizes(bench, kind):
    for hidden in (16, 32):
        folder, _ = bench.fetch(kind, sizes=SIZES | {"hidden_size": hidden, "max_position_embeddings": 130})
        assert read_weights(folder)["roberta.embeddings.word_embeddings.weight"].shape == (600, hidden)


def probe_dtype(bench, kind):
    for name in ("float32", "bfloat16", "float16"):
        folder, facts = bench.fetch(kind, dtype=name)
        assert {weight.dtype for weight in read_weights(folder).values()} == {getattr(torch, name)}
        assert facts["dtype"] == name


def probe_deviation(bench, kind):
    for deviation in (0.02, 0.5):
        weights = read_weights(bench.fetch(kind, deviation=deviation)[0])
        drawn = weights["roberta.embeddings.word_embeddings.weight"]
        assert drawn.std().item() == pytest.approx(deviation, rel=0.05)


def probe_shard_bytes(bench, kind):
    for most in (50_000, 10**9):
        folder, facts = bench.fetch(kind, shard_bytes=most)
        files = [*folder.glob("*.safetensors")]
        assert len(files) == facts["files_of_weights"] and (len(files) > 1) == (most < 10**9)


PROBES = {
    "hidden_size": probe_shape("hidden_size", "hidden_size", (32, 64)),
    "layers": probe_shape("layers", "num_hidden_layers", (1, 3)),
    "heads": probe_shape("heads", "num_attention_heads", (2, 8)),
    "feedforward_size": probe_shape("feedforward_size", "intermediate_size", (96, 128)),
    "initial_deviation": probe_initial_deviation,
    "rotation_scale": probe_rotation_scale,
    "steps": probe_steps,
    "batch_tokens": probe_batch_tokens,
    "matrix_learning_rate": probe_rates,
    "learning_rate": probe_rates,
    "warmup_steps": probe_rates,
    "phrase_share": probe_growth,
    "growing_share": probe_growth,
    "left_out": probe_left_out,
    "demo_encoder.masked_share": probe_masked_share,
    "demo_encoder.label_weight": probe_label_weight,
    "demo_decoder.other_weight": probe_other_weight,
    "demo_decoder.example_shares": probe_example_shares,
    "demo_decoder.three_way_share": probe_three_way_share,
    "architecture": probe_architecture,
    "folder.path": probe_path,
    "hub.name": probe_name,
    "hub.revision": probe_revision,
    "random_weights.model_type": probe_model_type,
    "random_weights.sizes": probe_sizes,
    "random_weights.dtype": probe_dtype,
    "random_weights.deviation": probe_deviation,
    "random_weights.shard_bytes": probe_shard_bytes,
}


@pytest.mark.parametrize(("kind", "field"), list_settings("backbones"))
def test_every_setting_reaches_the_model(kind, field, bench):
    if probe := find_probe(PROBES, kind, field):
        probe(bench, kind)
    else:
        require_difference("backbones", kind, field, lambda **new: config_of(bench, kind, **new).to_dict(), TABLE)


def test_demo_backbones_are_pretrained_on_another_seed_s_text(bench):
    """The same seed hands over the same model and text, another seed others."""
    for kind in ("demo_encoder", "demo_decoder"):
        assert issubclass(find_settings("backbones", kind), DemoSettings)
        first, again, other = (bench.pretraining(kind, seed=seed) for seed in (1, 1, 2))
        weights = [handed.model.get_input_embeddings().weight for handed in (first, again, other)]
        texts = [handed.draw(1)[0].input_ids.tolist() for handed in (first, again, other)]
        assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
        assert texts[0] == texts[1] != texts[2]

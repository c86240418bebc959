"""A model folder that is not whole, or not what it seems, is refused by a sentence with file and cure before any weight
is loaded."""

import json

import pytest
import sentencepiece
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from architectures import CORPUS, FORMS
from fineprint.backbones._admission import admit
from fineprint.backbones._folder_check import find_folder_problems
from fineprint.backbones.folder import Settings as Folder
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import make_readout
from fineprint.inference.vocabulary import check_known
from fineprint.models.loading import load_tokenizer
from try_methods import ROWS, TASK, make_method

WEIGHTS = "model.safetensors"


def change_config(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def refuse(folder, words, architecture="encoder"):
    """See that a folder is refused by the job that fetches it; return what is said when the config is read."""
    settings = Folder(kind="folder", architecture=architecture, path=folder)
    with pytest.raises(SettingsError, match=words) as refused:
        linked = folder.parent / "linked"
        linked.mkdir()
        settings.fetch(linked, seed=1)
        admit("own", settings, linked)
    assert "Error(" not in str(refused.value) and "Traceback" not in str(refused.value)
    return settings.find_problems()


def test_whole_folders_have_no_problems(whole_models):
    assert not any(find_folder_problems(folder) for folder in whole_models.values())


def cut_short(folder):
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:5000])


def lengthen(folder):
    with (folder / WEIGHTS).open("ab") as file:
        file.write(b"\0" * 8)


def leave_a_pointer(folder):
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")


def leave_a_pointer_for_the_tokenizer(folder):
    (folder / "tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")


def write_anything(folder):
    (folder / WEIGHTS).write_bytes(b"\x10\0\0\0\0\0\0\0" + b"not a header at all")


def pickle(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def rename_weights(folder):
    (folder / WEIGHTS).rename(folder / "consolidated.safetensors")


def remove_the_tokenizer(folder):
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()


def remove_the_config(folder):
    (folder / "config.json").rename(folder / "adapter_config.json")


def pack(folder):
    change_weights(
        folder, lambda held: {name: (t.to(torch.int8) if "query.weight" in name else t) for name, t in held.items()}
    )


def lose_the_link(folder):
    """As where the cache of the Hub was emptied."""
    remove_the_tokenizer(folder)
    (folder / "tokenizer.json").symlink_to(folder / "gone")


def change_weights(folder, change):
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_short, rf"{WEIGHTS}: it has 5,000 bytes, its header speaks of [\d,]+: it is not whole"),
        (lengthen, "it is not whole"),
        (leave_a_pointer, rf"{WEIGHTS}: it is a git-lfs pointer instead of the file: run `git lfs pull`"),
        (leave_a_pointer_for_the_tokenizer, r"tokenizer.json: it is a git-lfs pointer"),
        (write_anything, "its header cannot be read"),
        (pickle, r"pickled weights \(pytorch_model.bin\) are not loaded"),
        (rename_weights, "neither model.safetensors nor model.safetensors.index.json"),
        (remove_the_tokenizer, r"it has no tokenizer .*tokenizer.save_pretrained\(folder\)"),
        (remove_the_config, "it holds an adapter .*; name the model that it was trained on"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json: it is no JSON object"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{"), "tokenizer_config.json: it is no JSON"),
        (lambda folder: (folder / "generation_config.json").write_text("x"), "generation_config.json: it is no JSON"),
        (pack, rf"{WEIGHTS}: .*query.weight is stored as I8: its weights are quantized already; name"),
        (lose_the_link, "it has no tokenizer"),
        (lambda folder: change_config(folder, model_type=None), "model_type is missing"),
        (lambda folder: change_config(folder, is_encoder_decoder=True), "an encoder and a decoder together"),
        (
            lambda folder: change_config(folder, quantization_config={"quant_method": "gptq", "bits": 4}),
            r"config.json: its weights are quantized already \(gptq, by quantization_config\); name the ",
        ),
    ],
)  # fmt: skip
def test_damaged_files_are_named_when_the_config_is_read(damage, words, copy_model):
    folder = copy_model("electra")
    damage(folder)
    assert refuse(folder, words), "torch need not be asked"


def test_shards_are_all_there_and_hold_what_the_index_says(copy_model):
    folder = copy_model("sharded")
    shard = sorted(folder.glob("*.safetensors"))[1]
    held = load_file(shard)
    moved = next(iter(held))
    save_file({name: tensor for name, tensor in held.items() if name != moved}, shard)
    assert find_folder_problems(folder) == [
        f"{shard}: it lacks {moved}, which model.safetensors.index.json puts there: fetch it again."
    ]
    shard.unlink()
    assert refuse(folder, rf"{shard.name}: it does not exist, though model.safetensors.index.json names it: fetch it")
    (folder / "model.safetensors.index.json").write_text("{}")
    assert "it is no index of weights" in find_folder_problems(folder)[0]


def lose_a_layer(weights):
    return {name: tensor for name, tensor in weights.items() if ".layer.1." not in name}


def narrow_embeddings(weights):
    name = "electra.embeddings.word_embeddings.weight"
    return weights | {name: weights[name][:, :8].contiguous()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda weights: {f"x.{name}": tensor for name, tensor in weights.items()},
            r"lack 39 of the 39 weights of ElectraModel, such as .* has no place in it; they would begin at random",
        ),
        (lose_a_layer, r"lack 16 of the 39 weights of ElectraModel, such as encoder.layer.1\."),
        (narrow_embeddings, r"such as embeddings.word_embeddings.weight: \[\d+, 8\] instead of \[\d+, 16\]"),
    ],
)
def test_weights_of_another_model_are_refused(change, words, copy_model):
    folder = copy_model("electra")
    change_weights(folder, change)
    assert refuse(folder, words) == [], "only the architecture tells"


def test_layers_that_would_be_left_out_are_refused(copy_model):
    folder = copy_model("electra")
    change_config(folder, num_hidden_layers=1)
    refuse(folder, r"have more layers than config.json names, such as .*layer.1\.")


def test_sizes_that_cannot_be_built_end_in_a_sentence(copy_model):
    folder = copy_model("electra")
    change_config(folder, hidden_act="none_such")
    refuse(folder, "Transformers cannot build a model from its config.json")


def test_code_of_the_model_s_own_is_never_run(copy_model):
    folder = copy_model("qwen2")
    change_config(folder, model_type="someones", auto_map={"AutoModelForCausalLM": "code.Model"})
    refuse(folder, "of type 'someones', which needs code of its own .*; such code is never run", "decoder")


def test_a_tokenizer_that_is_not_the_model_s_is_refused(copy_model):
    folder = copy_model("electra")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    more = 401 - len(tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": [f"[MORE{number}]" for number in range(more)]})
    tokenizer.save_pretrained(folder)
    refuse(folder, rf"401 entries, the model 400 embeddings: '\[MORE{more - 1}\]' \(400\) has none.*resize_token_emb")


def test_a_tokenizer_without_words_is_refused(copy_model):
    folder = copy_model("electra")
    content = json.loads((folder / "tokenizer.json").read_text())
    special = {token["content"] for token in content["added_tokens"]}
    content["model"]["vocab"] = {token: n for token, n in content["model"]["vocab"].items() if token in special}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    refuse(folder, "no entry but its 5 special tokens")


def test_a_tokenizer_that_cannot_be_read_is_refused(copy_model):
    folder = copy_model("electra")
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Nothing"}}')
    refuse(folder, r"the tokenizer of .* cannot be loaded from its files; save it anew")


def test_texts_that_are_unknown_to_the_tokenizer_are_told(whole_models):
    readout = make_readout(make_method("full", "classifier"), whole_models["electra"], TASK, ROWS, seed=1)
    known = readout.encode_all(ROWS, with_answer=True)
    unknown = {"input_ids": [2, 1, 1, 1, 3], "label": [0]}  # [CLS] [UNK] [UNK] [UNK] [SEP]
    assert check_known(readout, known) == []
    (note,) = check_known(readout, [*known, *[unknown] * 40])
    assert "of the training examples are unknown to the tokenizer ([UNK])" in note
    with pytest.raises(SettingsError, match=r"^100\s?% of the tokens of the training examples are unknown"):
        check_known(readout, [unknown])


def test_a_sentencepiece_file_alone_is_a_tokenizer(tmp_path):
    """As Llama 2 was published: without tokenizer.json, which Transformers makes of it by means of protobuf."""
    pytest.importorskip("google.protobuf")
    text, folder = tmp_path / "text.txt", tmp_path / "model"
    text.write_text("\n".join(CORPUS), encoding="utf-8")
    FORMS["llama"].build(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), vocab_size=350, model_type="bpe", byte_fallback=True,
        minloglevel=2,
    )  # fmt: skip
    roles = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer"} | roles))
    settings, linked = Folder(kind="folder", architecture="decoder", path=folder), tmp_path / "linked"
    linked.mkdir()
    settings.fetch(linked, seed=1)
    found = admit("own", settings, linked)
    assert found.vocabulary == 350 and found.pad_token == "<unk>"
    tokenizer = load_tokenizer(linked)
    ids = tokenizer("The dog sleeps in the garden")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "The dog sleeps in the garden"
    assert tokenizer.unk_token_id not in ids

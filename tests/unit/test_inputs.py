"""What text a model sees is a choice of its own: a pair, or the task's prompt."""

from dataclasses import replace

import pytest
import torch

from example_results import METHODS, make_results
from fineprint.core.settings import SettingsError
from fineprint.demo.tokenizer import build_encoder_tokenizer
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.predicting import predict_rows
from fineprint.reporting.sections import prompting
from fineprint.reporting.sections.pairs import list_ablations
from fineprint.results.study import Study
from fineprint.study.reading import describe_run, read_run, read_study
from fineprint.training.loop import train
from test_config import DEMO, changed
from test_methods import make_method
from tiny_models import make_tokenizer

CHAT = "<s>{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}[assistant]"


def read(readout, architecture, form, folders, task, rows, **settings):
    method = make_method("full", readout, architecture).model_copy(update={"input": form, **settings})
    return make_readout(method, folders[architecture], task, rows, seed=1)


def test_a_decoder_reads_prompts_and_an_encoder_pairs_unless_told_otherwise():
    methods = read_study(DEMO).methods
    assert {name: method.input for name, method in methods.items() if method.backbone == "decoder"} == dict.fromkeys(
        ["llama_zero_shot", "llama_one_shot", "llama_qlora_generation", "llama_qlora_head", "llama_probe"], "prompt"
    )
    assert methods["roberta_full"].input == methods["roberta_probe"].input == "pair"
    assert methods["majority"].input is None
    study = read_study(changed(methods__llama_qlora_head__input="pair", methods__roberta_lora__input="prompt"))
    assert study.methods["llama_qlora_head"].input == "pair" and study.methods["roberta_lora"].input == "prompt"
    assert read_run(describe_run(study, "nli", "llama_qlora_head", 1)).input == "pair"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods__llama_zero_shot__input": "pair"}, "methods.llama_zero_shot: input: readout 'generation' does not"),
        ({"methods__llama_qlora_head__input": "chat"}, "methods.llama_qlora_head.input: input should be 'pair' or"),
        ({"methods__llama_qlora_head__fields": ["hypothesis"]}, "asks for {premise}.* set input: pair"),
    ],
)
def test_an_input_that_cannot_be_is_refused(changes, words):
    with pytest.raises(SettingsError, match=words):
        read_study(changed(**changes))


def test_with_a_pair_any_method_may_see_some_texts_only():
    sees = {"methods__llama_qlora_head__fields": ["hypothesis"], "methods__llama_qlora_head__input": "pair"}
    assert read_study(changed(**sees)).methods["llama_qlora_head"].fields == ("hypothesis",)


@pytest.mark.parametrize("max_length", [64, 18])
def test_a_head_reads_the_tokens_that_generation_reads(max_length, backbone_folders, task_record, tiny_rows):
    """Also where a prompt is cut: one readout must not see more of a text than the other."""
    shared = (backbone_folders, task_record, tiny_rows)
    head = read("linear_head", "decoder", "prompt", *shared, max_length=max_length)
    writer = read("generation", "decoder", "prompt", *shared, max_length=max_length)
    seen, asked = (reader.encode_all(tiny_rows, with_answer=False) for reader in (head, writer))
    assert [example["input_ids"] for example in seen] == [example["prompt"] for example in asked]
    assert head.truncated_rows == writer.truncated_rows
    assert (head.truncated_rows > 0) == (max_length == 18)


def test_a_chat_template_is_filled_and_ends_where_the_answer_begins(backbone_folders, task_record, tiny_rows):
    reader = read("linear_head", "decoder", "prompt", backbone_folders, task_record, tiny_rows)
    tokenizer = make_tokenizer(pair_template=True)
    tokenizer.chat_template = CHAT
    reader = reader.settings.build(replace(reader.context, tokenizer=tokenizer))
    ids = reader.encode(tiny_rows[0], with_answer=False)["input_ids"]
    turn = tokenizer("[assistant]", add_special_tokens=False)["input_ids"]
    assert ids[-len(turn) :] == turn and ids.count(tokenizer.bos_token_id) == 1


def test_an_encoder_s_prompt_ends_as_its_inputs_do(backbone_folders, task_record, tiny_rows):
    reader = read("classifier", "encoder", "prompt", backbone_folders, task_record, tiny_rows)
    tokenizer = build_encoder_tokenizer()  # whose end of text parts two texts, too
    reader = reader.settings.build(replace(reader.context, tokenizer=tokenizer))
    ids = reader.encode(tiny_rows[0], with_answer=True)["input_ids"]
    assert ids == tokenizer(task_record["prompt"].format(**tiny_rows[0].texts))["input_ids"]
    assert (ids[0], ids[-1]) == (tokenizer.bos_token_id, tokenizer.sep_token_id)


@pytest.mark.parametrize(("readout", "architecture"), [("classifier", "encoder"), ("linear_head", "decoder")])
def test_a_head_learns_from_prompts(readout, architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("full", readout, architecture, epochs=12, learning_rate=0.003)
    method = method.model_copy(update={"input": "prompt"})
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone_folders[architecture], seed=1)
    examples = reader.encode_all(tiny_rows, with_answer=True)
    outcome = train(assembled, examples, examples, seed=1, name="prompts")
    assert outcome.epochs[-1].held_out_accuracy > 0.9


@pytest.mark.parametrize(
    ("readout", "architecture", "form"),
    [
        ("classifier", "encoder", "pair"),
        ("linear_head", "decoder", "prompt"),
        ("generation", "decoder", "prompt"),
        ("majority", "encoder", None),
    ],
)
def test_the_first_input_is_kept_as_it_was_encoded(
    readout, architecture, form, backbone_folders, task_record, tiny_rows
):
    method = make_method("none" if readout == "majority" else "full", readout, architecture)
    method = method.model_copy(update={"input": form})
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    assembled = assemble_for_training(method, reader, backbone_folders[architecture], seed=1)
    assembled.module.eval()
    with torch.inference_mode():
        predict_rows(assembled, tiny_rows[3:6], 1, "rows")
    if form is None:
        assert reader.input_example is None
        return
    example = reader.encode(tiny_rows[3], with_answer=False)
    ids = example["prompt"] if readout == "generation" else example["input_ids"]
    assert reader.context.tokenizer(reader.input_example, add_special_tokens=False)["input_ids"] == ids
    assert reader.truncated_rows == 0


def make_study(**changes):
    """Two heads on a decoder and what writes, whose settings and records a test changes."""
    names = ("llama_qlora_generation", "llama_qlora_head")
    results = make_results({name: METHODS[name] for name in names}, splits={"matched": 150}, with_gaps=False)
    for name in names:
        results["study"]["methods"][name] |= {"input": "prompt", "max_length": 64}
    for name, settings in changes.items():
        results["study"]["methods"][name] |= settings
    return results


def axes(results):
    return [pair.axis for pair in list_ablations(Study(results), "nli")]


def test_an_ablation_changes_one_choice_only():
    assert axes(make_study()) == ["readout"]
    assert axes(make_study(llama_qlora_head={"input": "pair"})) == [], "readout and input differ"
    longer = make_study(llama_qlora_head={"max_length": 128})
    assert axes(longer) == ["readout"], "nothing was cut: the limit changed nothing"
    longer["runs"][0]["predict"]["truncated_rows"] = 3
    assert axes(longer) == []
    training = make_study()["study"]["methods"]["llama_qlora_head"]["training"]
    assert axes(make_study(llama_qlora_head={"training": training | {"epochs": 99}})) == []
    assert axes(make_study(llama_qlora_head={"training": training | {"learning_rate": 9.0}})) == ["readout"]


def test_equal_inputs_are_shown_once_with_all_who_read_them():
    results = make_study()
    for run in results["runs"]:
        run["predict"]["input_example"] = "<s> premise : x answer :"
    [shown] = prompting.inputs(Study(results), "nli")
    assert shown["input"] == "<s> premise : x answer :"
    assert "read off by a head" in shown["facts"] and "No worked example" in shown["facts"]
    results["runs"][1]["predict"]["input_example"] = "<s> x </s>"
    assert len(prompting.inputs(Study(results), "nli")) == 2

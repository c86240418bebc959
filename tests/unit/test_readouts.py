"""What readouts say of themselves and of the machine, held against what they build and do."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from fineprint.core.settings import SettingsError, find_settings, list_kinds
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.predicting import predict_rows
from fineprint.readouts import Context, TaskWording
from fineprint.readouts._answering import kept_bytes
from fineprint.readouts._groups import generate_groups
from fineprint.readouts._plain_question import plain_question, sampling
from fineprint.readouts._prompts import choose_shots, shorten_row
from fineprint.readouts.generation import Settings as Generation
from fineprint.tasks import Row
from test_answering import ANSWERS
from test_methods import make_method
from tiny_models import make_tokenizer

WORDING = TaskWording(("a", "b"), ("yes", "no"), "premise : {premise} answer :")


def assemble(kind, architecture, folders, task, rows):
    method = make_method("full", kind, architecture)
    readout = make_readout(method, folders[architecture], task, rows, seed=1)
    assembled = assemble_for_training(method, readout, folders[architecture], seed=1)
    return readout, assembled.module.eval()


@pytest.mark.parametrize("kind", list_kinds("readouts"))
def test_a_head_is_counted_as_it_is_built(kind, backbone_folders, task_record, tiny_rows):
    """Beside what the Transformers class brings: the weights of an added head, for planning."""
    settings = find_settings("readouts", kind)
    if not settings.loads_backbone:
        pytest.skip("there is no model; see test_controls.py")
    architecture = sorted(settings.architectures)[0]
    readout, module = assemble(kind, architecture, backbone_folders, task_record, tiny_rows)
    model = readout.adapted_model(module)
    added = sum(p.numel() for p in module.parameters()) - sum(p.numel() for p in model.parameters())
    assert readout.settings.count_head(64, 3) == added
    assert type(model).__name__.endswith(settings.auto_class.removeprefix("AutoModel"))


def write_prompts(tokenizer, rows, **settings):
    context = Context(WORDING, tokenizer, 60, 1, rows)
    return Generation(kind="generation", **settings).build(context)


def test_a_model_writes_until_any_end_and_from_all_words(backbone_folders, task_record, tiny_rows):
    """Every end of text that tokenizer and model know; drawn from all words, whatever the model's own habits."""
    readout, module = assemble("generation", "decoder", backbone_folders, task_record, tiny_rows)
    for ends, wanted in ((None, [2]), (9, [2, 9]), ([11, 7], [2, 7, 11])):
        module.generation_config.eos_token_id = ends
        config = readout.generation_config(module)
        assert config.eos_token_id == wanted and config.pad_token_id == readout.context.tokenizer.pad_token_id
    assert (config.do_sample, config.temperature, config.top_k, config.top_p) == (True, 0.1, 0, 1.0)


def test_what_a_token_keeps_follows_from_heads_and_their_width(backbone_folders, task_record, tiny_rows):
    """Keys and values of two layers, two heads of sixteen numbers each, four bytes a number."""
    _, module = assemble("generation", "decoder", backbone_folders, task_record, tiny_rows)
    assert kept_bytes(module) == 2 * 2 * 2 * 16 * 4
    config = module.config
    config.head_dim = None
    assert kept_bytes(module) == 2 * 2 * 2 * 16 * 4 and isinstance(kept_bytes(module), int)
    config.num_key_value_heads = None
    assert kept_bytes(module) == 2 * 2 * 4 * 16 * 4, "as many as there are attention heads"


def test_of_a_prompt_that_is_too_long_the_longest_text_is_cut():
    tokenizer = make_tokenizer(pair_template=False)
    row = Row("1", {"premise": "a dog runs", "hypothesis": "yes no yes no yes"}, 0, "g")
    assert shorten_row(tokenizer, row, 50, 2).texts == {"premise": "a dog runs", "hypothesis": "yes no yes"}
    assert shorten_row(tokenizer, row, 50, 4).texts == {"premise": "a dog", "hypothesis": "yes no"}
    with pytest.raises(ValueError, match="row 1 does not fit: its prompt takes more than 50 tokens"):
        shorten_row(tokenizer, row, 50, 8)


def test_an_end_of_text_that_a_tokenizer_adds_is_taken_off_a_prompt(tiny_rows):
    """An end of text behind the prompt would tell the model that nothing follows."""
    tokenizer = make_tokenizer(pair_template=True)  # <s> … </s>
    ids = write_prompts(tokenizer, tiny_rows).encode(tiny_rows[0], with_answer=False)["prompt"]
    assert ids[0] == tokenizer.bos_token_id and tokenizer.eos_token_id not in ids
    assert tokenizer.convert_ids_to_tokens(ids[-2:]) == ["answer", ":"]


def test_a_chat_s_end_of_turn_stays_and_its_answer_has_no_space_before_it(tiny_rows):
    tokenizer = make_tokenizer(pair_template=True)
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}</s>"
    readout = write_prompts(tokenizer, tiny_rows)
    example = readout.encode(tiny_rows[0], with_answer=True)
    assert example["prompt"][-1] == tokenizer.eos_token_id and tokenizer.bos_token_id not in example["prompt"]
    assert example["answer"] == [*tokenizer("yes", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]


def test_sampling_is_written_as_it_is_done():
    assert sampling(0, 7) == ["max_new_tokens=7", "do_sample=False"]
    assert sampling(0.5, 7) == ["max_new_tokens=7", "do_sample=True", "temperature=0.5", "top_k=0"]


@pytest.mark.parametrize(
    "template", [None, "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}[assistant]"]
)
def test_the_card_s_question_is_the_prompt(template, tiny_rows):
    """Its lines, run, fill the wording as the study does, worked examples included."""
    tokenizer = make_tokenizer(pair_template=False)
    tokenizer.chat_template = template
    readout = write_prompts(tokenizer, [replace(row, label=row.label % 2) for row in tiny_rows], shots=2)
    code = plain_question(tokenizer, WORDING, readout.shots, sampling(0, 5), {})
    lines = [line for line in code.lines if line.startswith(("answers", "turns", "prompt"))]
    names = {"texts": tiny_rows[7].texts, "tokenizer": tokenizer}
    exec("\n".join(lines), names)
    assert names["prompt"] == readout.prompts.write(tiny_rows[7]) and names["answers"] == ["yes", "no"]


@torch.inference_mode()
def test_groups_of_prompts_come_back_in_the_order_of_rows(backbone_folders, task_record, tiny_rows):
    """Virtual tokens forbid padding: prompts of equal length are written together, then put back."""
    method = make_method("p_tuning", "generation", "decoder")
    method = method.model_copy(update={"readout": Generation(kind="generation", temperature=0.0, max_new_tokens=4)})
    readout = make_readout(method, backbone_folders["decoder"], task_record | ANSWERS, tiny_rows, seed=1)
    module = assemble_for_training(method, readout, backbone_folders["decoder"], seed=1).module.eval()
    examples = [
        readout.encode(row, with_answer=False) for row in (tiny_rows[4], tiny_rows[0], tiny_rows[6], tiny_rows[1])
    ]
    assert len({len(example["prompt"]) for example in examples}) > 1
    config = readout.generation_config(module)
    whole = generate_groups(module, readout.collate(examples), config)
    alone = [generate_groups(module, readout.collate([example]), config)[0] for example in examples]
    assert torch.equal(whole, torch.stack(alone)) and whole.shape == (4, 4)


def test_answers_are_drawn_by_the_readout_s_seed(backbone_folders, task_record, tiny_rows):
    method = make_method("full", "generation", "decoder")
    method = method.model_copy(update={"readout": Generation(kind="generation", temperature=5.0, max_new_tokens=6)})

    def answer(seed):
        readout = make_readout(method, backbone_folders["decoder"], task_record, tiny_rows, seed=seed)
        assembled = assemble_for_training(method, readout, backbone_folders["decoder"], seed=1)
        assembled.module.eval()
        return [answer.answer for answer in predict_rows(assembled, tiny_rows[:8], 1, "rows")]

    assert answer(1) == answer(1) != answer(2)


THINKING = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}[assistant]"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
)


def test_options_of_a_chat_template_reach_the_prompt_and_the_card(tiny_rows):
    tokenizer = make_tokenizer(pair_template=False)
    tokenizer.chat_template = THINKING
    for template, end in (({"enable_thinking": False}, "<think></think>"), ({}, "[assistant]")):
        readout = write_prompts(tokenizer, tiny_rows, template=template)
        assert readout.prompts.write(tiny_rows[7]).endswith(end)
        lines = [line for line in readout.plain_code().lines if line.startswith(("turns", "prompt"))]
        names = {"texts": tiny_rows[7].texts, "tokenizer": tokenizer}
        exec("\n".join(lines), names)
        assert names["prompt"] == readout.prompts.write(tiny_rows[7])


def test_options_that_no_template_has_are_refused(tiny_rows):
    tokenizer = make_tokenizer(pair_template=False)
    with pytest.raises(SettingsError, match=r"readout\.template: .* has no chat template"):
        write_prompts(tokenizer, tiny_rows, template={"enable_thinking": False})
    tokenizer.chat_template = THINKING
    with pytest.raises(SettingsError, match="no option 'thinking'"):
        write_prompts(tokenizer, tiny_rows, template={"thinking": False})
    with pytest.raises(ValidationError, match="'tokenize' is set by the readout"):
        Generation(kind="generation", template={"tokenize": True})


def test_the_label_of_a_single_worked_example_is_drawn_too(tiny_rows):
    """One label always shown alone would pull every seed's answers there."""
    drawn = [choose_shots(tiny_rows, 4, 3, seed) for seed in range(12)]
    assert {shots[0].label for shots in drawn} == {0, 1, 2}
    assert all([shot.label for shot in shots[:3]] != [shots[3].label] * 3 for shots in drawn)
    assert all(shots[3].label == shots[0].label and shots[3] != shots[0] for shots in drawn), "the labels in turn"


def test_worked_examples_have_a_usual_length():
    """Of a label's rows the half in the middle, sorted by length."""
    rows = [Row(str(n), {"premise": "x" * n}, 0, "g") for n in range(1, 9)]
    assert {len(choose_shots(rows, 1, 1, seed)[0].texts["premise"]) for seed in range(40)} == {3, 4, 5, 6}

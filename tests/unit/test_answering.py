"""What is read once gives what reading everything anew gives: likelihoods, and the text as Transformers writes it."""

import pytest
import torch

from fineprint.assembly import assemble_for_training, make_readout
from fineprint.readouts import _answering as answering
from fineprint.readouts._groups import generate_groups, score_groups
from fineprint.settings import find_settings
from test_methods import make_method


def build(backbone_folders, task_record, rows, temperature, **task):
    method = make_method("lora", "generation", "decoder")
    settings = {"kind": "generation", "temperature": temperature, "max_new_tokens": 6, "shots": 1}
    method = method.model_copy(update={"readout": find_settings("readouts", "generation").model_validate(settings)})
    readout = make_readout(method, backbone_folders["decoder"], task_record | task, rows, seed=1)
    assembled = assemble_for_training(method, readout, backbone_folders["decoder"], seed=1)
    return readout, assembled.module.eval()


# Answers that begin alike, of one to three tokens.
ANSWERS = {"answers": ["yes big", "yes small dog", "no"]}


@pytest.mark.parametrize("task", [{}, ANSWERS])
@pytest.mark.parametrize("share", [True, False])
@torch.inference_mode()
def test_likelihoods_equal_the_full_forward(task, share, backbone_folders, task_record, tiny_rows):
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0, **task)
    features = [readout.encode(row, with_answer=False) for row in tiny_rows[:20]]
    wanted = score_groups(module, readout.collate(features), readout.answer_ids)
    if share:
        readout.expect(module, features)
        assert len(readout.beginning) > 5, "a worked example and the wording are shared"
    batches = [readout.collate(features[:9]), readout.collate(features[9:])]
    assert all(("beginning_ids" in batch) == share for batch in batches)
    found = torch.cat([readout.label_scores(module, batch) for batch in batches])
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("likely", [None, "yes small dog"])
@torch.inference_mode()
def test_writes_what_transformers_writes(temperature, likely, backbone_folders, task_record, tiny_rows):
    """Also where the model follows an answer, and ends rows at different lengths."""
    readout, module = build(backbone_folders, task_record, tiny_rows, temperature, **ANSWERS)
    tokens = readout.context.tokenizer(likely or "", add_special_tokens=False)["input_ids"]
    ends = [readout.context.tokenizer.eos_token_id]
    if likely:  # an output layer that follows the answer, token after token
        encourage(module, tokens + ends)
    features = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    config = readout.generation_config(module)
    torch.manual_seed(3)
    wanted = generate_groups(module, readout.collate(features), config)
    readout.expect(module, features)
    torch.manual_seed(3)
    written, _ = readout.answer(module, readout.collate(features))
    full = torch.full_like(wanted, config.pad_token_id)
    full[:, : written.shape[1]] = written
    assert torch.equal(full, wanted)
    if likely and temperature == 0:
        assert written.tolist() == [tokens + ends] * 12, "stopped where all rows had ended"


def encourage(module, sequence):
    """Let the model write a sequence: after its last token but one comes its last, and so on."""
    embedding, output = module.get_input_embeddings(), module.get_output_embeddings()
    followed = dict(zip([None, *sequence[:-1]], sequence, strict=True))

    def follow(_, inputs, logits):
        favoured = torch.zeros_like(logits)
        last = follow.ids[:, -logits.shape[1] :]
        for position in range(logits.shape[1]):
            for row, token in enumerate(last[:, position].tolist()):
                favoured[row, position, followed.get(token, followed[None])] = 50.0
        return logits + favoured

    def remember(_, inputs):
        follow.ids = inputs[0]

    embedding.register_forward_pre_hook(remember)
    output.register_forward_hook(follow)


@torch.inference_mode()
def test_an_answer_on_the_tree_takes_no_further_pass(backbone_folders, task_record, tiny_rows, monkeypatch):
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0, **ANSWERS)
    encourage(module, readout.answer_ids[1] + [readout.context.tokenizer.eos_token_id])
    features = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    readout.expect(module, features)
    passes = []
    plain = answering.read_on
    monkeypatch.setattr(answering, "read_on", lambda *values: passes.append(values[2].shape) or plain(*values))
    readout.answer(module, readout.collate(features))
    nodes = len(readout.tree.tokens)
    assert len(passes) == 3 and passes[0][0] == 1 and passes[2] == (12, nodes), "beginning, prompts, answers"


def test_the_tree_holds_shared_beginnings_once():
    tree = answering.grow_tree([[1, 2, 3], [1, 2, 4], [5]])
    assert tree.tokens == [1, 2, 3, 4, 5] and tree.parents == [-1, 0, 1, 1, -1]
    assert tree.paths == [[0, 1, 2], [0, 1, 3], [4]] and tree.ancestors(3) == [3, 1, 0]


def test_shared_beginning_leaves_a_token_of_each():
    assert answering.shared_beginning([[1, 2, 3], [1, 2, 4, 5], [1, 2]]) == [1]
    assert answering.shared_beginning([[1, 2], [3, 4]]) == [] == answering.shared_beginning([])

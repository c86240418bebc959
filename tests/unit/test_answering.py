"""What is read once gives what reading everything anew gives: likelihoods, and the text as Transformers writes it."""

from dataclasses import replace

import pytest
import torch
from scipy.stats import chisquare
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaConfig, LlamaForCausalLM

from fineprint.core.settings import SettingsError, find_settings
from fineprint.demo.tokenizer import build_decoder_tokenizer
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.inference.predicting import predict_rows
from fineprint.readouts import Context, TaskWording
from fineprint.readouts import _answering as answering
from fineprint.readouts import _writing as writing
from fineprint.readouts._answer_tree import end_answers, grow_tree
from fineprint.readouts._groups import generate_groups, score_groups
from fineprint.readouts._sampling import choose_tokens, draw_numbers, stack_draws
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
    examples = [readout.encode(row, with_answer=False) for row in tiny_rows[:20]]
    wanted = score_groups(module, readout.collate(examples), readout.answer_ids)
    if share:
        readout.expect(module, examples)
        assert len(readout.beginning) > 5, "a worked example and the wording are shared"
    batches = [readout.collate(examples[:9]), readout.collate(examples[9:])]
    assert all(("beginning_ids" in batch) == share for batch in batches)
    found = torch.cat([readout.label_scores(module, batch) for batch in batches])
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Write as where looking at what was written would wait."""
    monkeypatch.setattr(writing, "watch_from", lambda habit, device: 0 if habit.answers_only else habit.tokens)


FREELY = [writing.Habit(), writing.Habit(False, 0), writing.Habit(False, 6)]


@pytest.mark.parametrize("habit", FREELY)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("likely", [None, "yes small dog"])
@torch.inference_mode()
def test_writes_what_transformers_writes(
    temperature, likely, habit, backbone_folders, task_record, tiny_rows, as_on_a_gpu
):
    """Also where the model follows an answer, and ends rows at different lengths; whatever batches before wrote."""
    readout, module = build(backbone_folders, task_record, tiny_rows, temperature, **ANSWERS)
    readout.habit = replace(habit)
    tokens = readout.context.tokenizer(likely or "", add_special_tokens=False)["input_ids"]
    ends = [readout.context.tokenizer.eos_token_id]
    if likely:  # an output layer that follows the answer, token after token
        encourage(module, tokens + ends)
    examples = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    config = readout.generation_config(module)
    wanted = generate_groups(module, readout.collate(examples), config)
    readout.expect(module, examples)
    written, _ = readout.answer(module, readout.collate(examples))
    full = torch.full_like(wanted, config.pad_token_id)
    full[:, : written.shape[1]] = written
    assert torch.equal(full, wanted)
    if likely and temperature == 0 and habit.tokens == 0:
        assert written.tolist() == [tokens + ends] * 12, "stopped where all rows had ended"


@pytest.mark.parametrize("likely", [None, "yes small dog"])
@pytest.mark.parametrize("share", [True, False])
@torch.inference_mode()
def test_batches_answered_together_are_answered_as_one(likely, share, backbone_folders, task_record, tiny_rows):
    """Batches of other lengths, read one after another, with and without a common beginning; also in the second group,
    when what rows wrote before is known."""
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0, **ANSWERS)
    if likely:
        tokens = readout.context.tokenizer(likely, add_special_tokens=False)["input_ids"]
        encourage(module, [*tokens, readout.context.tokenizer.eos_token_id])
    rows = [replace(row, texts={name: text * 3 for name, text in row.texts.items()}) for row in tiny_rows[:4]]
    examples = [readout.encode(row, with_answer=False) for row in [*rows, *tiny_rows[4:12]]]
    if share:
        readout.expect(module, examples)
    batches = [readout.collate(examples[start : start + 4]) for start in (0, 4, 8)]
    assert len({batch["prompt_ids"].shape[1] for batch in batches}) > 1
    for _ in range(2):
        wanted = readout.answer(module, readout.collate(examples))
        written, scores = readout.answer_together(module, batches)
        assert torch.equal(written, wanted[0])
        torch.testing.assert_close(scores, wanted[1], rtol=1e-5, atol=1e-5)


def test_what_a_token_keeps_is_what_its_keys_and_values_take(backbone_folders, task_record, tiny_rows):
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0)
    kept = answering.read_beginning(module, torch.tensor([[5, 6, 7]]))
    taken = sum(part.numel() * part.element_size() for layer in kept for part in layer)
    assert readout.kept_bytes(module) * 3 == taken > 0


def encourage(module, sequence):
    """Let the model write a sequence: after its last token but one comes its last, and so on."""
    embedding, output = module.get_input_embeddings(), module.get_output_embeddings()
    followed = dict(zip([None, *sequence[:-1]], sequence, strict=True))

    def follow(_, inputs, logits):
        favored = torch.zeros_like(logits)
        last = follow.ids[:, -logits.shape[1] :]
        for position in range(logits.shape[1]):
            for row, token in enumerate(last[:, position].tolist()):
                favored[row, position, followed.get(token, followed[None])] = 50.0
        return logits + favored

    def remember(_, inputs):
        follow.ids = inputs[0]

    embedding.register_forward_pre_hook(remember)
    output.register_forward_hook(follow)


@torch.inference_mode()
def test_an_answer_on_the_tree_takes_no_further_pass(backbone_folders, task_record, tiny_rows, monkeypatch):
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0, **ANSWERS)
    encourage(module, readout.answer_ids[1] + [readout.context.tokenizer.eos_token_id])
    examples = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    readout.expect(module, examples)
    passes = count_passes(monkeypatch)
    readout.answer(module, readout.collate(examples))
    nodes = len(readout.tree.tokens)
    assert len(passes) == 3 and passes[0][0] == 1 and passes[2] == (12, nodes), "beginning, prompts, answers"


def count_passes(monkeypatch):
    """Note the shape of what each pass reads."""
    passes, plain = [], answering.read_on

    def note(*values):
        passes.append(tuple(values[2].shape))
        return plain(*values)

    monkeypatch.setattr(answering, "read_on", note)
    monkeypatch.setattr(writing, "read_on", note)
    return passes


@torch.inference_mode()
def test_the_first_word_is_read_with_what_the_likelihoods_need(backbone_folders, task_record, tiny_rows, monkeypatch):
    """Once a batch wrote something else than answers: six words then take four further passes of one token each."""
    readout, module = build(backbone_folders, task_record, tiny_rows, 0.0, **ANSWERS)
    examples = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    readout.expect(module, examples)
    passes = count_passes(monkeypatch)
    once, scores = readout.answer(module, readout.collate(examples))
    assert passes[2:] == [(12, 5), *[(12, 1)] * 5] and not readout.habit.answers_only and readout.habit.tokens == 6
    del passes[:]
    again, same = readout.answer(module, readout.collate(examples))
    assert readout.tree.inner == 2 and passes[1:] == [(12, 3), *[(12, 1)] * 4]
    assert torch.equal(again, once)
    torch.testing.assert_close(same, scores, rtol=1e-5, atol=1e-5)
    readout.expect(module, examples)
    assert readout.habit.tokens == 6, "the next part of the same rows"
    readout.expect(module, [])
    assert readout.habit == writing.Habit()


class CountLooks(TorchDispatchMode):
    """Counts how often a tensor's value is asked for, which waits on a GPU."""

    def __init__(self):
        super().__init__()
        self.looks = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.looks += operation in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@torch.no_grad()
def test_once_known_how_long_answers_are_none_is_looked_at(
    temperature, backbone_folders, task_record, tiny_rows, as_on_a_gpu
):
    readout, module = build(backbone_folders, task_record, tiny_rows, temperature, **ANSWERS)
    examples = [readout.encode(row, with_answer=False) for row in tiny_rows[:12]]
    readout.expect(module, examples)
    looks = []
    for _ in range(2):
        with CountLooks() as counted:
            readout.answer(module, readout.collate(examples))
        looks.append(counted.looks)
    assert looks[0] > 5 and looks[1] == 0


def test_words_are_drawn_with_the_chance_that_softmax_gives_them():
    """The shares of a hundred thousand draws, by a chi-squared test."""
    logits = torch.randn(30, generator=torch.Generator().manual_seed(4)).double()
    numbers = stack_draws([draw_numbers(1, f"row {row}", 10) for row in range(10_000)]).flatten()
    drawn = choose_tokens(logits.expand(len(numbers), -1), 0.7, numbers)
    wanted = (logits / 0.7).softmax(dim=0) * len(numbers)
    assert chisquare(drawn.bincount(minlength=30), wanted, sum_check=False).pvalue > 0.001
    assert choose_tokens(logits.expand(5, -1), 0.0, None).tolist() == [int(logits.argmax())] * 5


def test_numbers_at_the_ends_draw_words_that_can_be_written():
    logits = torch.full((3, 100_000), -torch.inf)
    logits[:, 5], logits[:, 60_000] = 0.0, 0.0
    draws = torch.tensor([0.0, 0.5, 1 - 2**-24])
    assert choose_tokens(logits, 0.1, draws).tolist() == [5, 60_000, 60_000]


@pytest.mark.parametrize("adapter", ["lora", "p_tuning"])
@torch.inference_mode()
def test_what_a_row_draws_does_not_depend_on_the_rows_beside_it(adapter, backbone_folders, task_record, tiny_rows):
    """Whatever the batches are and in whichever order rows come, also where Transformers writes; other seeds and other
    rows of the same text draw otherwise."""
    method = make_method(adapter, "generation", "decoder")
    settings = find_settings("readouts", "generation")(kind="generation", temperature=3.0, max_new_tokens=6)
    method, rows = method.model_copy(update={"readout": settings}), tiny_rows[:14]

    def answer(rows, size, seed=1):
        changed = method.model_copy(update={"prediction_batch_size": size})
        readout = make_readout(changed, backbone_folders["decoder"], task_record | ANSWERS, tiny_rows, seed)
        assembled = assemble_for_training(changed, readout, backbone_folders["decoder"], seed=1)
        assembled.module.eval()
        return {row.id: found.answer for row, found in zip(rows, predict_rows(assembled, rows, 1, "rows"), strict=True)}

    wanted = answer(rows, 14)
    assert len(set(wanted.values())) > 7
    for size, order in ((1, rows), (5, rows), (14, rows[::-1]), (4, rows[7:] + rows[:7])):
        assert answer(order, size) == wanted
    assert answer(rows[3:6], 3) == {row.id: wanted[row.id] for row in rows[3:6]}
    assert answer(rows, 14, seed=2) != wanted
    twins = [replace(rows[0], id=str(number)) for number in range(8)]
    assert len(set(answer(twins, 8).values())) > 4


def test_an_answer_that_begins_another_is_scored_with_its_end():
    """Else it would never be less likely; answers of which none begins another keep their likelihoods."""
    assert end_answers([[7], [7, 8], [9]], 2) == [[7, 2], [7, 8, 2], [9, 2]]
    assert end_answers([[7, 8], [7, 9], [9]], 2) == [[7, 8], [7, 9], [9]]


@torch.inference_mode()
def test_the_demo_s_tokenizer_has_answers_that_begin_one_another(tmp_path, task_record, tiny_rows):
    """ "yes", "yes indeed": after a model that goes on with "indeed" the longer one is likelier, though the shorter one
    is part of it; both ways of scoring agree."""
    torch.manual_seed(0)
    tokenizer = build_decoder_tokenizer()
    context = Context(TaskWording(("a", "b"), ("yes", "yes indeed"), task_record["prompt"]), tokenizer, 64, 1)
    readout = find_settings("readouts", "generation")(kind="generation", temperature=0.0).build(context)
    yes, longer, end = *readout.answer_ids, tokenizer.eos_token_id
    assert longer[: len(yes)] == yes and readout.scored_ids == [[*yes, end], [*longer, end]]
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    module = LlamaForCausalLM(config).eval()
    batch = readout.collate([readout.encode(row, with_answer=False) for row in tiny_rows[:4]])
    torch.testing.assert_close(
        readout.label_scores(module, batch), score_groups(module, batch, readout.scored_ids), rtol=1e-5, atol=1e-5
    )
    for label, sequence in enumerate(([*yes, end], [*longer, end])):
        encouraged = LlamaForCausalLM(config).eval()
        encourage(encouraged, sequence)
        (found, *_) = readout.predict(encouraged, batch)
        assert (found.label, found.likelihood_label, found.answer) == (
            label,
            label,
            readout.context.task.answers[label],
        )


@torch.inference_mode()
def test_likelihoods_that_are_no_numbers_are_refused(backbone_folders, task_record, tiny_rows):
    readout, module = build(backbone_folders, task_record, tiny_rows, 1.0)
    module.get_output_embeddings().weight.fill_(float("nan"))
    batch = readout.collate([readout.encode(row, with_answer=False) for row in tiny_rows[:3]])
    with pytest.raises(SettingsError, match="are NaN"):
        readout.predict(module, batch)


def test_the_tree_holds_shared_beginnings_once():
    tree = grow_tree([[1, 2, 3], [1, 2, 4], [5]])
    assert tree.tokens == [1, 2, 3, 4, 5] and tree.parents == [-1, 0, 1, 1, -1]
    assert tree.paths == [[0, 1, 2], [0, 1, 3], [4]] and tree.ancestors(3) == [3, 1, 0]


def test_the_tree_begins_with_what_others_stand_behind():
    tree = grow_tree([[5], [1, 2, 3], [5, 6]])
    assert tree.tokens == [5, 1, 2, 3, 6] and tree.parents == [-1, -1, 1, 2, 0] and tree.inner == 3
    assert tree.paths == [[0], [1, 2, 3], [0, 4]]


def test_shared_beginning_leaves_a_token_of_each():
    assert answering.shared_beginning([[1, 2, 3], [1, 2, 4, 5], [1, 2]]) == [1]
    assert answering.shared_beginning([[1, 2], [3, 4]]) == [] == answering.shared_beginning([])

"""Strict label reading, prompts, what the loss covers, padding and pooling."""

import pytest
import torch

from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import assemble_for_training, make_readout
from fineprint.models.loading import choose_pad_token
from fineprint.readouts import Context, TaskWording
from fineprint.readouts._answers import EXACT, LENIENT, STANDARD, read_answer
from fineprint.readouts._padding import attention_mask, last_real_position, pad_to_one_length
from fineprint.readouts._prompts import build_prompt, choose_shots
from fineprint.readouts.generation import IGNORED
from fineprint.readouts.generation import Settings as GenerationSettings
from fineprint.readouts.linear_head import pool
from fineprint.tasks import Row
from test_methods import make_method
from tiny_models import make_tokenizer

NLI = ("ENTAILMENT", "NEUTRAL", "CONTRADICTION")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("ENTAILMENT", 0),
        (" neutral.", 1),
        ("Contradiction\nbecause entailment is out", 2),
        ("The answer is neutral", 1),
        ("**Neutral**", 1),
        ("neutral neutral", 1),
        ("NOT ENTAILMENT", None),
        ("It isn't a contradiction", None),
        ("entailment or neutral", None),
        ("entailmentneutral", None),
        ("maybe", None),
        ("", None),
        ("\n\n", None),
        ("neither", None),
        ("Entailment is not correct", None),
        ("ENTAILMENT: no", None),
        ("It is entailment, not really", None),
        ("Entailment? No.", None),
        ("Entailment, isn't it", None),
        ("Neutral\nnot entailment", 1),  # the first line is the answer
    ],
)
def test_only_one_named_label_is_read(text, label):
    assert read_answer(text, NLI)[STANDARD] == label


@pytest.mark.parametrize(
    ("text", "answers", "label"),
    [
        ("not entailment", ("entailment", "not entailment"), 1),
        ("not_entailment", ("entailment", "not_entailment"), 1),
        ("no", ("yes", "no"), 1),
        ("Yes, no doubt", ("yes", "no"), None),
        ("No.", ("yes", "no"), 1),
        ("No, not at all", ("yes", "no"), None),
        ("The answer is no", ("yes", "no"), 1),
        ("It is not an entailment", ("entailment", "not entailment"), None),
        ("Not entailment: no", ("entailment", "not entailment"), None),
        ("not entailment, not entailment", ("entailment", "not entailment"), 1),
    ],
)
def test_answers_that_contain_each_other(text, answers, label):
    assert read_answer(text, answers)[STANDARD] == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("CONTRADICTION. The premise states that no dog sleeps.", 2),
        ("Contradiction, because the premise does not say so", 2),
        ("The premise does not mention a cat, so it is neutral", 1),
        ("No, it is a contradiction", 2),
        ("It isn't sleeping. Contradiction", 2),
        ("Contradiction. No dog sleeps.", 2),
        ("no contradiction", None),
        ("isn't neutral", None),
        ("It isn’t neutral", None),
        ("I don't think it is entailment", None),
        ("This cannot be an entailment", None),
        ("not necessarily entailment", None),
        ("not a case of entailment", None),
        ("Entailment is certainly not the case", None),
        ("NON-ENTAILMENT", None),
    ],
)
def test_only_a_negation_beside_the_label_denies_it(text, label):
    assert read_answer(text, NLI)[STANDARD] == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("<think>\nIs it entailment? No, not neutral either.\n</think>\n\nCONTRADICTION", 2),
        ("Entailment is out.</think>neutral", 1),  # the template itself began to think
        ("<think>It is neutral, for the dog", None),
        ("<think></think>", None),
        ("\n\n  Neutral\n", 1),
        ("Let me see.\nThe dog sleeps.\nAnswer: neutral", 1),
        ("Let me see.\nIt may be entailment.\nAnswer: neutral", None),
        ("Let me see.\nIt is not neutral", None),
        ("entailment or neutral\nneutral", None),
    ],
)
def test_thinking_is_dropped_and_a_later_line_read_where_the_first_names_none(text, label):
    assert read_answer(text, NLI)[STANDARD] == label


@pytest.mark.parametrize(
    ("text", "exact", "standard", "lenient"),
    [
        ("Neutral.", 1, 1, 1),
        ("**neutral**\n", 1, 1, 1),
        ("<think>entailment</think>neutral", 1, 1, 1),
        ("It is neutral", None, 1, 1),
        ("Neutral\nContradiction", 1, 1, 2),
        ("Well.\nNeutral", None, 1, 1),
        ("entailment, no, neutral", None, None, 1),
        ("not neutral", None, None, 1),
        ("maybe", None, None, None),
        ("", None, None, None),
    ],
)
def test_three_levels_of_strictness(text, exact, standard, lenient):
    assert read_answer(text, NLI) == {EXACT: exact, STANDARD: standard, LENIENT: lenient}


def test_an_exact_answer_has_all_words_of_the_label():
    answers = ("positive", "positive mixed")
    assert read_answer("Positive mixed", answers) == {EXACT: 1, STANDARD: 1, LENIENT: 1}
    assert read_answer("positive", answers) == {EXACT: 0, STANDARD: 0, LENIENT: 0}


def make_generation(task_record, tiny_rows, shots=0, max_length=64):
    gpu = TaskWording(tuple(task_record["labels"]), NLI, task_record["prompt"])
    context = Context(gpu, make_tokenizer(pair_template=False), max_length, 1, tiny_rows)
    return GenerationSettings(kind="generation", shots=shots).build(context)


def test_loss_covers_the_answer_and_one_end_of_text(task_record, tiny_rows):
    readout = make_generation(task_record, tiny_rows)
    batch = readout.collate([readout.encode(row, with_answer=True) for row in tiny_rows[:6]])
    tokenizer = readout.context.tokenizer
    names = ("labels", "answer_positions", "input_ids", "attention_mask")
    parts = zip(tiny_rows, *(batch[name] for name in names), strict=False)
    for row, labels, positions, ids, mask in parts:
        kept = labels[labels != IGNORED].tolist()
        assert tokenizer.convert_ids_to_tokens(kept) == [NLI[row.label], "</s>"]
        assert ids[mask == 1][-len(kept) :].tolist() == kept
        predicted = ids[positions[labels != IGNORED] + 1].tolist()
        assert predicted == kept, "each token is predicted from the position before it"
        assert (ids == tokenizer.eos_token_id).sum() == 1, "exactly one end of text is learned"
        assert (ids[mask == 0] == tokenizer.pad_token_id).all()
        assert mask[0] == 1, "padded on the right: every position attends to something"
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_prompt_ends_where_the_answer_begins(task_record, tiny_rows):
    readout = make_generation(task_record, tiny_rows, shots=2)
    assert len(readout.shots) == 2 and len({shot.label for shot in readout.shots}) == 2
    example = readout.prompts.write(tiny_rows[0])
    assert example.endswith("answer :") and example.count("answer :") == 3
    assert all(f"answer : {NLI[shot.label]}\n\n" in example for shot in readout.shots)


def test_chat_template_gets_turns(tiny_rows):
    tokenizer = make_tokenizer(pair_template=False)
    tokenizer.chat_template = "{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}[assistant]"
    text = build_prompt(tokenizer, "premise : {premise}", NLI, [tiny_rows[0]], tiny_rows[4])
    assert text.startswith("[user] premise : ") and "[assistant] ENTAILMENT [user]" in text
    assert text.endswith("[assistant]")


def test_braces_in_rows_are_text(tiny_rows):
    row = Row("1", {"premise": "{hypothesis} {0}", "hypothesis": "x"}, 0, "g")
    assert build_prompt(make_tokenizer(False), "{premise}|{hypothesis}", NLI, [], row) == "{hypothesis} {0}|x"


def test_worked_examples_come_from_the_seed(tiny_rows):
    first, again, other = (choose_shots(tiny_rows, 3, 3, seed) for seed in (1, 1, 5))
    assert first == again and first != other
    assert sorted(row.label for row in first) == [0, 1, 2]


def test_examples_that_there_are_not_are_a_sentence(tiny_rows):
    with pytest.raises(
        SettingsError, match=r"shots: 9 worked examples are requested, but too few training examples have label number"
    ):
        choose_shots([row for row in tiny_rows if row.label != 1], 9, 3, seed=1)


def test_logits_that_are_no_numbers_are_no_answer(backbone_folders, task_record, tiny_rows):
    """The first label would be the "most likely" one, with a perfect calibration."""
    method = make_method("full", "classifier", "encoder")
    readout = make_readout(method, backbone_folders["encoder"], task_record, tiny_rows, seed=1)
    assert readout.read_off(torch.tensor([[0.2, 0.8, 0.0]]))[0].label == 1
    with pytest.raises(SettingsError, match="produced NaN logits"):
        readout.read_off(torch.tensor([[0.2, 0.8, 0.0], [float("nan")] * 3]))


def test_long_rows_lose_text_not_instruction(task_record, tiny_rows):
    readout = make_generation(task_record, tiny_rows, max_length=24)
    long_row = Row("1", {"premise": "the dog " * 50, "hypothesis": "a cat sleeps"}, 0, "g")
    ids = readout.encode(long_row, with_answer=False)["prompt"]
    assert len(ids) <= 22 and readout.truncated_rows == 1
    assert readout.context.tokenizer.decode(ids).endswith("hypothesis : a cat sleeps answer :")
    both_long = Row("2", {"premise": "the dog " * 50, "hypothesis": "a cat " * 40}, 0, "g")
    ids = readout.encode(both_long, with_answer=False)["prompt"]
    assert len(ids) <= 22 and ids[-2:] == readout.encode(tiny_rows[0], with_answer=False)["prompt"][-2:]
    with pytest.raises(SettingsError, match="raise max_length"):
        make_generation(task_record, tiny_rows, max_length=8).encode(tiny_rows[0], with_answer=False)


def test_pad_token_is_never_the_end_of_text():
    tokenizer = make_tokenizer(pair_template=False)
    tokenizer.pad_token = tokenizer.eos_token
    assert choose_pad_token(tokenizer) == "<pad>"


def test_last_real_token_under_both_paddings():
    sequences = [[5, 6, 7], [8], [9, 10]]
    for side in ("left", "right"):
        ids, mask = pad_to_one_length(sequences, 0, side), attention_mask(sequences, side)
        assert ids[torch.arange(3), last_real_position(mask)].tolist() == [7, 8, 10]


@pytest.mark.parametrize("length", [None, 24])
def test_padding_is_the_plain_one(length):
    sequences = [[5, 6, 7], [8], list(range(9, 20)), [20, 21]]
    columns = length or 16
    for side in ("left", "right"):
        for found, fill, rows in (
            (pad_to_one_length(sequences, -7, side, length), -7, sequences),
            (attention_mask(sequences, side, length), 0, [[1] * len(row) for row in sequences]),
        ):
            rest = [[fill] * (columns - len(row)) for row in rows]
            pairs = zip(rows, rest, strict=True)
            wanted = torch.tensor([more + row if side == "left" else row + more for row, more in pairs])
            assert found.dtype == wanted.dtype and torch.equal(found, wanted)
    with pytest.raises(ValueError, match="cannot assign"):
        pad_to_one_length(sequences, 0, "right", 8)


@pytest.mark.parametrize("pooling", ["last_token", "first_token", "mean"])
def test_pooling_ignores_padding_and_virtual_tokens(pooling):
    sequences = [[1, 2, 3], [4]]
    vectors = torch.randn(10, 4)
    pooled = []
    for side in ("left", "right"):
        ids, mask = pad_to_one_length(sequences, 0, side), attention_mask(sequences, side)
        virtual = torch.full((2, 3, 4), 99.0)
        pooled.append(pool(torch.cat([virtual, vectors[ids]], dim=1), mask, pooling))
    torch.testing.assert_close(pooled[0], pooled[1])
    wanted = {"last_token": vectors[[3, 4]], "first_token": vectors[[1, 4]]}
    wanted["mean"] = torch.stack([vectors[[1, 2, 3]].mean(0), vectors[4]])
    torch.testing.assert_close(pooled[0], wanted[pooling])


@pytest.mark.parametrize("architecture", ["encoder", "decoder"])
def test_left_and_right_padding_give_equal_logits(architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("lora", "linear_head", architecture)
    backbone = backbone_folders[architecture]
    readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    module = assemble_for_training(method, readout, backbone, seed=1).module.eval()
    examples = [readout.encode(row, with_answer=False) for row in (*tiny_rows[:3], *tiny_rows[-3:])]
    examples[0]["input_ids"] = examples[0]["input_ids"][:4]
    logits = []
    for side in ("left", "right"):
        readout.padding_side = side
        with torch.inference_mode():
            logits.append(readout.logits(module, readout.collate(examples)))
    torch.testing.assert_close(logits[0], logits[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("adapter", ["lora", "p_tuning", "prefix_tuning"])
def test_losses_of_answers_are_those_of_the_full_forward(adapter, backbone_folders, task_record, tiny_rows):
    """Only some columns of logits are computed, in training with right padding, in prediction with left padding."""
    method = make_method(adapter, "generation", "decoder")
    backbone = backbone_folders["decoder"]
    readout = make_readout(method, backbone, task_record, tiny_rows, seed=1)
    module = assemble_for_training(method, readout, backbone, seed=1).module.eval()
    rows = [Row("0", {"premise": "the dog", "hypothesis": "a cat"}, 1, "g"), *tiny_rows[:5]]
    examples = [readout.encode(row, with_answer=True) for row in rows]
    batch = readout.collate(examples)
    with torch.inference_mode():
        losses = readout.answer_losses(module, batch).sum(dim=1)
        scores = readout.label_scores(module, batch)
        for example, loss, score in zip(examples, losses, scores, strict=True):
            ids = torch.tensor([example["prompt"] + example["answer"]])
            logits = module(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, -ids.shape[1] :]
            told = logits.log_softmax(dim=-1)[0, :-1].gather(1, ids[0, 1:, None]).squeeze(1)[-len(example["answer"]) :]
            torch.testing.assert_close(loss, -told.sum(), rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(score[example["label"][0]], told[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("readout", "architecture"), [("classifier", "encoder"), ("linear_head", "decoder")])
def test_many_rows_are_encoded_as_each_alone(readout, architecture, backbone_folders, task_record, tiny_rows):
    method = make_method("full", readout, architecture).model_copy(update={"max_length": 9})
    reader = make_readout(method, backbone_folders[architecture], task_record, tiny_rows, seed=1)
    together = reader.encode_all(tiny_rows, with_answer=True)
    cut = reader.truncated_rows
    tokenizer = reader.context.tokenizer
    alone = [tokenizer(*row.texts.values(), truncation=True, max_length=9)["input_ids"] for row in tiny_rows]
    assert [example["input_ids"] for example in together] == alone
    assert [example["label"] for example in together] == [[row.label] for row in tiny_rows]
    assert 0 < cut <= len(tiny_rows), "some rows are longer than nine tokens, and are counted once"
    assert reader.encode_all([], with_answer=True) == []


def test_many_prompts_are_encoded_as_each_alone(task_record, tiny_rows):
    whole = make_generation(task_record, tiny_rows, shots=1, max_length=500)
    longest = max(len(example["prompt"]) for example in whole.encode_all(tiny_rows, with_answer=False))
    most = longest + whole.longest_answer - 1  # the longest prompts are one token too long
    together, alone = (make_generation(task_record, tiny_rows, shots=1, max_length=most) for _ in range(2))
    assert together.encode_all(tiny_rows, with_answer=True) == [
        alone.encode(row, with_answer=True) for row in tiny_rows
    ]
    assert together.truncated_rows == alone.truncated_rows > 0

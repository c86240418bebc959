"""Many tasks on one backbone: what the config may ask for, and that every way answers as each task served alone."""

import gc
import json
import shutil
import weakref
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from example_serving import make_serving_results
from fineprint.backbones._model_folder import stored_bytes
from fineprint.core.records import (
    CombiningRecord,
    ForgettingRecord,
    RealSize,
    Served,
    ServingRecord,
    folder_bytes,
    write_json,
)
from fineprint.core.settings import SettingsError
from fineprint.inference.assembly import ADAPTER_FOLDER, assemble_for_training, make_readout, save_trained
from fineprint.models.precisions import keep_linear_in_half
from fineprint.results.collecting_serving import collect_real_size
from fineprint.runs.model_card import CARD_FILE
from fineprint.serving import checking, combining, serving, shared, ways
from fineprint.serving.checking import answer_alone, check_way, compare_window, probe_peft
from fineprint.serving.clock import distinct_bytes, percentile, time_calls
from fineprint.serving.entries import Entry, copy_entries, draw_requests
from fineprint.serving.evaluating import compare_hits, hit_rows
from fineprint.serving.forgetting import learn_beside, learn_on
from fineprint.serving.heads import HeadBank, find_bank
from fineprint.serving.joint import assemble_joint
from fineprint.serving.refusals import is_refusal
from fineprint.serving.serving import make_groups
from fineprint.serving.session import Plan, Session
from fineprint.serving.streams import Group, time_streams
from fineprint.serving.ways import Merged, Mixed, Reloaded, Resident, Swapped, Switched, Way
from fineprint.study.fetching import check_sources
from fineprint.study.reading import read_study
from fineprint.study.serving import describe_serving, list_records, used_methods, used_tasks
from fineprint.study.serving_schema import ServingSettings
from fineprint.tasks import Row
from fineprint.tasks._rows import write_rows
from fineprint.training.loop import train
from test_config import DEMO, changed
from test_methods import make_method

QUICK = ServingSettings(
    backbone="encoder",
    tasks=("nli", "moods"),
    adapters=("lora",),
    seconds_per_measurement=30,
    task_counts=(1, 5),
    requests=24,
    batch_size=8,
    switches=4,
    repeats=2,
    rounds=2,
    checked_rows=12,
)
LABELS = {"nli": ["entailment", "neutral", "contradiction"], "mood": ["sad", "happy"], "facts": ["no", "yes"]}
LORA = [("lora", "classifier", "encoder"), ("lora", "linear_head", "decoder"), ("lora", "classifier", "bert")]


def make_entry(name, adapter, readout, architecture, backbone, folder, rows, seed, precision="float32"):
    """Train nothing: fresh weights, moved so that adapters and heads differ, saved as training saves them."""
    method = make_method(adapter, readout, architecture if architecture != "bert" else "encoder", precision)
    labels = LABELS[name]
    record = SimpleNamespace(labels=labels, answers=labels, prompt="{premise}")
    reader = make_readout(method, backbone, record, rows, seed)
    assembled = assemble_for_training(method, reader, backbone, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in assembled.module.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    save_trained(assembled, folder)
    examples = [reader.encode(row, with_answer=False) for row in rows]
    assembled.module.eval()
    with torch.inference_mode():
        answers = reader.logits(assembled.module, reader.collate(examples)).argmax(dim=1).tolist()
    own = [Row(row.id, row.texts, answer, row.group, row.tags) for row, answer in zip(rows, answers, strict=True)]
    return Entry(name, name, method, reader, backbone, folder, own, examples, answers)


@pytest.fixture(scope="module")
def make_entries(backbone_folders, tiny_rows, tmp_path_factory):
    made = {}

    def make(adapter, readout, architecture, folder=None):
        key = (adapter, readout, architecture)
        if key not in made:
            root = tmp_path_factory.mktemp("-".join(key))
            backbone = folder or backbone_folders[architecture]
            made[key] = [
                make_entry(name, *key, backbone, root / name, tiny_rows[:24], seed)
                for seed, name in enumerate(LABELS, start=1)
            ]
        return made[key]

    return make


@pytest.fixture(scope="module")
def pooled_bert(tmp_path_factory):
    """A BERT whose checkpoint has the pooler that its classification head reads, as published ones have."""
    from transformers import AutoConfig, BertModel

    from tiny_models import make_bert, make_tokenizer

    folder = make_bert(tmp_path_factory.mktemp("pooled"))
    torch.manual_seed(5)
    BertModel(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    make_tokenizer(pair_template=True).save_pretrained(folder)
    return folder


@pytest.fixture(params=LORA, ids="-".join)
def lora(request, make_entries, pooled_bert):
    return make_entries(*request.param, pooled_bert if request.param[2] == "bert" else None)


def fill(way, entries):
    for entry in entries:
        way.add(entry)
    return way


@pytest.mark.parametrize("way", [Switched, Mixed, Merged, Swapped])
def test_adapters_answer_as_each_task_served_alone(way, lora):
    check = check_way(fill(way(), lora), "lora", lora, answer_alone(lora, QUICK), QUICK)
    assert check.rows == 36 and check.same_labels == 36
    assert check.equal and check.largest_difference < 1e-4
    assert check.control_rows == 8 and check.control_apart == 8, "another task's answers do not pass"


@pytest.mark.parametrize("way", [Switched, Mixed, Merged, Swapped])
def test_no_adapter_drops_anything_when_it_answers(way, make_entries, tmp_path):
    dropping = []
    for entry in make_entries("lora", "classifier", "encoder"):
        saved = shutil.copytree(entry.saved, tmp_path / entry.name)
        file = saved / ADAPTER_FOLDER / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"lora_dropout": 0.5}))
        dropping.append(replace(entry, saved=saved))
    check = check_way(fill(way(), dropping), "lora", dropping, answer_alone(dropping, QUICK), QUICK)
    assert check.equal, check


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Store and compute as on a GPU, on this CPU."""
    monkeypatch.setattr(shared, "stored_dtype", lambda: torch.bfloat16)
    monkeypatch.setattr(ways, "half_precision", lambda: torch.autocast("cpu", dtype=torch.bfloat16))


def stored(module):
    """Return the dtypes of a model's linear layers, whatever they are wrapped in; adapters left out."""
    linear = {name: part.weight.dtype for name, part in module.named_modules() if isinstance(part, torch.nn.Linear)}
    plain = {
        name.removeprefix("base_model.model.").removesuffix(".base_layer"): found for name, found in linear.items()
    }
    return {name: found for name, found in plain.items() if not {"bank", "heads", "classifier"} & set(name.split("."))}


@pytest.mark.parametrize("way", [Switched, Mixed, Swapped, Merged])
def test_on_a_gpu_a_shared_backbone_is_stored_as_a_whole_model_is(way, make_entries, as_on_a_gpu):
    entries = make_entries("lora", "classifier", "encoder")
    whole = ways.load_whole(make_entries("full", "classifier", "encoder")[0])
    keep_linear_in_half(whole, torch.bfloat16)
    served = fill(way(), entries)
    check = check_way(served, "lora", entries, answer_alone(entries, QUICK), QUICK)
    assert check.largest_difference < 0.1, "in 16 bits, logits of 5"
    module = served.modules()[0]
    linear = stored(module)
    for name, dtype in stored(whole).items():
        changes = name.endswith(("query", "value")) and way is Merged
        assert linear[name] == (torch.float32 if changes else dtype == torch.bfloat16 and dtype), name
    adapters = {dtype for name, dtype in linear.items() if "lora_" in name}
    assert adapters == {torch.float32 if way is Merged else torch.bfloat16}
    heads = {parameter.dtype for parameter in find_bank(module).parameters() if parameter.ndim > 1}
    assert heads == {torch.bfloat16}


def test_on_a_gpu_merging_is_undone_and_leaves_the_answers(make_entries, as_on_a_gpu):
    entries = make_entries("lora", "classifier", "encoder")
    way = fill(Merged(), entries)
    for number in range(9):
        way.switch(entries[number % 3].name)
    noted = way.finish()
    assert noted["drift"] < 1e-4, "in 16 bits it would be a hundred times as much"
    assert noted["restored_exactly"]


def test_combined_adapters_answer_alike_each_time(make_entries, tmp_path, monkeypatch):
    dropping = []
    for entry in make_entries("lora", "classifier", "encoder")[:2]:
        saved = shutil.copytree(entry.saved, tmp_path / entry.name)
        file = saved / ADAPTER_FOLDER / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"lora_dropout": 0.5}))
        dropping.append(replace(entry, saved=saved))
    training = []
    monkeypatch.setattr(combining, "own_hits", lambda entry: [])
    monkeypatch.setattr(combining, "score_row", lambda *_: None)

    def see(readout, module, entry):
        training.append([name for name, part in module.named_modules() if part.training])
        return []

    monkeypatch.setattr(combining, "hit_rows", see)
    combining.combine_method(CombiningRecord(settings={}), "lora", dropping, {entry.task: "test" for entry in dropping})
    assert training == [[]] * 4, "two ways of combining, asked for two tasks"


def test_the_check_sees_a_wrong_head(make_entries):
    entries = make_entries("lora", "classifier", "encoder")
    way, reference = fill(Switched(), entries), answer_alone(entries, QUICK)
    way.shared.bank.heads["facts"] = way.shared.bank.heads["mood"]
    assert not check_way(way, "lora", entries, reference, QUICK).equal


def test_the_check_sees_a_wrong_adapter(make_entries):
    entries = make_entries("lora", "classifier", "encoder")
    way, reference = fill(Mixed(), entries), answer_alone(entries, QUICK)
    way.shared.names["facts"] = way.shared.names["mood"]
    assert not check_way(way, "lora", entries, reference, QUICK).equal


def test_bytes_on_the_disk_are_those_of_the_records_without_cards(make_entries, tmp_path):
    for kind in ("full", "lora"):
        entry = make_entries(kind, "classifier", "encoder")[0]
        saved = shutil.copytree(entry.saved, tmp_path / kind)
        recorded = folder_bytes(saved)
        for place in (saved, saved / ADAPTER_FOLDER):
            (place / CARD_FILE).write_text("a GPU\n")
        assert replace(entry, saved=saved).disk_bytes == recorded < folder_bytes(saved)
        assert entry.backbone_bytes == stored_bytes(entry.backbone) > 0


def test_a_check_that_cannot_fail_is_seen(make_entries):
    entries = make_entries("lora", "classifier", "encoder")
    twins = [replace(entries[1], name=name) for name in ("mood", "mood_again")]
    check = check_way(fill(Switched(), twins), "lora", twins, answer_alone(twins, QUICK), QUICK)
    assert check.equal and check.control_apart == 0


@pytest.mark.parametrize(
    ("logit", "difference", "equal"), [(0.3, 2e-3, True), (0.3, 1.2e-2, False), (4.0, 3.2e-2, True), (4.0, 0.1, False)]
)
def test_in_sixteen_bits_rounding_passes_and_dropout_does_not(logit, difference, equal, make_entries, monkeypatch):
    monkeypatch.setattr(checking, "compute_dtype", lambda precision: torch.bfloat16)
    entry = make_entries("lora", "classifier", "encoder")[0]
    wanted = torch.tensor([logit, 0.0, -0.1])
    answer = wanted + torch.tensor([0.0, difference, 0.0])
    way = SimpleNamespace(answer=lambda requests: [answer for _ in requests])
    row = compare_window(way, [(entry, 0)], {entry.name: entry.name}, {entry.name: [wanted]})[0]
    assert row.equal == equal


@pytest.mark.parametrize(("logit", "equal"), [(1e-4, True), (3e-3, False)])
def test_another_label_passes_only_where_the_task_alone_is_undecided(logit, equal, make_entries):
    """The tolerance is 1e-4 in float32: two logits 2e-4 apart may change places, farther ones may not."""
    entry = make_entries("lora", "classifier", "encoder")[0]
    entry.labels[0] = 0
    wanted = torch.tensor([logit, 0.0, -1.0])
    answer = torch.tensor([0.0, 1e-6, -1.0]) if equal else torch.tensor([0.0, logit, -1.0])
    way = SimpleNamespace(name="merged", answer=lambda requests: [answer for _ in requests])
    check = check_way(way, "lora", [entry], {entry.name: [wanted]}, QUICK)
    assert (check.same_labels, check.undecided_labels, check.equal) == (0, int(equal), equal)


def test_whole_models_answer_too_and_take_more(make_entries):
    whole, adapters = (make_entries(kind, "classifier", "encoder") for kind in ("full", "lora"))
    for group in make_groups(whole[0]):
        assert check_way(fill(group[0], whole), "full", whole, answer_alone(whole, QUICK), QUICK).equal
    shared = fill(Switched(), adapters)
    models = fill(Resident(), whole)
    assert distinct_bytes(models.modules()) > 1.5 * distinct_bytes(shared.modules())
    assert distinct_bytes([*models.modules(), *models.modules()]) == distinct_bytes(models.modules())


def test_rows_of_a_mixed_batch_know_only_their_own_labels(make_entries):
    entries = make_entries("lora", "classifier", "encoder")
    way = fill(Mixed(), entries)
    answers = way.answer([("mood", entries[1].examples[0]), ("nli", entries[0].examples[0])])
    assert torch.isneginf(answers[0]).tolist() == [False, False, True]
    assert torch.isfinite(answers[1]).all()


def test_a_bank_learns_each_row_with_its_own_head():
    bank = HeadBank({"two": torch.nn.Linear(4, 2), "three": torch.nn.Linear(4, 3)})
    bank.assign(["two", "three", "two"])
    loss = torch.nn.functional.cross_entropy(bank(torch.ones(3, 4)), torch.tensor([1, 2, 0]))
    loss.backward()
    assert loss.isfinite() and all(p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in bank.parameters())


def test_the_backbone_is_untouched_and_merging_is_undone(make_entries):
    entries = make_entries("lora", "classifier", "encoder")
    way = fill(Merged(), entries)
    for number in range(9):
        way.switch(entries[number % 3].name)
    assert way.shared.hash_backbone() != way.shared.untouched
    noted = way.finish()
    assert noted["merges"] == 9 and 0 < noted["drift"] < 1e-4 and noted["restored_exactly"]
    assert way.shared.hash_backbone() == way.shared.untouched


def test_sessions_and_streams_record_every_way_and_number(make_entries):
    rows, groups = [], []
    for kind in ("full", "lora"):
        entries = make_entries(kind, "classifier", "encoder")
        plan = Plan(kind, entries, QUICK, 1, answer_alone(entries, QUICK))
        for group in make_groups(entries[0]):
            session = Session(group, plan)
            rows += session.run()
            assert all(check.equal for check in session.checks)
        groups += [Group(kind, entries, group) for group in make_groups(entries[0])]
    time_streams(rows, groups, QUICK, 1)
    assert {(row.way, row.tasks) for row in rows} == {
        (way, count)
        for way in ("resident", "reloaded", "switched", "mixed", "merged", "swapped")
        for count in (1, 3, 5)
    }
    for row in rows:
        assert row.reason is None and row.rows_answered == 48 and row.rounds == 2
        assert 0 < row.rows_per_second_low <= row.rows_per_second <= row.rows_per_second_high
        assert row.trained == (row.tasks <= 3)
        assert row.switches == (4 if row.tasks > 1 and row.way != "mixed" else None)
        assert (row.switch_seconds_median is not None) == (row.switches is not None)
        assert row.switch_seconds_p99 is None
        kept = row.way not in ("reloaded", "swapped")
        assert row.switch_tasks == (None if row.switches is None else row.tasks if kept else 3)
        assert (row.add_task_seconds is not None) == (kept and row.tasks > 1)
    disk = {(row.way, row.tasks): row.disk_bytes for row in rows}
    assert disk[("resident", 5)] > disk[("resident", 3)] > disk[("resident", 1)] > 0
    assert disk[("switched", 5)] < disk[("resident", 5)]
    assert disk[("switched", 5)] == disk[("swapped", 5)]


def test_few_tasks_are_switched_as_often_as_many_and_the_disk_is_timed_once(make_entries, monkeypatch):
    entries = make_entries("full", "classifier", "encoder")
    asked = QUICK.model_copy(update={"task_counts": (1, 2, 5), "switches": 7, "seconds_per_measurement": 1e-9})
    loaded = []
    monkeypatch.setattr(Reloaded, "switch", lambda way, name: (loaded.append(name), Resident.switch(way, name)))
    monkeypatch.setattr(Reloaded, "run", lambda way, examples: torch.zeros(len(examples), 3))
    monkeypatch.setattr(Session, "look_closer", lambda *_: None)
    rows = Session([Reloaded()], Plan("full", entries, asked, 1, {})).run()
    assert [(row.tasks, row.switches, row.switch_tasks) for row in rows] == [
        (1, None, None),
        *((count, 7, 2) for count in (2, 3, 5)),
    ]
    assert len({row.switch_seconds_median for row in rows[1:]}) == 1
    assert len(loaded) == 8 + 2 * 4, "a first task and seven switches, and for each count a row and a batch"


def test_the_ways_take_turns_at_the_stream(make_entries):
    order = []

    class Slow(Switched):
        def answer(self, requests):
            order.append((self.label, len(requests)))
            return super().answer(requests)

    entries = make_entries("lora", "classifier", "encoder")
    groups = [Group("lora", entries, [Slow()]), Group("other", entries, [Slow()])]
    for group in groups:
        group.ways[0].label = group.method
    rows = [Served(way="switched", method=name, tasks=2, trained=True) for name in ("lora", "other")]
    asked = QUICK.model_copy(update={"requests": 8, "rounds": 3})
    time_streams(rows, groups, asked, 1)
    assert order == [("lora", 1), ("other", 1), *[("lora", 8), ("other", 8)] * 3]
    assert [row.rounds for row in rows] == [3, 3]
    time_streams(rows, groups, asked.model_copy(update={"seconds_per_measurement": 1e-9}), 1)
    assert [row.rounds for row in rows] == [2, 2], "slow ways take as many as show a range"


def test_a_way_that_memory_does_not_allow_beside_the_others_is_left_out(make_entries):
    class Full(Resident):
        def run(self, examples):
            raise torch.OutOfMemoryError("the GPU is full")

    entries = make_entries("full", "classifier", "encoder")
    rows = [Served(way=way, method="full", tasks=2, trained=True) for way in ("resident", "reloaded", "switched")]
    rows[2].reason = "refused"
    time_streams(rows, [Group("full", entries, [way]) for way in (Full(), Reloaded(), Switched())], QUICK, 1)
    assert [row.rows_per_second is None for row in rows] == [True, False, True]


def test_every_way_answers_once_before_anything_is_timed(make_entries, monkeypatch):
    asked = []
    answer = Way.answer
    monkeypatch.setattr(Way, "answer", lambda way, requests: (asked.append(way.name), answer(way, requests))[1])
    monkeypatch.setattr(Mixed, "answer", lambda way, requests: asked.append(way.name))
    for kind in ("full", "lora"):
        serving.warm_up(make_entries(kind, "classifier", "encoder")[0])
    assert asked == ["resident", "reloaded", "switched", "mixed", "merged", "swapped"]


def test_a_quantized_backbone_is_shared_and_merging_into_it_shows(backbone_folders, tiny_rows, tmp_path):
    shape = ("lora", "linear_head", "decoder")
    entries = [
        make_entry(name, *shape, backbone_folders["decoder"], tmp_path / name, tiny_rows[:24], seed, precision="nf4")
        for seed, name in enumerate(LABELS, start=1)
    ]
    session = Session([Switched(), Mixed(), Merged()], Plan("lora", entries, QUICK, 1, answer_alone(entries, QUICK)))
    assert all(row.reason is None for row in session.run())
    differences = {check.way: check.largest_difference for check in session.checks}
    assert differences["switched"] < 1e-3 and differences["mixed"] < 1e-3
    assert differences["merged"] > 10 * differences["mixed"], "4-bit weights are rounded anew"
    assert all(note.restored_exactly for note in session.notes)


def test_whole_models_beyond_the_limit_are_left_out_and_said_to_be(make_entries):
    entries = make_entries("full", "classifier", "encoder")
    small = QUICK.model_copy(update={"memory_limit_mb": 1, "task_counts": (1, 50)})
    rows = Session([Resident()], Plan("full", entries, small, 1, answer_alone(entries, small))).run()
    last = rows[-1]
    assert last.tasks == 50 and last.held_bytes is None and last.rows_per_second is None
    assert "50 full models would take" in last.reason and "limit of 1000000" in last.reason


def test_a_way_that_peft_refuses_says_why(make_entries):
    class Refused(Switched):
        def switch(self, name):
            self.shared.adapted.set_adapter("one that PEFT does not know")

    entries = make_entries("lora", "classifier", "encoder")
    session = Session([Refused()], Plan("lora", entries, QUICK, 1, answer_alone(entries, QUICK)))
    (reason,) = {row.reason for row in session.run()}
    assert "one that PEFT does not know" in reason and "not found" in reason


@pytest.mark.parametrize("mistake", [TypeError, RuntimeError, KeyError])
def test_a_mistake_in_the_code_fails_the_job(make_entries, monkeypatch, mistake):
    """Wherever it is made: in a way, in a head that PEFT's model calls, while tasks are added, in the mixed stream."""

    names = {"__name__": "fineprint.serving.made_up", "mistake": mistake}
    exec("def fail(*_): raise mistake('a mistake of ours')", names)
    entries = make_entries("lora", "classifier", "encoder")[:1]
    plan = Plan("lora", entries, QUICK, 1, answer_alone(entries, QUICK))
    rows = Session([Switched()], plan).run()[:1]
    for owner, name in ((Switched, "switch"), (Switched, "run"), (HeadBank, "forward"), (Switched, "add")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, names["fail"])
            with pytest.raises(mistake, match="a mistake of ours"):
                Session([Switched()], plan).run()
            with pytest.raises(mistake, match="a mistake of ours"):
                time_streams(rows, [Group("lora", entries, [Switched()])], QUICK, 1)


def test_a_row_that_peft_s_layers_cannot_answer_is_refused(make_entries):
    """A layer that was never told of `adapter_names` answers with a TypeError, from below PEFT."""
    entry = make_entries("lora", "classifier", "encoder")[0]
    switched = Switched()
    switched.add(entry)
    switched.switch(entry.name)
    layer = next(layer for _, layer in switched.shared.layers())
    with pytest.raises(TypeError) as below:
        layer(torch.zeros(1, layer.in_features), of_no_layer=1)
    assert is_refusal(below.value)
    with pytest.raises(TypeError) as own:
        switched.answer()
    assert not is_refusal(own.value)


def test_memory_that_ran_out_is_a_refusal_with_or_without_a_gpu():
    for full in (
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError(),
        SettingsError("it does not fit"),
    ):
        assert is_refusal(full)
    assert not is_refusal(RuntimeError("shape mismatch")) and not is_refusal(ValueError("no"))


def test_peft_alone_cannot_mix_these_heads(make_entries):
    found = probe_peft(make_entries("lora", "classifier", "encoder"), "lora")
    assert [row.labels for row in found] == [[3, 2], [2, 2]]
    assert "size mismatch" in found[0].error and "Linear" in found[1].error


def test_one_adapter_learns_all_tasks_and_leaves_the_backbone(lora, tiny_rows):
    assembled = assemble_joint(lora, seed=1)
    readout = assembled.readout
    examples = [
        readout.encode_for(entry.task, Row(row.id, row.texts, row.label % len(LABELS[entry.task]), row.group))
        for entry in lora
        for row in tiny_rows[:24]
    ]
    before = {name: p.detach().clone() for name, p in assembled.module.named_parameters() if not p.requires_grad}
    heads = {name: p.detach().clone() for name, p in find_bank(assembled.module).named_parameters()}
    outcome = train(assembled, examples, examples[::3], seed=1, name="joint")
    assert outcome.epochs[-1].training_loss < outcome.epochs[0].training_loss
    now = dict(assembled.module.named_parameters())
    assert before and all(torch.equal(tensor, now[name]) for name, tensor in before.items())
    moved = dict(find_bank(assembled.module).named_parameters())
    assert all(not torch.equal(tensor, moved[name]) for name, tensor in heads.items()), "every head is trained"
    find_bank(assembled.module).assign("mood")
    assert len(hit_rows(readout.first, assembled.module.eval(), lora[1])) == 24


def test_an_adapter_beside_another_forgets_nothing(make_entries, tmp_path):
    first, second, _ = make_entries("lora", "classifier", "encoder")
    record = ForgettingRecord(settings={}, first="nli", second="mood", split="test")
    learn_beside(record, "lora", first, second, tmp_path, 1)
    assert record.scores[0].difference == 0 and record.scores[0].after.accuracy == 1
    assert record.backbone[0].unchanged


def test_what_is_learned_further_does_not_depend_on_test_examples(make_entries, tiny_rows, tmp_path):
    """Its epoch is chosen on held-out examples: other test labels leave the very same weights."""
    for split in ("train", "held_out"):
        write_rows(tmp_path / f"{split}.jsonl", [replace(row, label=row.label % 2) for row in tiny_rows[:24]])
    weights = []
    for shift in (0, 1):
        first, second, _ = (
            replace(entry, rows=[replace(row, label=(row.label + shift) % 2) for row in entry.rows])
            for entry in make_entries("full", "classifier", "encoder")
        )
        record = ForgettingRecord(settings={}, first="nli", second="mood", split="test")
        learn_on(record, "full", first, second, tmp_path, 1)
        weights.append((record.backbone[0].after, record.training[0].second.correct))
    assert weights[0][0] == weights[1][0] and weights[0][1] != weights[1][1]


def test_a_whole_model_trained_on_may_forget(make_entries, tiny_rows, tmp_path):
    first, second, _ = make_entries("full", "classifier", "encoder")
    for split in ("train", "held_out"):
        write_rows(tmp_path / f"{split}.jsonl", second.rows)
    record = ForgettingRecord(settings={}, first="nli", second="mood", split="test")
    learn_on(record, "full", first, second, tmp_path, 1)
    assert record.scores[0].before.accuracy == 1
    assert record.scores[0].difference == pytest.approx(record.scores[0].after.accuracy - 1)
    assert record.scores[0].difference < 0
    assert not record.backbone[0].unchanged
    assert record.training[0].second.rows == 24


def test_a_full_memory_ends_a_session_with_its_reason(make_entries):
    class Full(Resident):
        def add(self, entry):
            if len(self.entries) == 3:
                raise torch.OutOfMemoryError("the GPU is full")
            super().add(entry)

    entries = make_entries("full", "classifier", "encoder")
    rows = Session([Full()], Plan("full", entries, QUICK, 1, answer_alone(entries, QUICK))).run()
    assert [(row.tasks, row.reason) for row in rows] == [(1, None), (3, None), (5, "the GPU is full")]


def test_copies_and_requests_are_drawn_alike_each_time(make_entries):
    entries = copy_entries(make_entries("lora", "classifier", "encoder"), 7)
    assert [entry.name for entry in entries] == ["nli", "mood", "facts", "copy003", "copy004", "copy005", "copy006"]
    assert entries[3].task == "nli"
    requests = draw_requests(entries, 200, 1)
    assert requests == draw_requests(entries, 200, 1) and {name for name, _ in requests} == {e.name for e in entries}


def test_times_are_cut_off_and_percentiles_need_samples():
    assert len(time_calls([lambda: sum(range(1000))] * 50, limit=0.0)) == 1
    assert percentile([1.0] * 99, 0.99) is None
    assert percentile([float(n) for n in range(101)], 0.99) == 99.0
    assert compare_hits([True], None)["difference"] is None


def test_the_demo_asks_for_full_and_lora():
    study = read_study(DEMO)
    assert study.serving.methods == {"full": "roberta_full", "lora": "roberta_lora"}
    assert used_tasks(study) == ["nli", "sentiment", "question_answering"]
    assert len(study.serving.pairs()) == 6
    assert list_records(study.serving, study.methods) == ["ways", "combining", "forgetting"]
    check_sources(study)


def test_the_decoder_can_be_asked_for_and_needs_a_head():
    study = read_study(changed(serving__backbone="decoder", serving__adapters=["lora"]))
    assert study.serving.methods == {"lora": "llama_qlora_head"}
    assert list_records(study.serving, study.methods) == ["ways", "combining"]


def test_a_study_without_the_part_is_accepted():
    study = read_study(changed(serving=None))
    assert study.serving is None and used_tasks(study) == ["nli"]
    assert used_methods(study) == list(study.run.methods)


@pytest.mark.parametrize("paths", [{"serving__backbone": "decoder"}, {"run__methods": ["roberta_full"]}])
def test_a_study_without_fitting_methods_leaves_the_part_out(paths):
    assert read_study(changed(**paths)).serving is None


def test_a_method_outside_the_run_may_stand_for_an_adapter():
    methods = {"run__methods": ["roberta_full"], "serving__methods": {"lora": "roberta_lora"}}
    assert used_methods(read_study(changed(**methods))) == ["roberta_full", "roberta_lora"]


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ({"serving__tasks": ["nli", "moods"]}, ["'moods' is not defined under tasks", "nli"]),
        ({"serving__tasks": ["nli", "nli"]}, ["serving.tasks: a name appears twice"]),
        ({"serving__tasks": ["nli"]}, ["serving.tasks", "at least 2"]),
        ({"serving__backbone": "big"}, ["'big' is not defined under backbones"]),
        ({"serving__adapters": ["p_tuning"]}, ["roberta_p_tuning", "neither saves a full model nor"]),
        ({"serving__methods": {"ia3": "roberta_lora"}}, ["'ia3' is not among the adapters asked for"]),
        ({"serving__methods": {"lora": "llama_qlora_head"}}, ["'llama_qlora_head' cannot stand for 'lora'"]),
        (
            {"methods__roberta_full__training__shard_weights": True, "hardware__gpus_per_run": 2},
            ["'roberta_full' cannot stand for 'full'", "sharded over 2 GPUs (training.shard_weights)", "on one"],
        ),
        (
            {"serving__methods": {"lora": "roberta_lora"}, "run__methods": ["llama_zero_shot"]},
            [
                "serving.methods: methods are named",
                "no method of the run has adapter 'full' on backbone 'encoder'",
                "null",
            ],
        ),
        (
            {"serving__methods": {"lora": "roberta_lora"}, "serving__tasks": ["sentiment", "question_answering"]},
            ["serving.methods: methods are named", "run.tasks has none of its tasks, sentiment, question_answering"],
        ),
        ({"serving__count": [1]}, ["serving.count: this key is unknown", "task_counts"]),
        ({"serving__counts": [1]}, ["serving.counts: this key is now called task_counts."]),
        ({"serving__serving": {"counts": [1]}}, ["serving.serving: its keys now stand one level up"]),
        ({"multitask": None}, ["multitask: this key is now called serving."]),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(paths, words):
    with pytest.raises(SettingsError) as error:
        read_study(changed(**paths))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_study_at_real_size_is_another_and_serves_nothing_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"serving.real_size: results/demo/results.json is this study's own"):
        read_study(changed(serving__real_size="results/demo/results.json"))
    assert describe_serving(read_study(DEMO)) == describe_serving(read_study(changed(serving__real_size=None)))
    assert collect_real_size("other.json") == RealSize(file="other.json", results=None)
    write_json(tmp_path / "other.json", {"study": {}, "serving": None})
    with pytest.raises(SettingsError, match=r"other.json is not the results.json of a study that serves several tasks"):
        collect_real_size("other.json")
    other = make_serving_results()
    other["serving"]["real_size"] = {"file": "a third one", "results": None}
    write_json(tmp_path / "other.json", other)
    assert collect_real_size("other.json").results.serving.real_size is None


def test_weights_that_are_spread_over_nothing_can_be_served():
    assert read_study(changed(methods__roberta_full__training__shard_weights=True)).serving is not None


def test_several_methods_of_one_kind_need_a_choice():
    twice = changed()
    twice["methods"]["roberta_lora_4"] = twice["methods"]["roberta_lora"]
    twice["run"]["methods"].append("roberta_lora_4")
    with pytest.raises(SettingsError, match=r"roberta_lora, roberta_lora_4 all have .*methods: \{lora: roberta_lora\}"):
        read_study(twice)
    twice["serving"]["methods"] = {"lora": "roberta_lora_4"}
    assert read_study(twice).serving.methods["lora"] == "roberta_lora_4"


def test_a_method_that_sees_some_texts_stands_for_no_adapter():
    """roberta_hypothesis is fully fine-tuned, too, and no other task has a hypothesis."""
    assert read_study(DEMO).serving.methods["full"] == "roberta_full"
    with pytest.raises(SettingsError, match=r"'roberta_hypothesis' cannot stand for 'full': it needs .*no `fields`"):
        read_study(changed(serving__methods={"full": "roberta_hypothesis"}))


def test_what_one_group_of_ways_holds_is_gone_when_the_next_is_measured(monkeypatch):
    seen, alive = [], []

    class Held:
        shares_backbone, name = False, "held"

    class Measured:
        checks, notes = (), ()

        def __init__(self, ways, plan):
            gc.collect()
            alive.append([way() is not None for way in seen])
            seen.extend(weakref.ref(way) for way in ways)

        def run(self):
            return []

    for name, value in (
        ("make_groups", lambda entry: [[Held()], [Held(), Held()], [Held()]]),
        *(("Session", Measured), ("answer_alone", lambda *_: None), ("probe_peft", lambda *_: [])),
    ):
        monkeypatch.setattr(serving, name, value)
    record = ServingRecord(settings={})
    gpu = SimpleNamespace(labels=("a", "b"))
    entry = SimpleNamespace(
        task="t",
        disk_bytes=1,
        readout=SimpleNamespace(context=SimpleNamespace(task=gpu)),
        method=SimpleNamespace(adapter=SimpleNamespace(can_mix=False)),
    )
    serving.serve_method(record, "m", [entry], QUICK, 1)
    assert alive == [[], [False], [False, False, False]]

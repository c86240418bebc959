"""`measure_forgetting`: what the first task loses when the second is learned on the same weights.

A full model is trained on with a new head, then the first task's head is put back. An adapter leaves the backbone as
it was; that this is so is checked, not assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from fineprint.core.records import BackboneHashes, ForgettingRecord, Forgotten, Phase, SecondTask, read_json
from fineprint.inference.assembly import Assembled
from fineprint.jobs.environment import describe_environment
from fineprint.measuring.phases import measure_phase
from fineprint.serving.clock import clear_memory
from fineprint.serving.entries import Entry, first_test_split, read_entry
from fineprint.serving.evaluating import compare_hits, correct_for_number, hit_rows, own_hits, score_hits
from fineprint.serving.heads import find_head, put_head
from fineprint.serving.joint import make_head
from fineprint.serving.serving import read_settings
from fineprint.serving.shared import SharedBackbone, hash_tensors
from fineprint.serving.ways import load_whole
from fineprint.tasks._rows import HELD_OUT, TRAIN, read_rows
from fineprint.training.loop import train


def measure_study(settings_file: Path, study: Path) -> ForgettingRecord:
    """Measure forgetting with every method of the part, by what its adapter can."""
    wanted = read_json(settings_file)
    settings, seed = read_settings(wanted), wanted["seed"]
    first, second = settings.tasks[:2]
    split = first_test_split(study / "data" / first)[0]
    record = ForgettingRecord(settings=wanted, first=first, second=second, split=split)
    for method in settings.methods.values():
        pair = [read_entry(study, task, method, seed, settings.backbone) for task in (first, second)]
        learn = learn_on if pair[0].method.adapter.saves_whole_model else learn_beside
        learn(record, method, *pair, study / "data" / second / "rows", seed)
        clear_memory()
    record.scores = correct_for_number(record.scores)
    record.environment = describe_environment()
    return record


def note_scores(record: ForgettingRecord, method: str, first: Entry, after: list[bool]) -> None:
    """Note the first task's accuracy before and after, and the paired difference."""
    before = own_hits(first)
    difference = compare_hits(after, before)
    record.scores.append(Forgotten(method=method, before=score_hits(before), after=score_hits(after), **difference))


def note_hashes(record: ForgettingRecord, method: str, before: str, after: str) -> None:
    """Note whether the backbone's tensors are the same, bit by bit."""
    record.backbone.append(BackboneHashes(method=method, before=before, after=after))


def learn_on(record: ForgettingRecord, method: str, first: Entry, second: Entry, rows: Path, seed: int) -> None:
    """Train the first task's full model on the second task, then put the first task's head back."""
    phases: dict[str, Phase] = {}
    names = first.readout.head_names(load := load_whole(first))
    before = hash_tensors(load, names)
    module = prepare(load, first)
    place = find_head(module, names)
    torch.manual_seed(seed)  # of the new head
    old = put_head(module, place, make_head(second))
    examples = [
        [second.readout.encode(row, with_answer=True) for row in read_rows(rows / f"{split}.jsonl")]
        for split in (TRAIN, HELD_OUT)
    ]
    with measure_phase(phases, "training"):
        train(
            Assembled(second.method, second.readout, module), *examples, seed, f"{first.task} → {second.task} {method}"
        )
    module.eval()
    learned = score_hits(hit_rows(second.readout, module, second))
    record.training.append(SecondTask(method=method, task=second.task, phases=phases, second=learned))
    # The first task's head as it was, on a backbone that has learned the second: what is measured is the backbone's
    # forgetting.
    put_head(module, place, old)
    note_scores(record, method, first, hit_rows(first.readout, module, first))
    note_hashes(record, method, before, hash_tensors(module, names))


def prepare(module: Any, entry: Entry) -> Any:
    """Make a loaded model trainable again as its adapter does."""
    entry.method.adapter.apply(entry.readout.adapted_model(module), entry.method.readout.peft_task)
    return module.requires_grad_(True)


def learn_beside(record: ForgettingRecord, method: str, first: Entry, second: Entry, rows: Path, seed: int) -> None:
    """Put the second task's adapter beside the first's, let it answer its test rows, then ask the first again."""
    shared = SharedBackbone(first)
    shared.remember()
    shared.add(second)
    shared.activate(second.name)
    hit_rows(shared.readout, shared.module, second)
    shared.activate(first.name)
    note_scores(record, method, first, hit_rows(shared.readout, shared.module, first))
    note_hashes(record, method, shared.untouched, shared.hash_backbone())

"""`combine_tasks`: can adapters of several tasks be one? Averaged, concatenated, or trained on all tasks together."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

from fineprint.core.records import Combined, CombiningRecord, JointTraining, Phase, as_mapping, folder_bytes, read_json
from fineprint.inference.assembly import save_trained
from fineprint.jobs.environment import describe_environment
from fineprint.measuring.phases import measure_phase
from fineprint.models.parameters import count_parameters
from fineprint.serving.clock import clear_memory
from fineprint.serving.entries import Entry, first_test_split, read_entry
from fineprint.serving.evaluating import compare_hits, correct_for_number, hit_rows, own_hits, score_hits
from fineprint.serving.heads import find_bank
from fineprint.serving.joint import JointReadout, assemble_joint
from fineprint.serving.serving import read_settings
from fineprint.serving.shared import SharedBackbone, hash_tensors
from fineprint.tasks._rows import HELD_OUT, TRAIN, read_rows
from fineprint.training.loop import train
from fineprint.training.optimizing import make_accelerator
from fineprint.training.preparation import store_frozen

# PEFT's `combination_type` for each way, and the weight of each adapter. "linear" weighs A and B each by the square
# root, a rough mean; "cat" puts the matrices side by side, exactly the sum of the updates.
COMBINATIONS = {"average": ("linear", 0.5), "concatenation": ("cat", 1.0)}


def combine_study(settings_file: Path, study: Path) -> CombiningRecord:
    """Combine the adapters of every method whose weights can be merged."""
    wanted = read_json(settings_file)
    settings, seed = read_settings(wanted), wanted["seed"]
    record = CombiningRecord(settings=wanted)
    for method in settings.methods.values():
        entries = [read_entry(study, task, method, seed, settings.backbone) for task in settings.tasks]
        if entries[0].method.adapter.can_mix:
            splits = {task: first_test_split(study / "data" / task)[0] for task in settings.tasks}
            combine_method(record, method, entries, splits)
            train_together(record, method, entries, splits, study, seed)
    record.scores = correct_for_number(record.scores)
    record.environment = describe_environment()
    return record


def score_row(way: str, method: str, of: list[str], entry: Entry, split: str, hits: list[bool]) -> Combined:
    """Return one score, with the paired difference to the task's own adapter."""
    named = {"way": way, "method": method, "of": of, "task": entry.task, "split": split}
    base = None if way == "separate" else own_hits(entry)
    return Combined(**named, **as_mapping(score_hits(hits)), **compare_hits(hits, base))


def combine_method(record: CombiningRecord, method: str, entries: list[Entry], splits: dict[str, str]) -> None:
    """Score the tasks' own adapters, and every two of them averaged and concatenated, each with the task's own head."""
    for entry in entries:
        record.scores.append(score_row("separate", method, [entry.task], entry, splits[entry.task], own_hits(entry)))
    shared = SharedBackbone(entries[0], spared="everything")
    for entry in entries[1:]:
        shared.add(entry)
    for (way, (kind, weight)), pair in itertools.product(COMBINATIONS.items(), itertools.combinations(entries, 2)):
        names = [entry.task for entry in pair]
        combined = f"{way}{'x'.join(shared.names[name] for name in names)}"
        shared.adapted.base_model.add_weighted_adapter(
            [shared.names[name] for name in names], [weight] * len(pair), combined, combination_type=kind
        )
        shared.adapted.eval()  # its dropout is ready for training
        for entry in pair:
            shared.adapted.set_adapter(combined, inference_mode=True)
            shared.bank.assign(entry.name)
            hits = hit_rows(shared.readout, shared.module, entry)
            record.scores.append(score_row(way, method, names, entry, splits[entry.task], hits))
        shared.adapted.set_adapter(shared.names[names[0]], inference_mode=True)  # PEFT warns of deleting the active
        shared.adapted.delete_adapter(combined)
    del shared
    clear_memory()


def train_together(
    record: CombiningRecord, method: str, entries: list[Entry], splits: dict[str, str], study: Path, seed: int
) -> None:
    """Train one adapter with a head per task on the rows of all tasks, and score it on each task."""
    phases: dict[str, Phase] = {}
    assembled = assemble_joint(entries, seed)
    readout = assembled.readout
    assert isinstance(readout, JointReadout)
    model = readout.adapted_model(assembled.module)
    heads = readout.head_names(assembled.module)
    settings = entries[0].method.training
    assert settings is not None
    store_frozen(assembled.module, make_accelerator(settings))  # as training would: the hashes are of what is frozen
    before = hash_frozen(model, heads)
    parts = {split: read_features(readout, entries, study, split) for split in (TRAIN, HELD_OUT)}
    parameters = count_parameters(assembled.module, heads)
    with measure_phase(phases, "training"):
        outcome = train(assembled, parts[TRAIN], parts[HELD_OUT], seed, f"{' + '.join(readout.order)} {method}")
    assembled.module.eval()
    names = [entry.task for entry in entries]
    for entry in entries:
        find_bank(assembled.module).assign(entry.task)
        hits = hit_rows(readout.first, assembled.module, entry)
        record.scores.append(score_row("pooled", method, names, entry, splits[entry.task], hits))
    record.training.append(
        JointTraining(
            method=method,
            rows=len(parts[TRAIN]),
            best_epoch=outcome.best_epoch,
            epochs=outcome.epochs,
            backbone_before=before,
            backbone_after=hash_frozen(model, heads),
            parameters=parameters,
            phases=phases,
            checkpoint_bytes=size_of(assembled),
        )
    )


def read_features(readout: JointReadout, entries: list[Entry], study: Path, split: str) -> list[Any]:
    """Return the encoded rows of one split of all tasks."""
    return [
        readout.encode_for(entry.task, row)
        for entry in entries
        for row in read_rows(study / "data" / entry.task / "rows" / f"{split}.jsonl")
    ]


def hash_frozen(model: Any, heads: tuple[str, ...]) -> str:
    """Return the hash of a PEFT model's backbone, without adapter and heads."""
    return hash_tensors(model.get_base_model(), (*heads, *model.peft_config))


def size_of(assembled: Any) -> int:
    """Return the bytes that saving takes on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        save_trained(assembled, Path(folder))
        return folder_bytes(Path(folder))

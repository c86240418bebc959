"""`serve_tasks`: every way to serve the study's tasks on one backbone, measured on one machine in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fineprint.core.progress import logger
from fineprint.core.records import ServedHashes, ServedTask, ServingRecord, read_json
from fineprint.jobs.environment import describe_environment
from fineprint.measuring.phases import measure_phase
from fineprint.serving.checking import answer_alone, probe_peft
from fineprint.serving.clock import clear_memory, settle
from fineprint.serving.entries import Entry, read_entry
from fineprint.serving.latency import time_batches
from fineprint.serving.session import Plan, Session, add_tasks
from fineprint.serving.streams import Group, time_streams
from fineprint.serving.ways import Merged, Mixed, Reloaded, Resident, Swapped, Switched, Way
from fineprint.study.serving_schema import ServingSettings


def serve_study(settings_file: Path, study: Path) -> ServingRecord:
    """Measure serving for every method of the part.

    Args:
        settings_file: what `describe_serving` says.
        study: the study's results folder.
    """
    wanted = read_json(settings_file)
    settings = read_settings(wanted)
    record = ServingRecord(settings=wanted)
    settle()
    with measure_phase(record.phases, "serving"):
        trained = {
            method: [read_entry(study, task, method, wanted["seed"], settings.backbone) for task in settings.tasks]
            for method in settings.methods.values()
        }
        for entries in trained.values():
            warm_up(entries[0])
        for method, entries in trained.items():
            serve_method(record, method, entries, settings, wanted["seed"])
        groups = [
            Group(method, entries, ways) for method, entries in trained.items() for ways in make_groups(entries[0])
        ]
        time_streams(record.rows, groups, settings, wanted["seed"])
        del groups
        clear_memory()
        first = {method: entries[0] for method, entries in trained.items()}
        record.latency = time_batches(first, settings)
    record.environment = describe_environment()
    return record


def read_settings(wanted: dict[str, Any]) -> ServingSettings:
    """Return the settings of this part as a job's settings file holds them."""
    return ServingSettings.model_validate(
        {key: value for key, value in wanted.items() if key in ServingSettings.model_fields}
    )


def warm_up(entry: Entry) -> None:
    """Answer a row in every way, uncounted: what the libraries do on first use is no part of any way's start."""
    for ways in make_groups(entry):
        for _ in add_tasks(ways, [entry]):
            pass
        for way in ways:
            way.answer([(entry.name, entry.examples[0])])
            way.finish()
    clear_memory()


def serve_method(
    record: ServingRecord, method: str, entries: list[Entry], settings: ServingSettings, seed: int
) -> None:
    """Add one method's measurements to the record."""
    for entry in entries:
        known = ServedTask(labels=list(entry.readout.context.task.labels), bytes={})
        record.tasks.setdefault(entry.task, known).bytes[method] = entry.disk_bytes
    plan = Plan(method, entries, settings, seed, answer_alone(entries, settings))
    if entries[0].method.adapter.can_mix:
        record.peft_alone += probe_peft(entries, method)
    groups = make_groups(entries[0])
    while groups:
        ways = groups.pop(0)
        logger.info("%s · %s", method, ", ".join(way.name for way in ways))
        session = Session(ways, plan)
        record.rows += session.run()
        record.checks += session.checks
        record.merging += session.notes
        record.backbone += [hash_shared(way, method) for way in ways[:1] if way.shares_backbone]
        del session, ways  # what one group held in memory is none of the next one's
        clear_memory()


def make_groups(entry: Entry) -> list[list[Way]]:
    """Return the ways that an adapter's abilities allow; those of one group share what is in memory."""
    groups: list[list[Way]] = []
    if entry.method.adapter.saves_whole_model:
        groups += [[Resident()], [Reloaded()]]
    if entry.method.adapter.can_mix:
        groups += [[Switched(), Mixed()], [Merged()], [Swapped()]]
    return groups


def hash_shared(way: Way, method: str) -> ServedHashes:
    """Return the hash of a shared backbone, as it is stored in memory, after the first answer and after all serving."""
    shared = way.shared  # type: ignore[attr-defined]
    return ServedHashes(way=way.name, method=method, before=shared.untouched, after=shared.hash_backbone())

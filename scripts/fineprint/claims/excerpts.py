"""What claims need of a study, taken out of its results."""

from __future__ import annotations

from fineprint.core.records import (
    Environment,
    Excerpt,
    PredictRecord,
    QuotedBackbone,
    QuotedRun,
    Run,
    TrainRecord,
)
from fineprint.results.study import Study


def quote_study(study: Study, task: str) -> Excerpt:
    """Return what claims need of a study on one task."""
    made = {method: study.runs_of(task, method) for method in study.methods}
    used = dict.fromkeys(study.settings(method)["backbone"] for method in study.methods)
    provenance = study.results.provenance
    return Excerpt(
        study=study.config["study"],
        created=provenance.created,
        commit=provenance.commit,
        methods={method: {**study.settings(method), "title": study.title(method)} for method in study.methods},
        backbones={name: quote_backbone(study, name) for name in used if name in study.results.backbones},
        runs=[quote_run(run) for runs in made.values() for run in runs],
        not_run={method: explain_absence(study, task, method) for method, runs in made.items() if not runs},
    )


def explain_absence(study: Study, task: str, method: str) -> str:
    """Return why no run of a method was made, as the end of a sentence; nothing where no record says."""
    run = study.run(task, method)
    return ((run and run.reason) or "").rstrip(".")


def quote_backbone(study: Study, name: str) -> QuotedBackbone:
    """Return what claims need of a model."""
    record, kind = study.results.backbones[name], study.backbone_kind(name)
    return QuotedBackbone(
        settings=study.config["backbones"].get(name, record.settings),
        model_type=record.model_type,
        parameters=record.parameters,
        bytes=record.bytes,
        origin=kind.origin,
        pretrained=kind.pretrained,
    )


def quote_run(run: Run) -> QuotedRun:
    """Return what claims need of a run."""
    train, predict = run.trained, run.predict
    training, prediction = run.peak_memory("training"), run.peak_memory("prediction")
    environment = train.environment if train else None
    return QuotedRun(
        method=run.method,
        seed=run.seed,
        trained=train is not None,
        parameters=run.parameters,
        checkpoint_bytes=train and train.checkpoint_bytes,
        micro_batch=train and train.micro_batch,
        gradient_checkpointing=train and train.gradient_checkpointing,
        epoch_seconds=[epoch.seconds for epoch in train.epochs] if train else [],
        training_peak_bytes=training.bytes,
        prediction_peak_bytes=prediction.bytes,
        peak_kind=prediction.kind if training.bytes is None else training.kind,
        unpacked_bytes=predict and predict.unpacked_bytes,
        processor=environment and environment.processor,
        gpu=name_gpu([record for record in (train, predict) if record is not None and record.phases]),
    )


def name_gpu(records: list[TrainRecord | PredictRecord]) -> str | None:
    """Return the GPU that every job of a run that measured anything reported, or None where one reported none."""
    environments: list[Environment | None] = [record.environment for record in records]
    gpus = [environment.gpu for environment in environments if environment is not None and environment.gpu]
    return gpus[0].name if gpus and len(gpus) == len(environments) else None

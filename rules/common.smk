"""
The study as read and checked, the container of all rules, and every function that they use. No rules here.
"""

import functools
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, f"{workflow.basedir}/scripts")

from fineprint.core.packing import pack
from fineprint.core.records import write_json
from fineprint.core.settings import SettingsError
from fineprint.jobs.code_state import find_changed_rules, write_warning
from fineprint.jobs.recovery import note_run, release_dead_lock
from fineprint.planning.gpu import USUAL_GPUS_GB, present_gpu_gb, read_gpu_size
from fineprint.planning.refusing import check_study
from fineprint.study.admission import check_models
from fineprint.study.fetching import check_sources, list_hub_sources
from fineprint.study.inheriting import leave_behind, read_base, refuse_repeated_keys
from fineprint.study.kinds import describe_kinds
from fineprint.study.reading import describe_run, read_study
from fineprint.study.serving import (
    describe_serving,
    list_records,
    used_methods,
    used_tasks,
)
from snakemake.exceptions import WorkflowError
from snakemake.io import strip_wildcard_constraints

# A profile whose scheduler counts the GPUs says so by this scope. profiles/default's one GPU is this machine's; left in
# force, Snakemake would cut what a job asks for to it, and a training on several GPUs would get one.
if workflow.resource_scopes.is_local("gpu"):
    workflow.global_resources["gpu"] = None

# Snakemake may be started in another folder (`-s`, `--directory`): results go there, the program stays where it is.
HERE = Path(workflow.basedir).resolve() == Path.cwd().resolve()
PROJECT = "" if HERE else f"{workflow.basedir}/"


def read_compared():
    """The results folders of two finished studies, which `snakemake compare` is given by `--config first=… second=…`."""
    given = {
        key: str(config.pop(key)).rstrip("/")
        for key in ("first", "second")
        if key in config
    }
    if len(given) == 1:
        raise WorkflowError(WHAT_TO_COMPARE)
    for key, folder in given.items():
        if not Path(folder, "results.json").is_file():
            raise WorkflowError(
                f"{key}={folder} has no results.json; name the results folder of a finished study."
            )
    return given


WHAT_TO_COMPARE = (
    "compare: name the results folders of two finished studies, such as "
    "--config first=results/a second=results/b."
)
COMPARED = read_compared()

try:
    GPU_GB = read_gpu_size(config.pop("gpu", None))
    if workflow.is_main_process:
        refuse_repeated_keys(map(Path, workflow.configfiles))
        if found := release_dead_lock():
            print(found, file=sys.stderr)
    GIVEN = workflow.config_settings.overwrite_config
    BASE = read_base(Path(workflow.basedir, "config.yaml"))
    STUDY = read_study(leave_behind(config, GIVEN, BASE), GIVEN)
    check_sources(STUDY)
    if workflow.is_main_process:
        check_models(STUDY, Path("results", STUDY.study))
    GPU_GB = GPU_GB or STUDY.hardware.gpu_memory_gb
    # Jobs read this file as well: only the first process need ask the driver.
    if workflow.is_main_process:
        GPU_GB = GPU_GB or present_gpu_gb()
except SettingsError as error:
    raise WorkflowError(str(error)) from None


# Used with `--sdm apptainer` alone; envs/container.def says how it is built.
container: "envs/fineprint.sif"


def list_documents(wildcards):
    """The documents and the table that a reader opens."""
    return [
        f"results/{STUDY.study}/{name}"
        for name in ("report.html", "report.pdf", "results.csv")
    ]


def list_documents_so_far(wildcards):
    """The documents on what there is, where something failed or is still to come."""
    return [f"results/{STUDY.study}/so_far/report.{form}" for form in ("html", "pdf")]


def list_tasks(wildcards):
    """The record of every task that is run."""
    return [
        f"results/{STUDY.study}/data/{task}/task.json" for task in used_tasks(STUDY)
    ]


def list_backbones(wildcards):
    """The record of every backbone that a method in the run uses."""
    used = sorted({STUDY.methods[method].backbone for method in used_methods(STUDY)})
    return [f"results/{STUDY.study}/backbones/{name}/backbone.json" for name in used]


def list_runs(record):
    """One record of every run: of the comparison of methods, and of many tasks on one backbone."""
    runs = [
        (task, method, seed)
        for task in STUDY.run.tasks
        for method in STUDY.run.methods
        for seed in STUDY.run.seeds
    ]
    if STUDY.serving:
        runs += [(*pair, STUDY.run.seeds[0]) for pair in STUDY.serving.pairs()]
    return [
        f"results/{STUDY.study}/runs/{task}/{method}/{seed}/{record}.json"
        for task, method, seed in dict.fromkeys(runs)
    ]


def list_serving_runs(wildcards):
    """What serving several tasks reads: models and predictions of its runs, rows and backbone."""
    asked, folder = STUDY.serving, f"results/{STUDY.study}"
    runs = [
        f"{folder}/runs/{task}/{method}/{STUDY.run.seeds[0]}/{part}"
        for task, method in asked.pairs()
        for part in ("run_config.json", "model", "train.json", "predictions")
    ]
    data = [
        f"{folder}/data/{task}/{part}"
        for task in asked.tasks
        for part in ("task.json", "rows")
    ]
    return [*runs, *data, f"{folder}/backbones/{asked.backbone}/model"]


def list_serving(wildcards):
    """The records of many tasks on one backbone, and the results at real size where another study left them."""
    asked = STUDY.serving
    if asked is None:
        return []
    records = list_records(asked, STUDY.methods)
    beside = [file for file in [asked.real_size] if file and Path(file).exists()]
    return [f"results/{STUDY.study}/serving/{name}.json" for name in records] + beside


def serving_settings(wildcards):
    """What serving and combining depend on, as JSON."""
    return json.dumps(describe_serving(STUDY))


def list_models(wildcards):
    """The training record of every run."""
    return list_runs("train")


def list_predictions(wildcards):
    """The prediction record of every run."""
    return list_runs("predict")


def list_scores(wildcards):
    """The scores of every run."""
    return list_runs("scores")


def task_settings(wildcards):
    """What preparing a task depends on, as JSON."""
    settings = STUDY.tasks[wildcards.task].model_dump(mode="json")
    return json.dumps(
        {"name": wildcards.task, "seed": STUDY.data_seed, "settings": settings}
    )


def task_sources(wildcards):
    """What a task is made from: the user's own files, or the record of what was fetched; none for generated rows."""
    own = [str(file) for file in STUDY.tasks[wildcards.task].source_files()]
    return own or list_fetched_of(f"tasks/{wildcards.task}")


def backbone_sources(wildcards):
    """The files of the user's own model folder, or the record of what was fetched; none for models made here."""
    own = [str(file) for file in STUDY.backbones[wildcards.backbone].source_files()]
    return own or list_fetched_of(f"backbones/{wildcards.backbone}")


def list_fetched_of(where):
    """The record of what was fetched for a place in the config, if that lies on the hub."""
    return [
        f"results/{STUDY.study}/sources/{place}.json"
        for place in list_hub_sources(STUDY)
        if place == where
    ]


def list_fetched(wildcards):
    """The records of everything of the study that lies on the hub."""
    return [
        f"results/{STUDY.study}/sources/{where}.json"
        for where in list_hub_sources(STUDY)
    ]


def list_gpus():
    """The memory of the GPUs that a plan is for, in GB: the one that is named or present, else usual ones."""
    return [GPU_GB] if GPU_GB else list(USUAL_GPUS_GB)


def hub_sources(wildcards):
    """What of the study lies on the hub, as JSON."""
    return json.dumps(list_hub_sources(STUDY))


def hub_source(wildcards):
    """One source on the hub, as JSON."""
    where = f"{wildcards.section}/{wildcards.source}"
    return json.dumps({"where": where, **list_hub_sources(STUDY)[where]})


def fetched_task(wildcards):
    """The option that names what was fetched for a task; empty where nothing is."""
    files = list_fetched_of(f"tasks/{wildcards.task}")
    return " ".join(["--fetched", *files]) if files else ""


def fetched_backbone(wildcards):
    """The option that names what was fetched for a backbone; empty where nothing is."""
    files = list_fetched_of(f"backbones/{wildcards.backbone}")
    return " ".join(["--fetched", *files]) if files else ""


def backbone_settings(wildcards):
    """What fetching a backbone depends on, as JSON."""
    settings = STUDY.backbones[wildcards.backbone].model_dump(mode="json")
    return json.dumps(
        {"name": wildcards.backbone, "seed": STUDY.data_seed, "settings": settings}
    )


def run_settings(wildcards):
    """What training and prediction of a run depend on, as JSON."""
    return json.dumps(
        describe_run(STUDY, wildcards.task, wildcards.method, int(wildcards.seed))
    )


def one_gpu(wildcards):
    """What a job asks for that can use no second GPU: everything but the training of a method."""
    return min(1, STUDY.hardware.gpus_per_run)


# A scheduler's signals reach the training through torchrun, which would else give it half a minute for its checkpoint.
SIGNALS = "SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1"
TORCHRUN = f"torchrun --standalone --shutdown-timeout 600 --signals-to-handle {SIGNALS} --nproc_per_node"


def every_core(wildcards):
    """All cores that jobs here share, so that nothing runs beside what is timed. On a cluster a job's cores are its own:
    there it asks for as many as any other."""
    here = workflow.resource_settings.cores if workflow.local_exec else None
    return max(STUDY.hardware.threads_per_run, here or 0)


def used_threads(wildcards, resources):
    """Threads that a job with all cores uses: as many as the others. As `checkpoint_minutes`, not compared."""
    return STUDY.hardware.threads_per_run


def training_launcher(wildcards, resources):
    """What training is started with: torchrun where it has several GPUs, a process each; else Python alone."""
    gpus = int(resources.get("gpu", 1))
    return f"{TORCHRUN} {gpus}" if gpus > 1 else "python"


def checkpoint_minutes(wildcards, resources):
    """Minutes between checkpoints. A param that asks for `resources` is not compared: a change retrains nothing."""
    return STUDY.hardware.checkpoint_minutes


def study_settings(wildcards):
    """The whole resolved study and what its kinds say of themselves, packed: a command's argument may have 128 KiB, and
    a large study has more."""
    kinds = asdict(describe_kinds(STUDY))
    return pack({"config": STUDY.model_dump(mode="json"), "kinds": kinds})


def memory(megabytes):
    """Megabytes of a job that first asks for so many: more for every retry, within the study's limit."""
    return lambda wildcards, attempt: STUDY.hardware.memory_mb(megabytes, attempt)


def minutes(first):
    """Minutes of a job that first asks for so many: more for every retry, within the study's limit."""
    return lambda wildcards, attempt: STUDY.hardware.minutes(first, attempt)


def rerun_command(wildcards):
    """The command that reproduces this study."""
    places = [os.path.relpath(file) for file in workflow.configfiles]
    overlays = [shlex.quote(place) for place in places if place != "config.yaml"]
    base = "snakemake --cores 1 --resources gpu=1"
    return " ".join([base, "--configfile", *overlays] if overlays else [base])


def backbone_record(wildcards):
    """The record of a method's backbone."""
    backbone = STUDY.methods[wildcards.method].backbone
    return f"results/{wildcards.study}/backbones/{backbone}/backbone.json"


@functools.cache
def refuse_small_gpus():
    """Refuse methods that the GPU is too small for, once the jobs of methods are planned; a plan alone is not refused."""
    if workflow.is_main_process:
        try:
            check_study(STUDY, GPU_GB, Path("results", STUDY.study))
        except SettingsError as error:
            raise WorkflowError(str(error)) from None


def backbone_model(wildcards):
    """The folder of a method's backbone."""
    refuse_small_gpus()
    backbone = STUDY.methods[wildcards.method].backbone
    return f"results/{wildcards.study}/backbones/{backbone}/model"


def list_templates(wildcards):
    """Templates and styles: a change in one renders the report again. Captions are for `snakemake --report` alone."""
    folder = Path(workflow.basedir, "report")
    files = sorted(
        file for file in folder.rglob("*") if file.is_file() and file.suffix != ".rst"
    )
    return [f"{PROJECT}{file.relative_to(workflow.basedir)}" for file in files]


def list_all_records():
    """What every job of the study leaves a note of its code beside, in the order of the rules."""
    results = f"results/{STUDY.study}"
    made = [
        *list_tasks(None),
        *list_backbones(None),
        *list_models(None),
        *list_predictions(None),
        *list_scores(None),
        *list_serving(None),
        *(f"{results}/{name}" for name in ("results.json", "figures", "report.html")),
    ]
    # A study at real size may stand beside the serving records: its own Snakemake looks after it.
    return [Path(record) for record in made if record.startswith(f"{results}/")]


def records_there(wildcards):
    """Which records are there, and when they were written: what rebuilds a report so far."""
    there = [record for record in list_all_records() if record.exists()]
    return " ".join(f"{record}:{record.stat().st_mtime_ns}" for record in there)


def name_report_so_far():
    """Say, where jobs failed, how to get a report of the others."""
    if workflow.is_main_process and any(
        Path(score).exists() for score in list_scores(None)
    ):
        command = f"{rerun_command(None)} report_so_far"
        print(f"A report of what there is: {command}", file=sys.stderr)


onerror:
    name_report_so_far()


def name_changed_code():
    """Say which results were made by code that has changed since. What is forced is known only later, and named, too."""
    # Comparing two finished studies makes nothing of this one.
    if not workflow.is_main_process or COMPARED:
        return
    if changed := find_changed_rules(list_all_records()):
        print(write_warning(changed, rerun_command(None)), file=sys.stderr)


name_changed_code()


def list_compared(wildcards):
    """The results of both studies, by absolute path: a relative one would be taken for what this study makes, and the
    study would be run."""
    return [os.path.abspath(f"{folder}/results.json") for folder in COMPARED.values()]


def compared_record(wildcards):
    """What was found, in folders named after those of the two studies."""
    if not COMPARED:
        raise WorkflowError(WHAT_TO_COMPARE)
    first, second = (Path(file).parent.name for file in list_compared(wildcards))
    return f"results/compare/{first}/{second}/replication.json"


def list_words(wildcards):
    """The report's sentences and captions: a figure's are written beside it when it is drawn."""
    files = sorted(Path(workflow.basedir, "report", "words").glob("*.yaml"))
    return [f"{PROJECT}{file.relative_to(workflow.basedir)}" for file in files]


def figure_labels(wildcards):
    """What `snakemake --report` says of a figure in its list."""
    path = Path(f"results/{wildcards.study}/figures/figures.json")
    entries = {entry["name"]: entry for entry in json.loads(path.read_text())}
    entry = entries[wildcards.name]
    return {"Figure": entry["title"], "Task": entry["task"] or "all"}


def list_steps():
    """What the rules of this run leave and which rules they wait for, in data-flow order: from Snakemake's own graph. A
    rule's docstring says what it leaves."""
    waits = {}
    for job in workflow.dag.jobs:
        earlier = {other.rule.name for other in workflow.dag.job_dependencies(job)}
        waits.setdefault(job.rule.name, set()).update(earlier)
    # A rule without output, such as `all`, only names what is wanted.
    made = [one for one in workflow.rules if one.name in waits and one.output]
    return [
        {
            "rule": one.name,
            "leaves": one.docstring or "",
            "writes": [strip_wildcard_constraints(str(file)) for file in one.output],
            "after": [other.name for other in made if other.name in waits[one.name]],
        }
        for one in made
    ]


def note_steps():
    """Leave the graph where collecting finds it. Every run that collects has the whole graph up to there; a job started
    by itself, as on a cluster, has not: this is called in the first process alone."""
    steps = list_steps()
    if any(step["rule"] == "collect_results" for step in steps):
        write_json(Path("results", STUDY.study, "steps.json"), steps)


onstart:
    note_run()
    note_steps()

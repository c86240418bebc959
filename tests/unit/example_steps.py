"""The workflow's graph as a study with sources on the hub notes it; a test compares it with Snakemake's own."""

from fineprint.core.records import Step

SERVED = [
    *("prepare_task", "fetch_backbone", "write_run_config", "train_method", "predict_labels"),
    "write_serving_settings",
]
RUN = "results/{study}/runs/{task}/{method}/{seed}"
STEPS = [
    Step(
        rule="check_access",
        leaves="the commits of everything on the hub",
        writes=["results/{study}/sources/revisions.json"],
        after=[],
    ),
    Step(
        rule="fetch_source",
        leaves="a model's or data set's files and their hashes",
        writes=["results/{study}/sources/{section}/{source}.json"],
        after=["check_access"],
    ),
    Step(
        rule="write_task_settings",
        leaves="a task's settings",
        writes=["results/{study}/data/{task}/settings.json"],
        after=[],
    ),
    Step(
        rule="prepare_task",
        leaves="examples by split, held-out part separated",
        writes=["results/{study}/data/{task}/rows", "results/{study}/data/{task}/task.json"],
        after=["fetch_source", "write_task_settings"],
    ),
    Step(
        rule="write_backbone_settings",
        leaves="a backbone's settings",
        writes=["results/{study}/backbones/{backbone}/settings.json"],
        after=[],
    ),
    Step(
        rule="fetch_backbone",
        leaves="a model folder",
        writes=["results/{study}/backbones/{backbone}/model", "results/{study}/backbones/{backbone}/backbone.json"],
        after=["fetch_source", "write_backbone_settings"],
    ),
    Step(
        rule="write_run_config",
        leaves="the settings of one run",
        writes=[f"{RUN}/run_config.json"],
        after=[],
    ),
    Step(
        rule="train_method",
        leaves="trained weights, history and model card",
        writes=[f"{RUN}/model", f"{RUN}/train.json"],
        after=["prepare_task", "fetch_backbone", "write_run_config"],
    ),
    Step(
        rule="predict_labels",
        leaves="answers to the test examples",
        writes=[f"{RUN}/predictions", f"{RUN}/predict.json"],
        after=["prepare_task", "fetch_backbone", "write_run_config", "train_method"],
    ),
    Step(
        rule="score_predictions",
        leaves="scores with intervals",
        writes=[f"{RUN}/scores.json"],
        after=["prepare_task", "train_method", "predict_labels"],
    ),
    Step(
        rule="write_serving_settings",
        leaves="the settings of many tasks on one backbone",
        writes=["results/{study}/serving/settings.json"],
        after=[],
    ),
    Step(
        rule="serve_tasks",
        leaves="measurements of every way to serve several tasks",
        writes=["results/{study}/serving/ways.json"],
        after=SERVED,
    ),
    Step(
        rule="combine_tasks",
        leaves="scores of combined adapters",
        writes=["results/{study}/serving/combining.json"],
        after=SERVED,
    ),
    Step(
        rule="measure_forgetting",
        leaves="accuracy on the first task before and after training on the second",
        writes=["results/{study}/serving/forgetting.json"],
        after=SERVED,
    ),
    Step(
        rule="write_study_config",
        leaves="the study's settings",
        writes=["results/{study}/study.json"],
        after=[],
    ),
    Step(
        rule="collect_results",
        leaves="all records in one file, and the table",
        writes=["results/{study}/results.json", "results/{study}/results.csv"],
        after=[
            "prepare_task",
            "fetch_backbone",
            "train_method",
            "predict_labels",
            "score_predictions",
            "serve_tasks",
            "combine_tasks",
            "measure_forgetting",
            "write_study_config",
        ],
    ),
    Step(
        rule="plot_figures",
        leaves="figures and their data",
        writes=["results/{study}/figures"],
        after=["collect_results"],
    ),
    Step(
        rule="render_report",
        leaves="the page and the PDF",
        writes=["results/{study}/report.html", "results/{study}/report.pdf"],
        after=["collect_results", "plot_figures"],
    ),
]

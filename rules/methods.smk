"""
Methods: train each on each task with each seed, answer the test rows, score the answers.

INPUTS   results/{study}/data/{task}/, results/{study}/backbones/{backbone}/, the method's settings in the config
OUTPUTS  results/{study}/runs/{task}/{method}/{seed}/
             run_config.json   everything the run depends on: only a change here reruns it
             model/            what was trained, and README.md, a model card
             train.json        history, parameters, bytes, time and memory
             predictions/      one file per test split
             predict.json      time and memory of prediction
             scores.json       accuracy with intervals, per class, per tag
         checkpoints/{study}/{task}/{method}/{seed}/
             of a training under way; no output, for Snakemake deletes those of a job that fails
"""


# A cheap job writes what a run depends on into a file of its own. Snakemake compares that file by content, so a changed
# setting trains again the runs that have it, and nothing else.
rule write_run_config:
    """the settings of one run"""
    input:
        script=f"{PROJECT}scripts/write_settings.py",
    output:
        settings="results/{study}/runs/{task}/{method}/{seed}/run_config.json",
    log:
        "logs/{study}/write_run_config/{task}/{method}/{seed}.log",
    benchmark:
        "benchmarks/{study}/write_run_config/{task}/{method}/{seed}.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        settings=run_settings,
    shell:
        """
        python {input.script:q} \
            --settings {params.settings:q} \
            --output {output.settings:q} \
            2>&1 | tee {log:q}
        """


rule train_method:
    """trained weights, history and model card"""
    input:
        script=f"{PROJECT}scripts/train_method.py",
        run_config="results/{study}/runs/{task}/{method}/{seed}/run_config.json",
        task="results/{study}/data/{task}/task.json",
        rows="results/{study}/data/{task}/rows",
        backbone=backbone_model,
        backbone_record=backbone_record,
    output:
        model=directory("results/{study}/runs/{task}/{method}/{seed}/model"),
        record="results/{study}/runs/{task}/{method}/{seed}/train.json",
    log:
        "logs/{study}/train_method/{task}/{method}/{seed}.log",
    benchmark:
        "benchmarks/{study}/train_method/{task}/{method}/{seed}.tsv"
    conda:
        "../envs/train.yaml"
    threads: STUDY.hardware.threads_per_run
    resources:
        gpu=STUDY.hardware.gpus_per_run,
        nodes=1,
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(STUDY.hardware.minutes_per_run),
    params:
        launcher=training_launcher,
        checkpoint_minutes=checkpoint_minutes,
    # A scheduler's signals go to every process of a job: the shell and tee outlive them, so that Python can write a
    # checkpoint, say so and end.
    shell:
        """
        trap : TERM USR1
        {params.launcher} {input.script:q} \
            --run_config {input.run_config:q} \
            --task {input.task:q} \
            --rows {input.rows:q} \
            --backbone {input.backbone:q} \
            --backbone_record {input.backbone_record:q} \
            --model {output.model:q} \
            --record {output.record:q} \
            --threads {threads} \
            --checkpoints checkpoints/{wildcards.study}/{wildcards.task}/{wildcards.method}/{wildcards.seed} \
            --checkpoint_minutes {params.checkpoint_minutes} \
            2>&1 | (
            trap '' TERM USR1
            exec tee {log:q}
        )
        """


# A job of its own, though starting Python with torch costs seconds: what is scored is what was saved and loaded again.
rule predict_labels:
    """answers to the test examples"""
    input:
        script=f"{PROJECT}scripts/predict_labels.py",
        run_config="results/{study}/runs/{task}/{method}/{seed}/run_config.json",
        task="results/{study}/data/{task}/task.json",
        rows="results/{study}/data/{task}/rows",
        backbone=backbone_model,
        backbone_record=backbone_record,
        model="results/{study}/runs/{task}/{method}/{seed}/model",
        train_record="results/{study}/runs/{task}/{method}/{seed}/train.json",
    output:
        predictions=directory("results/{study}/runs/{task}/{method}/{seed}/predictions"),
        record="results/{study}/runs/{task}/{method}/{seed}/predict.json",
    log:
        "logs/{study}/predict_labels/{task}/{method}/{seed}.log",
    benchmark:
        "benchmarks/{study}/predict_labels/{task}/{method}/{seed}.tsv"
    conda:
        "../envs/train.yaml"
    threads: STUDY.hardware.threads_per_run
    resources:
        gpu=one_gpu,
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(STUDY.hardware.minutes_per_run),
    shell:
        """
        python {input.script:q} \
            --run_config {input.run_config:q} \
            --task {input.task:q} \
            --rows {input.rows:q} \
            --backbone {input.backbone:q} \
            --model {input.model:q} \
            --predictions {output.predictions:q} \
            --record {output.record:q} \
            --threads {threads} \
            2>&1 | tee {log:q}
        """


rule score_predictions:
    """scores with intervals"""
    input:
        script=f"{PROJECT}scripts/score_predictions.py",
        task="results/{study}/data/{task}/task.json",
        predictions="results/{study}/runs/{task}/{method}/{seed}/predictions",
        predict_record="results/{study}/runs/{task}/{method}/{seed}/predict.json",
        train_record="results/{study}/runs/{task}/{method}/{seed}/train.json",
    output:
        record="results/{study}/runs/{task}/{method}/{seed}/scores.json",
    log:
        "logs/{study}/score_predictions/{task}/{method}/{seed}.log",
    benchmark:
        "benchmarks/{study}/score_predictions/{task}/{method}/{seed}.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    shell:
        """
        python {input.script:q} \
            --task {input.task:q} \
            --predictions {input.predictions:q} \
            --predict_record {input.predict_record:q} \
            --train_record {input.train_record:q} \
            --record {output.record:q} \
            2>&1 | tee {log:q}
        """

"""
Rows: load a task, drop rows without a gold label, cut the held-out part off the training rows.

INPUTS   the task's settings in the config
OUTPUTS  results/{study}/data/{task}/rows/*.jsonl   one file per split
         results/{study}/data/{task}/task.json      labels, wording, counts, hashes
"""


rule write_task_settings:
    """a task's settings"""
    input:
        script=f"{PROJECT}scripts/write_settings.py",
    output:
        settings="results/{study}/data/{task}/settings.json",
    log:
        "logs/{study}/write_task_settings/{task}.log",
    benchmark:
        "benchmarks/{study}/write_task_settings/{task}.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        settings=task_settings,
    shell:
        """
        python {input.script:q} \
            --settings {params.settings:q} \
            --output {output.settings:q} \
            2>&1 | tee {log:q}
        """


rule prepare_task:
    """examples by split, held-out part separated"""
    input:
        task_sources,
        script=f"{PROJECT}scripts/prepare_task.py",
        settings="results/{study}/data/{task}/settings.json",
    output:
        rows=directory("results/{study}/data/{task}/rows"),
        record="results/{study}/data/{task}/task.json",
    log:
        "logs/{study}/prepare_task/{task}.log",
    benchmark:
        "benchmarks/{study}/prepare_task/{task}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        fetched=fetched_task,
    shell:
        """
        python {input.script:q} {params.fetched} \
            --settings {input.settings:q} \
            --rows {output.rows:q} \
            --record {output.record:q} \
            2>&1 | tee {log:q}
        """

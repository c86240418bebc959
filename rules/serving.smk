"""
Many tasks on one backbone: serve them in every way, combine their adapters, measure what a task forgets.

INPUTS   results/{study}/runs/{task}/{method}/{seed}/ of every task and method of the part, the backbone, the rows
OUTPUTS  results/{study}/serving/
             settings.json     tasks, methods, seed, how serving is measured
             ways.json         disk, memory, start, switches and throughput of each way and number of tasks
             combining.json    accuracy of averaged, concatenated and jointly trained adapters
             forgetting.json   the first task before and after the second was learned
"""


rule write_serving_settings:
    """the settings of many tasks on one backbone"""
    input:
        script=f"{PROJECT}scripts/write_settings.py",
    output:
        settings="results/{study}/serving/settings.json",
    log:
        "logs/{study}/write_serving_settings.log",
    benchmark:
        "benchmarks/{study}/write_serving_settings.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        settings=serving_settings,
    shell:
        """
        python {input.script:q} \
            --settings {params.settings:q} \
            --output {output.settings:q} \
            2>&1 | tee {log:q}
        """


rule serve_tasks:
    """measurements of every way to serve several tasks"""
    input:
        list_serving_runs,
        script=f"{PROJECT}scripts/serve_tasks.py",
        settings="results/{study}/serving/settings.json",
    output:
        record="results/{study}/serving/ways.json",
    log:
        "logs/{study}/serve_tasks.log",
    benchmark:
        "benchmarks/{study}/serve_tasks.tsv"
    conda:
        "../envs/train.yaml"
    # Every core, used or not: nothing may run beside what is timed.
    threads: every_core
    resources:
        gpu=one_gpu,
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(STUDY.hardware.minutes_per_run),
    params:
        study=subpath(input.settings, ancestor=2),
        threads=used_threads,
    shell:
        """
        python {input.script:q} \
            --settings {input.settings:q} \
            --study {params.study:q} \
            --record {output.record:q} \
            --threads {params.threads} \
            2>&1 | tee {log:q}
        """


rule combine_tasks:
    """scores of combined adapters"""
    input:
        list_serving_runs,
        script=f"{PROJECT}scripts/combine_tasks.py",
        settings="results/{study}/serving/settings.json",
    output:
        record="results/{study}/serving/combining.json",
    log:
        "logs/{study}/combine_tasks.log",
    benchmark:
        "benchmarks/{study}/combine_tasks.tsv"
    conda:
        "../envs/train.yaml"
    threads: STUDY.hardware.threads_per_run
    resources:
        gpu=one_gpu,
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(STUDY.hardware.minutes_per_run),
    params:
        study=subpath(input.settings, ancestor=2),
    shell:
        """
        python {input.script:q} \
            --settings {input.settings:q} \
            --study {params.study:q} \
            --record {output.record:q} \
            --threads {threads} \
            2>&1 | tee {log:q}
        """


rule measure_forgetting:
    """accuracy on the first task before and after training on the second"""
    input:
        list_serving_runs,
        script=f"{PROJECT}scripts/measure_forgetting.py",
        settings="results/{study}/serving/settings.json",
    output:
        record="results/{study}/serving/forgetting.json",
    log:
        "logs/{study}/measure_forgetting.log",
    benchmark:
        "benchmarks/{study}/measure_forgetting.tsv"
    conda:
        "../envs/train.yaml"
    threads: STUDY.hardware.threads_per_run
    resources:
        gpu=one_gpu,
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(STUDY.hardware.minutes_per_run),
    params:
        study=subpath(input.settings, ancestor=2),
    shell:
        """
        python {input.script:q} \
            --settings {input.settings:q} \
            --study {params.study:q} \
            --record {output.record:q} \
            --threads {threads} \
            2>&1 | tee {log:q}
        """

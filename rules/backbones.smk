"""
Backbones: fetch a model from the hub, link a local folder, pretrain the demo's own, or draw random weights.

INPUTS   the backbone's settings in the config
OUTPUTS  results/{study}/backbones/{backbone}/model/          config.json, safetensors, tokenizer
         results/{study}/backbones/{backbone}/backbone.json   source, revision, sizes, hashes
"""


rule write_backbone_settings:
    """a backbone's settings"""
    input:
        script=f"{PROJECT}scripts/write_settings.py",
    output:
        settings="results/{study}/backbones/{backbone}/settings.json",
    log:
        "logs/{study}/write_backbone_settings/{backbone}.log",
    benchmark:
        "benchmarks/{study}/write_backbone_settings/{backbone}.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        settings=backbone_settings,
    shell:
        """
        python {input.script:q} \
            --settings {params.settings:q} \
            --output {output.settings:q} \
            2>&1 | tee {log:q}
        """


rule fetch_backbone:
    """a model folder"""
    input:
        backbone_sources,
        script=f"{PROJECT}scripts/fetch_backbone.py",
        settings="results/{study}/backbones/{backbone}/settings.json",
    output:
        model=directory("results/{study}/backbones/{backbone}/model"),
        record="results/{study}/backbones/{backbone}/backbone.json",
    log:
        "logs/{study}/fetch_backbone/{backbone}.log",
    benchmark:
        "benchmarks/{study}/fetch_backbone/{backbone}.tsv"
    # Making backbones comes first: everything else waits for them.
    priority: 10
    conda:
        "../envs/train.yaml"
    threads: STUDY.hardware.threads_per_run
    resources:
        mem_mb=memory(STUDY.hardware.memory_mb_per_run),
        runtime=minutes(120),
    params:
        fetched=fetched_backbone,
    shell:
        """
        python {input.script:q} {params.fetched} \
            --settings {input.settings:q} \
            --model {output.model:q} \
            --record {output.record:q} \
            --threads {threads} \
            2>&1 | tee {log:q}
        """

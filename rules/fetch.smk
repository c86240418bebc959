"""
Fetching: what the study needs from the Hugging Face hub. No other rule asks the network, but for the plan. They run
where snakemake itself runs, on a cluster the login node; `snakemake fetch` runs them and nothing else.

INPUTS   the study's models and data sets on the hub, by name and revision
OUTPUTS  results/{study}/sources/revisions.json            commit, size and hashes as the hub declares them
         results/{study}/sources/{section}/{source}.json   commit, files and their hashes; the files lie in HF_HOME
"""


rule check_access:
    """the commits of everything on the hub"""
    input:
        script=f"{PROJECT}scripts/check_access.py",
    output:
        revisions="results/{study}/sources/revisions.json",
    log:
        "logs/{study}/check_access.log",
    benchmark:
        "benchmarks/{study}/check_access.tsv"
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    params:
        sources=hub_sources,
    shell:
        """
        python {input.script:q} \
            --sources {params.sources:q} \
            --revisions {output.revisions:q} \
            2>&1 | tee {log:q}
        """


rule fetch_source:
    """a model's or data set's files and their hashes"""
    input:
        script=f"{PROJECT}scripts/fetch_source.py",
        # Another source in the study, or a moved branch, downloads nothing anew: a change of this source does.
        revisions=ancient("results/{study}/sources/revisions.json"),
    output:
        record="results/{study}/sources/{section}/{source}.json",
    log:
        "logs/{study}/fetch_source/{section}/{source}.log",
    benchmark:
        "benchmarks/{study}/fetch_source/{section}/{source}.tsv"
    wildcard_constraints:
        section="tasks|backbones",
    # Everything else waits for downloads.
    priority: 20
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(240),
    params:
        source=hub_source,
    shell:
        """
        python {input.script:q} \
            --source {params.source:q} \
            --revisions {input.revisions:q} \
            --record {output.record:q} \
            2>&1 | tee {log:q}
        """


rule fetch:
    input:
        list_fetched,
        script=f"{PROJECT}scripts/fetch.py",
    log:
        f"logs/{STUDY.study}/fetch.log",
    localrule: True
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        study=STUDY.study,
        sources=hub_sources,
        records=f"results/{STUDY.study}/sources",
    shell:
        """
        python {input.script:q} \
            --study {params.study:q} \
            --sources {params.sources:q} \
            --records {params.records:q} \
            2>&1 | tee {log:q}
        """

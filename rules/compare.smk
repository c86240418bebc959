"""
Two finished studies compared, on whatever machine each of them ran: what held, and what did not.

INPUTS   results.json in the results folders that `--config first=… second=…` names
OUTPUTS  results/compare/{first}/{second}/replication.html   the page
         results/compare/{first}/{second}/replication.csv    a row per score, verdict, rank and figure of cost
         results/compare/{first}/{second}/replication.json   the same as a record

`snakemake compare` fails where a better method changed sides. Page and table were written by another rule, and stay.
"""


rule compare_studies:
    """what held of a study in another"""
    input:
        list_templates,
        list_compared,
        script=f"{PROJECT}scripts/compare_studies.py",
    output:
        page="results/compare/{first}/{second}/replication.html",
        table="results/compare/{first}/{second}/replication.csv",
        record="results/compare/{first}/{second}/replication.json",
    log:
        "logs/compare/compare_studies/{first}/{second}.log",
    benchmark:
        "benchmarks/compare/compare_studies/{first}/{second}.tsv"
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        first=COMPARED.get("first", ""),
        second=COMPARED.get("second", ""),
        report=f"{PROJECT}report",
    shell:
        """
        python {input.script:q} \
            --first {params.first:q} \
            --second {params.second:q} \
            --report {params.report:q} \
            --page {output.page:q} \
            --table {output.table:q} \
            --record {output.record:q} \
            2>&1 | tee {log:q}
        """


rule compare:
    input:
        script=f"{PROJECT}scripts/check_replication.py",
        record=compared_record,
    log:
        "logs/compare/compare.log",
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    shell:
        """
        python {input.script:q} \
            --record {input.record:q} \
            2>&1 | tee {log:q}
        """

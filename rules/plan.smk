"""
The plan: what every method will take of a GPU, predicted before anything runs. No weights are loaded. Of a model on the
hub that was not fetched, config.json alone is downloaded.

INPUTS   the study; its models' config.json
OUTPUTS  results/{study}/plan.json, plan.md   printed, too
"""


rule plan:
    input:
        script=f"{PROJECT}scripts/plan.py",
    log:
        f"logs/{STUDY.study}/plan.log",
    localrule: True
    conda:
        "../envs/train.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(10),
    params:
        study=study_settings,
        gpus=json.dumps(list_gpus()),
        results=f"results/{STUDY.study}",
        plan=f"results/{STUDY.study}/plan.json",
        table=f"results/{STUDY.study}/plan.md",
    shell:
        """
        python {input.script:q} \
            --study {params.study:q} \
            --gpus {params.gpus:q} \
            --results {params.results:q} \
            --plan {params.plan:q} \
            --table {params.table:q} \
            2>&1 | tee {log:q}
        """

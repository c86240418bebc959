# Fineprint: fine-tune transformers by several methods, score all on the same rows, print a report.
#
#   snakemake --cores 1 --resources gpu=1                                         the demo study, made on this machine
#   snakemake --cores 1 --resources gpu=1 --configfile studies/multinli.yaml      the assignment at full size
#   snakemake plan --cores 1 --configfile studies/multinli.yaml                   what it will take of a GPU
#   snakemake fetch --cores 1 --configfile studies/multinli.yaml                  only its downloads; all else is offline
#
# The rules are included in the order in which data flow through them.
from snakemake.utils import min_version

min_version("9.27")


configfile: f"{workflow.basedir}/config.yaml"


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/fetch.smk"
include: "rules/data.smk"
include: "rules/backbones.smk"
include: "rules/methods.smk"
include: "rules/serving.smk"
include: "rules/report.smk"
include: "rules/so_far.smk"
include: "rules/plan.smk"
include: "rules/compare.smk"


wildcard_constraints:
    study=STUDY.study,
    task="|".join(STUDY.tasks),
    backbone="|".join(STUDY.backbones),
    method="|".join(STUDY.methods),
    seed=r"\d+",


localrules:
    all,
    all_data,
    all_backbones,
    all_models,
    all_scores,
    report_so_far,
    write_task_settings,
    write_backbone_settings,
    write_run_config,
    write_serving_settings,
    write_study_config,


rule all:
    default_target: True
    input:
        list_documents,


rule all_data:
    input:
        list_tasks,


rule all_backbones:
    input:
        list_backbones,


rule all_models:
    input:
        list_models,


rule all_scores:
    input:
        list_scores,


rule report_so_far:
    input:
        list_documents_so_far,

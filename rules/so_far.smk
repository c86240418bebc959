"""
So far: a report of what there is, where a method failed for good or the study has not come to its end.

INPUTS   the records in results/{study}/ that are there; none is made for it
OUTPUTS  results/{study}/so_far/                     results.json, results.csv, figures/, report.html, report.pdf,
                                                     summary.pdf, examples.json, examples.html
"""


use rule collect_results as collect_so_far with:
    input:
        script=f"{PROJECT}scripts/collect_results.py",
        study="results/{study}/study.json",
    output:
        results="results/{study}/so_far/results.json",
        table="results/{study}/so_far/results.csv",
        examples="results/{study}/so_far/examples.json",
    log:
        "logs/{study}/collect_so_far.log",
    benchmark:
        "benchmarks/{study}/collect_so_far.tsv"
    params:
        command=rerun_command,
        there=records_there,


use rule plot_figures as plot_so_far with:
    input:
        list_words,
        script=f"{PROJECT}scripts/plot_figures.py",
        results="results/{study}/so_far/results.json",
    output:
        figures=directory("results/{study}/so_far/figures"),
    log:
        "logs/{study}/plot_so_far.log",
    benchmark:
        "benchmarks/{study}/plot_so_far.tsv"


use rule render_report as render_so_far with:
    input:
        list_templates,
        script=f"{PROJECT}scripts/render_report.py",
        results="results/{study}/so_far/results.json",
        figures="results/{study}/so_far/figures",
        examples="results/{study}/so_far/examples.json",
    output:
        html="results/{study}/so_far/report.html",
        pdf="results/{study}/so_far/report.pdf",
        summary="results/{study}/so_far/summary.pdf",
        browser="results/{study}/so_far/examples.html",
    log:
        "logs/{study}/render_so_far.log",
    benchmark:
        "benchmarks/{study}/render_so_far.tsv"

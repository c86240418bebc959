"""
Report: collect all records, plot, and render one HTML page and one PDF from the same templates.

INPUTS   results/{study}/runs/…/{train,predict,scores}.json, results/{study}/serving/, report/
OUTPUTS  results/{study}/results.json, results.csv   every record; a row per method, seed and split
         results/{study}/examples.json               every test example with all answers
         results/{study}/examples.html               a page to filter and read them
         results/{study}/figures/                    SVG, and CSV with each figure's data
         results/{study}/report.html, report.pdf
         results/{study}/summary.pdf                 the report's first section, as a document of its own
         These are also what `snakemake --report` gathers; report/workflow.rst and report/captions/ describe them there.
"""


rule write_study_config:
    """the study's settings"""
    input:
        script=f"{PROJECT}scripts/write_settings.py",
    output:
        settings="results/{study}/study.json",
    log:
        "logs/{study}/write_study_config.log",
    benchmark:
        "benchmarks/{study}/write_study_config.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        settings=study_settings,
    shell:
        """
        python {input.script:q} \
            --settings {params.settings:q} \
            --output {output.settings:q} \
            2>&1 | tee {log:q}
        """


rule collect_results:
    """all records in one file, and the table"""
    input:
        list_tasks,
        list_backbones,
        list_models,
        list_predictions,
        list_scores,
        list_serving,
        script=f"{PROJECT}scripts/collect_results.py",
        study="results/{study}/study.json",
    output:
        results="results/{study}/results.json",
        table=report(
            "results/{study}/results.csv",
            caption="../report/captions/table.rst",
            category="Tables",
            labels={"Table": "Scores and cost", "Rows": "one per run and split"},
        ),
        examples="results/{study}/examples.json",
    log:
        "logs/{study}/collect_results.log",
    benchmark:
        "benchmarks/{study}/collect_results.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        command=rerun_command,
    shell:
        """
        python {input.script:q} \
            --study {input.study:q} \
            --command {params.command:q} \
            --results {output.results:q} \
            --table {output.table:q} \
            --examples {output.examples:q} \
            2>&1 | tee {log:q}
        """


rule plot_figures:
    """figures and their data"""
    input:
        list_words,
        script=f"{PROJECT}scripts/plot_figures.py",
        results="results/{study}/results.json",
    output:
        figures=report(
            directory("results/{study}/figures"),
            patterns=["{name}.svg"],
            caption="../report/captions/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
    log:
        "logs/{study}/plot_figures.log",
    benchmark:
        "benchmarks/{study}/plot_figures.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    shell:
        """
        python {input.script:q} \
            --results {input.results:q} \
            --figures {output.figures:q} \
            2>&1 | tee {log:q}
        """


rule render_report:
    """the page and the PDF"""
    input:
        list_templates,
        script=f"{PROJECT}scripts/render_report.py",
        results="results/{study}/results.json",
        figures="results/{study}/figures",
        examples="results/{study}/examples.json",
    output:
        html=report(
            "results/{study}/report.html",
            caption="../report/captions/page.rst",
            category="Documents",
            labels={"Document": "The report as a page", "Format": "HTML"},
        ),
        pdf=report(
            "results/{study}/report.pdf",
            caption="../report/captions/print.rst",
            category="Documents",
            labels={"Document": "The report for printing", "Format": "PDF"},
        ),
        summary=report(
            "results/{study}/summary.pdf",
            caption="../report/captions/summary.rst",
            category="Documents",
            labels={"Document": "The summary, one page", "Format": "PDF"},
        ),
        browser=report(
            "results/{study}/examples.html",
            caption="../report/captions/examples.rst",
            category="Documents",
            labels={"Document": "Test examples with all answers", "Format": "HTML"},
        ),
    log:
        "logs/{study}/render_report.log",
    benchmark:
        "benchmarks/{study}/render_report.tsv"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        report=f"{PROJECT}report",
    shell:
        """
        python {input.script:q} \
            --results {input.results:q} \
            --figures {input.figures:q} \
            --report {params.report:q} \
            --html {output.html:q} \
            --pdf {output.pdf:q} \
            --summary {output.summary:q} \
            --examples {input.examples:q} \
            --browser {output.browser:q} \
            2>&1 | tee {log:q}
        """

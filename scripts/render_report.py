"""Render a study's results as one HTML page, one PDF and a summary of one page, from the same templates; and
the page of examples."""

from pathlib import Path

from fineprint.core.records import Examples, Results, read_record
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.reporting.examples_page import render_examples
from fineprint.reporting.html import render
from fineprint.reporting.pdf import write_pdf


def main(
    *, results: Path, figures: Path, report: Path, html: Path, pdf: Path, summary: Path, examples: Path, browser: Path
) -> None:
    """Render the report.

    Args:
        results: results.json.
        figures: the folder that plot_figures wrote.
        report: the folder of templates and styles.
        html: the page to write.
        pdf: the PDF to write.
        summary: the PDF of the summary alone to write.
        examples: examples.json.
        browser: the page of examples to write.
    """
    collected = read_record(results, Results)
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(render(collected, figures, report, "page"), encoding="utf-8")
    pdf.parent.mkdir(parents=True, exist_ok=True)
    write_pdf(collected, figures, report, pdf)
    write_pdf(collected, figures, report, summary, only="summary")
    browser.write_text(render_examples(read_record(examples, Examples), report), encoding="utf-8")
    note_code(html)


if __name__ == "__main__":
    run_job(main)

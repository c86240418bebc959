"""Draw a study's figures: SVG files, the data of each as CSV, and figures.json with captions and descriptions."""

from pathlib import Path

from fineprint.core.records import Results, read_record
from fineprint.jobs.code_state import note_code
from fineprint.jobs.job import run_job
from fineprint.reporting.figures.plotting import plot_all


def main(*, results: Path, figures: Path) -> None:
    """Draw the figures.

    Args:
        results: results.json.
        figures: the folder to write into.
    """
    plot_all(read_record(results, Results), figures)
    note_code(figures)


if __name__ == "__main__":
    run_job(main)

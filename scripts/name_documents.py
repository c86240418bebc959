"""Say where a study's documents are."""

from pathlib import Path

from fineprint.jobs.job import run_job


def main(*, study: Path | None = None) -> None:
    """Print the places of a study's documents.

    Args:
        study: the overlay that was used, None for the default study.
    """
    import yaml

    files = [Path("config.yaml"), *([study] if study else [])]
    names = [yaml.safe_load(file.read_text(encoding="utf-8")).get("study") for file in files]
    folder = Path("results") / [name for name in names if name][-1]
    print("The report is ready:")
    for document in ("report.html", "report.pdf", "results.csv"):
        print(f"  {(folder / document).resolve()}")


if __name__ == "__main__":
    run_job(main)

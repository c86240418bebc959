"""Count what the methods of a study train and save at their models' own size, without a GPU and without weights."""

from pathlib import Path

from fineprint.core.records import write_json
from fineprint.jobs.importing import import_libraries
from fineprint.jobs.job import run_job
from fineprint.study.overlays import read_overlay


def main(*, study: Path, output: Path) -> None:
    """Count parameters and saved bytes, for the report's claims.

    Args:
        study: an overlay of config.yaml whose backbones are of the kind random_weights, such as studies/capacity.yaml.
        output: report/arithmetic.json.
    """
    import_libraries()
    from fineprint.planning.arithmetic import count_study

    write_json(output, count_study(read_overlay(Path("config.yaml"), study)))


if __name__ == "__main__":
    run_job(main)

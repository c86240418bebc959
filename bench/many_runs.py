"""Write the config of a study of many runs, to see how Snakemake plans it: `python bench/many_runs.py > many.yaml`.

Nothing of it is meant to be run: `snakemake -n --configfile many.yaml`. docs/cluster.md has the figures of one plan.
"""

import argparse
import sys

import yaml


def main() -> None:
    """Print the config."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("models", 20), ("methods", 10), ("seeds", 5), ("tasks", 5)):
        parser.add_argument(f"--{name}", type=int, default=number)
    asked = parser.parse_args()
    yaml.safe_dump(make_study(asked.models, asked.methods, asked.seeds, asked.tasks), sys.stdout, sort_keys=False)


def make_study(models: int, methods: int, seeds: int, tasks: int) -> dict:
    """Return a study of models × methods × seeds × tasks runs; a method is a rank of LoRA."""
    rows = {
        f"model_{model}_rank_{rank}": {
            "backbone": f"model_{model}",
            "adapter": {"kind": "lora", "rank": rank, "alpha": 2 * rank, "target_modules": ["query", "value"]},
            "readout": {"kind": "classifier"},
        }
        for model in range(1, models + 1)
        for rank in range(1, methods + 1)
    }
    names = [f"task_{task}" for task in range(1, tasks + 1)]
    return {
        "study": "many",
        "title": f"{models} models × {methods} methods × {seeds} seeds × {tasks} tasks",
        "serving": None,
        "run": {"tasks": names, "methods": list(rows), "seeds": list(range(1, seeds + 1))},
        "tasks": {name: {"kind": "demo_nli"} for name in names},
        "backbones": {f"model_{model}": {"kind": "demo_encoder"} for model in range(1, models + 1)},
        "methods": rows,
        "hardware": {"gpus_per_run": 1},
    }


if __name__ == "__main__":
    main()

"""Simulated studies whose truth is known: do intervals hold it, and how often is a verdict wrong?

`python tests/simulate_inference.py [studies]` prints the table; `unit/test_inference_coverage.py` holds fewer studies
against bounds. An answer is right where a sum of normal variables exceeds a threshold: how hard the group is, how hard
the example is, what the method makes of the example, what this training makes of it, and how well this training went,
which moves all examples at once and is what seeds vary by.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from fineprint.core.records import MethodComparison, Verdict
from fineprint.scoring.inference import compare_methods
from fineprint.scoring.variance import MethodScores

ACCURACY, MARGIN = 0.85, 0.01
# Parts of the latent variance; two methods differ on about 13 % of examples.
GROUP, EXAMPLE, METHOD, TRAINING = 0.2, 0.4, 0.2, 0.2


@dataclass(frozen=True)
class Design:
    """What is simulated; accuracies are shares, so 0.015 is 1.5 percentage points."""

    seeds: int
    examples: int
    deviations: tuple[float, ...]  # over seeds, of each method's accuracy
    shifts: tuple[float, ...] = ()  # of each method's true accuracy; none where empty
    group_size: int = 3

    @property
    def true_accuracies(self) -> np.ndarray:
        return ACCURACY + np.array(self.shifts or (0.0,) * len(self.deviations))


def equal_methods(seeds: int, examples: int, deviation: float, methods: int = 8) -> Design:
    """Return a design in which no method is better."""
    return Design(seeds, examples, (deviation,) * methods)


@dataclass(frozen=True)
class Outcome:
    """Shares of simulated studies or of their pairs, and the standard error of the first that comes of simulating."""

    coverage: float  # 95 % intervals of single comparisons that hold the true difference
    coverage_error: float
    family_coverage: float  # studies in which all simultaneous intervals hold it
    false_better: float  # studies in which any pair of equal methods is called better or worse
    equivalent: float  # pairs called equivalent
    models_better: float  # studies in which any pair of trained models is


def draw_study(random: np.random.Generator, design: Design) -> tuple[list[MethodScores], np.ndarray]:
    """Return the scores of a simulated study and the group of each example."""
    methods = len(design.deviations)
    groups = np.arange(design.examples) // design.group_size
    shared = np.sqrt(EXAMPLE) * random.standard_normal(design.examples, dtype=np.float32)
    shared += (np.sqrt(GROUP) * random.standard_normal(groups[-1] + 1, dtype=np.float32))[groups]
    # A change of the threshold by u changes the accuracy by u times the normal density there.
    latent = np.array(design.deviations) / norm.pdf(ndtri(ACCURACY))
    thresholds = ndtri(design.true_accuracies) * np.sqrt(1 + latent**2)
    trainings = latent[:, None] * random.standard_normal((methods, design.seeds)) + thresholds[:, None]
    found = []
    for number in range(methods):
        own = shared + np.sqrt(METHOD).astype(np.float32) * random.standard_normal(design.examples, dtype=np.float32)
        noise = random.standard_normal((design.seeds, design.examples), dtype=np.float32)
        scores = own + np.float32(np.sqrt(TRAINING)) * noise > -trainings[number][:, None]
        found.append(MethodScores(str(number), scores))
    return found, groups


def simulate(
    design: Design, studies: int, seed: int = 20_260_000, pairs: Sequence[tuple[str, str]] | None = None
) -> Outcome:
    """Return how often the comparisons of simulated studies are right."""
    random = np.random.default_rng(seed)
    found: list[list[MethodComparison]] = []
    for _ in range(studies):
        methods, groups = draw_study(random, design)
        found.append(compare_methods(methods, groups, MARGIN, pairs))
    accuracies = design.true_accuracies
    truths = np.array([accuracies[int(pair.first)] - accuracies[int(pair.second)] for pair in found[0]])
    covered = hold(np.array([[pair.interval for pair in study] for study in found]), truths)
    all_covered = hold(np.array([[pair.simultaneous_interval for pair in study] for study in found]), truths)
    return Outcome(
        coverage=float(covered.mean()),
        coverage_error=float(covered.mean(axis=1).std(ddof=1) / np.sqrt(studies)),
        family_coverage=float(all_covered.all(axis=1).mean()),
        false_better=share_wrong([[pair.verdict for pair in study] for study in found], truths),
        equivalent=float(np.mean([[pair.verdict is Verdict.EQUIVALENT for pair in study] for study in found])),
        models_better=share_wrong([[pair.model_verdict for pair in study] for study in found], truths),
    )


def hold(intervals: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Return which intervals, shape (studies, pairs, 2), hold the true difference of their pair."""
    return (intervals[..., 0] <= truths) & (truths <= intervals[..., 1])


def share_wrong(verdicts: list[list[Verdict | None]], truths: np.ndarray) -> float:
    """Return the share of studies in which a method is called better that is not, or worse."""
    named = np.array(verdicts, dtype=object)
    wrong = ((named == Verdict.BETTER) & (truths <= 0)) | ((named == Verdict.WORSE) & (truths >= 0))
    return float(wrong.any(axis=1).mean())


UNLIKE = (0.001, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03)  # methods whose seeds vary unlike


def print_table(studies: int) -> None:
    """Print what the design goals ask, and how it stands where seeds vary unlike and where there is one seed."""
    print(f"{studies} studies each; equivalence: of one method to seven that are worse by the margin")
    print("seeds examples seed SD | coverage ± error | all simultaneous | false better | equivalent at the margin")
    for examples, seeds in itertools.product((810, 9815), (3, 5, 1)):
        for name, deviations in [("0", (0.0,) * 8), ("0.5", (0.005,) * 8), ("1.5", (0.015,) * 8), ("unlike", UNLIKE)]:
            outcome = simulate(Design(seeds, examples, deviations), studies)
            shifted = Design(seeds, examples, deviations, shifts=(MARGIN, *(0.0,) * 7))
            at_margin = simulate(shifted, studies, pairs=[("0", str(other)) for other in range(1, 8)])
            print(
                f"{seeds:5} {examples:8} {name:>7} | {outcome.coverage:.3f} ± {outcome.coverage_error:.3f}    | "
                f"{outcome.family_coverage:.3f}            | {outcome.false_better:.3f} "
                f"(models {outcome.models_better:.3f}) | {at_margin.equivalent:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    print_table(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)

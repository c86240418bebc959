"""What held and what did not, in two sentences; and what kind of replication it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fineprint.core import formats
from fineprint.core.records import Basis, ComparedMean, ComparedVerdict, Outcome, Replication, Scope, Shift, Verdict
from fineprint.reporting.words import Words

WORDS = Words("replication")
MOST_NAMED = 3  # pairs or methods in a sentence
FAILED = (Outcome.REVERSED, Outcome.CONTRADICTED)
CHANCE = 0.05  # of intervals of 95 % that miss


@dataclass(frozen=True)
class Tile:
    """A figure of the summary."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Tally:
    """What became of the verdicts and means of a replication."""

    conclusions: list[ComparedVerdict]  # of the first study: verdicts other than inconclusive
    held: list[ComparedVerdict]  # of these
    weakened: list[ComparedVerdict]  # of these: another verdict, but no contradiction
    failed: list[ComparedVerdict]  # contradicted, the reversed ones first
    gained: list[ComparedVerdict]  # inconclusive in the first study alone
    turned: list[ComparedVerdict]
    within: list[ComparedMean]
    small: list[ComparedMean]
    outside: list[ComparedMean]

    @classmethod
    def of(cls, replication: Replication) -> Tally:
        """Count what a replication found."""
        verdicts, means = replication.verdicts, replication.means
        conclusions = [found for found in verdicts if found.first.verdict != Verdict.INCONCLUSIVE]
        others = [found for found in verdicts if found.first.verdict == Verdict.INCONCLUSIVE]
        return cls(
            conclusions=conclusions,
            held=[found for found in conclusions if found.outcome == Outcome.HELD],
            weakened=[found for found in conclusions if found.outcome == Outcome.CHANGED],
            failed=[found for outcome in FAILED for found in verdicts if found.outcome == outcome],
            gained=[found for found in others if found.outcome != Outcome.HELD],
            turned=[found for found in verdicts if found.turned],
            within=[mean for mean in means if mean.shift == Shift.WITHIN],
            small=[mean for mean in means if mean.shift == Shift.SMALL],
            outside=[mean for mean in means if mean.shift == Shift.OUTSIDE],
        )


def say_verdict(replication: Replication) -> list[str]:
    """Return the two sentences that decide: what held, and what did not."""
    if not replication.means:
        return [WORDS("held", "cost_only")]
    return [say_what_held(replication), say_what_failed(replication)]


def say_what_held(replication: Replication) -> str:
    """Return the sentence on what held."""
    tally, identical = Tally.of(replication), replication.identical
    outcome = "identical" if is_identical(replication) else "conclusions" if tally.conclusions else "no_conclusions"
    return WORDS(
        "held",
        outcome,
        runs=identical.runs,
        weights=identical.trained and identical.trained == identical.same_weights,
        held=len(tally.held),
        conclusions=len(tally.conclusions),
        within=len(tally.within),
        means=len(replication.means),
    )


def say_what_failed(replication: Replication) -> str:
    """Return the sentence on what did not hold, from what weighs most to what weighs least."""
    tally = Tally.of(replication)
    reversed_ones = [found for found in tally.failed if found.outcome == Outcome.REVERSED]
    for outcome, found in (("reversed", reversed_ones), ("contradicted", tally.failed)):
        if found:
            pairs = name_pairs(replication, found)
            return WORDS("failed", outcome, count=len(found), total=len(tally.failed), pairs=pairs, more=more(found))
    if tally.outside:
        named, outcome = name_methods(replication, tally.outside), "scores"
        if any(speaks_of_models(mean) for mean in tally.outside):
            outcome = "model_scores"
        return WORDS("failed", outcome, count=len(tally.outside), methods=named, more=more(tally.outside))
    if tally.weakened:
        pairs = name_pairs(replication, tally.weakened)
        return WORDS("failed", "weakened", count=len(tally.weakened), pairs=pairs, more=more(tally.weakened))
    return WORDS("failed", "nothing")


def is_identical(replication: Replication) -> bool:
    """Return whether both studies have the same runs of their common methods, and all of these came out the same."""
    same_seeds = sorted(replication.first.seeds) == sorted(replication.second.seeds)
    return (
        same_seeds and not replication.missing and replication.identical.runs == replication.identical.same_scores > 0
    )


def name_pairs(replication: Replication, found: list[ComparedVerdict]) -> list[str]:
    """Return the first of some pairs, each with its place and both verdicts."""
    return [
        WORDS(
            "pair",
            first=replication.methods[verdict.first.first],
            second=replication.methods[verdict.first.second],
            place=name_place(replication, verdict.first.task, verdict.first.split),
            before=verdict.first.verdict,
            after=verdict.second.verdict,
        )
        for verdict in found[:MOST_NAMED]
    ]


def name_methods(replication: Replication, found: list[ComparedMean]) -> list[str]:
    """Return the first of some methods, each with its place and its difference."""
    return [
        WORDS(
            "moved",
            method=replication.methods[mean.first.method],
            place=name_place(replication, mean.first.task, mean.first.split),
            difference=mean.difference,
        )
        for mean in found[:MOST_NAMED]
    ]


def name_place(replication: Replication, task: str, split: str) -> str:
    """Return a split, with its task where there are several."""
    return WORDS("place", "several" if len(replication.tasks) > 1 else "one", task=task, split=split)


def more(found: list[ComparedVerdict] | list[ComparedMean]) -> int:
    """Return how many are not named."""
    return max(0, len(found) - MOST_NAMED)


def list_tiles(replication: Replication) -> list[Tile]:
    """Return the figures of the summary; none where no accuracy was compared."""
    if not replication.means:
        return []
    tally = Tally.of(replication)
    best = [lead for lead in replication.leads if lead.same_best]
    reversed_ones = len(replication.reversed)
    tiles = [
        tile("conclusions", f"{len(tally.held)} / {len(tally.conclusions)}", weakened=len(tally.weakened)),
        tile("contradicted", str(len(tally.failed)), reversed=reversed_ones),
        tile("scores", f"{len(tally.within)} / {len(replication.means)}", expected=len(replication.means) * CHANCE),
        tile("best", f"{len(best)} / {len(replication.leads)}", tasks=len(replication.leads)),
        tile("identical", f"{replication.identical.same_scores} / {replication.identical.runs}"),
        tile("gained", str(len(tally.gained))),
    ]
    return [found for found in tiles if not found.value.endswith(" / 0")]


def tile(name: str, value: str, **values: object) -> Tile:
    """Return a tile with its words."""
    return Tile(WORDS("tile", name), value, WORDS("tile_note", name, **values))


def say_kind(replication: Replication) -> list[str]:
    """Return what kind of replication this is: what both studies share, what differs, and what to expect of that."""
    named = {same: name_aspects(replication, same) for same in (True, False, None)}
    sentences = [
        WORDS("aspects", key, names=named[same])
        for key, same in (("same", True), ("different", False), ("unknown", None))
        if named[same]
    ]
    return [*sentences, WORDS("kind", find_kind(replication))]


def name_aspects(replication: Replication, same: bool | None) -> list[str]:
    """Return the aspects that are alike, that differ, or of which this is not known."""
    return [WORDS("aspect", aspect.name) for aspect in replication.aspects if aspect.same is same]


def find_kind(replication: Replication) -> str:
    """Return what the differences in scores may come from, the weightiest cause first."""
    different = {aspect.name for aspect in replication.aspects if aspect.same is False}
    unknown = {aspect.name for aspect in replication.aspects if aspect.same is None}
    causes = {
        "settings": {"settings"},
        "examples": {"test examples", "training examples", "data seed"},
        "seeds": {"seeds"},
        "code": {"code"},
        "machine": {"threads", "versions", "hardware"},
    }
    kind = next((kind for kind, names in causes.items() if names & different), None)
    return kind or ("unknown" if unknown else "repetition")


def say_more(replication: Replication) -> list[str]:
    """Return what the first two sentences leave out."""
    tally = Tally.of(replication)
    said = [
        *(say_missing(replication, study) for study in ("first", "second")),
        WORDS("turned", count=len(tally.turned)) if tally.turned else "",
        WORDS("identical", found=replication.identical) if replication.identical.runs else "",
        *(say_lead(replication, index) for index in range(len(replication.leads))),
    ]
    return list(filter(None, said))


def say_missing(replication: Replication, study: str) -> str:
    """Return which methods a study has not scored though the other has; empty where there are none."""
    place = "several" if len(replication.tasks) > 1 else "one"
    named = [
        WORDS("lacking", place, method=replication.methods[missing.method], task=missing.task)
        for missing in replication.missing
        if missing.study == study
    ]
    return WORDS("missing", study, names=named) if named else ""


def say_lead(replication: Replication, index: int) -> str:
    """Return who leads a task in both studies."""
    lead = replication.leads[index]
    first, second = ([replication.methods[method] for method in group] for group in (lead.first, lead.second))
    outcome = "same" if lead.same_best else "tied" if lead.second[0] in lead.first else "other"
    place = name_place(replication, lead.task, lead.split)
    return WORDS("lead", outcome, place=place, first=first, second=second)


def speaks_of_models(mean: ComparedMean) -> bool:
    """Return whether one of two means has one seed, and so speaks of a trained model alone."""
    return Scope.TRAINED_MODEL in (mean.first.scope, mean.second.scope)


def has_basis(means: Iterable[ComparedMean], basis: Basis) -> bool:
    """Return whether any of the intervals rests on this."""
    return any(mean.basis == basis for mean in means)


def name_machines(replication: Replication) -> dict[str, str]:
    """Return the hardware of both studies, for captions."""
    aspect = next(aspect for aspect in replication.aspects if aspect.name == "hardware")
    return {"first": formats.join(aspect.first), "second": formats.join(aspect.second)}

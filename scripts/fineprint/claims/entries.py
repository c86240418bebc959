"""Claims as data: the entries of report/claims.yaml, read and checked."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from fineprint.claims.expectations import Expected
from fineprint.claims.quantities import QUANTITIES, Quantity
from fineprint.claims.requirements import Requirements
from fineprint.core.settings import Settings, SettingsError, read_model


class Test(Settings):
    """One figure that must be as a claim says.

    Attributes:
        quantity: a name in quantities.py, with `arguments` where it takes any.
        expected: what the figure must be.
        requires: what makes it testable.
    """

    quantity: str
    arguments: dict[str, Any] = {}
    expected: Expected
    requires: Requirements = Requirements()

    @model_validator(mode="after")
    def check_quantity(self) -> Test:
        """Refuse an unknown quantity, wrong arguments, and an expectation that does not fit it."""
        if self.quantity not in QUANTITIES:
            raise ValueError(f"quantity '{self.quantity}' is unknown; accepted: {', '.join(sorted(QUANTITIES))}")
        wanted = list(inspect.signature(self.measures.measure).parameters)[1:]
        if sorted(self.arguments) != sorted(wanted):
            raise ValueError(f"quantity '{self.quantity}' takes the arguments {', '.join(wanted) or 'none'}")
        if self.expected.beats and self.quantity != "accuracy_difference":
            raise ValueError("`beats` needs a comparison of accuracies: the quantity 'accuracy_difference'")
        return self

    @property
    def measures(self) -> Quantity:
        """The quantity itself."""
        return QUANTITIES[self.quantity]


class Claim(Test):
    """A claim. `match` and `against` are dotted paths into a method's settings, as in checklist.yaml; the two methods
    of a comparison must agree on every path of `same`. `also` are further figures that must be as it says."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    part: str
    claim: str
    claimed: str
    match: dict[str, Any] = Field(min_length=1)
    against: dict[str, Any] | None = None
    same: tuple[str, ...] = ("backbone.entry", "memory", "prediction_batch_size")
    also: tuple[Test, ...] = ()

    @property
    def tests(self) -> list[Test]:
        """All figures that must be as the claim says."""
        return [self, *self.also]

    @model_validator(mode="after")
    def check_methods(self) -> Claim:
        """Refuse a second method too many or too few."""
        compares = [test for test in self.tests if test.measures.compares]
        if compares and self.against is None:
            raise ValueError(f"quantity '{compares[0].quantity}' compares two methods: expected `against`")
        if not compares and self.against is not None:
            raise ValueError(f"quantity '{self.quantity}' is about one method: `against` is not allowed")
        return self


def read_claims(path: Path) -> list[Claim]:
    """Return the claims of a file.

    Raises:
        SettingsError: every mistake found, a sentence each, naming the entry.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = content.get("claims") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise SettingsError(f"{path.name}: expected a list of claims under the key `claims`.")
    problems: list[str] = []
    claims = [read_claim(entry, f"{path.name}, claim {n}", problems) for n, entry in enumerate(entries, start=1)]
    names = [claim.name for claim in claims if claim]
    problems += [f"{path.name}: the name '{name}' is used twice." for name in set(names) if names.count(name) > 1]
    if problems:
        raise SettingsError("Invalid claims:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return [claim for claim in claims if claim]


def read_claim(entry: Any, where: str, problems: list[str]) -> Claim | None:
    """Return one claim, or None with its mistakes noted."""
    if not isinstance(entry, dict):
        problems.append(f"{where}: expected a mapping with the keys {', '.join(Claim.model_fields)}.")
        return None
    return read_model(Claim, entry, f"{where} ({entry.get('name', 'without a name')})", problems)

"""All checks on a GPU, in the order in which they are run."""

from __future__ import annotations

from typing import Any

from answer_checks import ANSWERS
from checks import CHECKS
from memory_checks import MEMORY
from resuming_checks import RESUMING

# What must come last stands last in CHECKS.
ALL: dict[str, Any] = {**RESUMING, **MEMORY, **ANSWERS, **CHECKS}

"""bitsandbytes' paged 8-bit AdamW, which waits for the GPU once per step instead of once per tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from bitsandbytes.optim import PagedAdamW8bit


class PagedAdamW(PagedAdamW8bit):
    """The same update of every tensor. Only state that is really paged, which small tensors' is not, needs waiting."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient."""
        loss = closure() if closure is not None else None
        if not self.initialized:
            self.check_overrides()
            self.to_gpu()
            self.initialized = True
        # As bitsandbytes 0.50.2's own `step`, which waits for the GPU behind each tensor.
        for group_number, group in enumerate(self.param_groups):
            for number, parameter in enumerate(group["params"]):
                if parameter.grad is not None:
                    self.update_one(group, parameter, group_number, number)
        if any(self.holds_pages(state) for state in self.state.values()):
            torch.cuda.synchronize()
        return loss

    def update_one(self, group: dict[str, Any], parameter: torch.Tensor, group_number: int, number: int) -> None:
        """Update one tensor, its state made when it is first seen."""
        if not self.state[parameter]:
            self.init_state(group, parameter, group_number, number)
        self.prefetch_state(parameter)
        self.update_step(group, parameter, group_number, number)

    @staticmethod
    def holds_pages(state: dict[str, Any]) -> bool:
        """Return whether a tensor's state lies in memory that moves between GPU and computer."""
        return any(getattr(value, "is_paged", False) for value in state.values())

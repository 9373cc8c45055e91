"""What every step of a promotion takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.promotion import Promotion
from sluice.stores.deployment import Deployment


@dataclass(frozen=True, slots=True)
class StepInput:
    """Ids, and what Step Functions adds: the token of a waiting task, the error of a failed one."""

    tenant: str
    project: str
    promotion_id: str
    task_token: str | None = None
    error: Mapping[str, Any] | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> StepInput:
        return cls(
            event["tenant"],
            event["project"],
            event["promotion_id"],
            event.get("task_token"),
            event.get("error"),
        )


Step = Callable[[Deployment, StepInput, Promotion], dict[str, Any]]
"""Gives `outcome`, on which the state machine chooses; expected failures are outcomes."""

"""What the card about a prediction shows of it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from sluice.cli.story_card import story_card

STORY: dict[str, Any] = {
    "prediction_id": "r.0",
    "at": "2026-11-28T06:51:54.000Z",
    "environment": "production",
    "request": {"principal": "app"},
    "model": {"name": "credit", "version": 1, "outcome": "first", "run_id": "run", "digest": "d" * 64},
    "dataset": {"key": "data.csv", "version_id": "v", "sha256": "s"},
    "code_digest": "c",
    "project_version": 1,
    "project_digest": "p" * 64,
    "approval": {"decisions": [], "status": "approved", "requested_by": "ann"},
    "forgotten": [],
    "feedback": None,
    "threshold": 0.5,
    "output": {"label": "1", "probability": {"0": 0.25, "1": 0.75}},
    "explanation": {
        "unit": "log-odds",
        "base": 0.0,
        "output": 1.0,
        "withheld": 0.0,
        "reasons": [],
        "protected_ranked": False,
        "contributions": [
            {"feature": "amount", "value": 7882.0, "contribution": 0.5},
            {"feature": "rate", "value": 0.125, "contribution": 0.3},
            {"feature": "savings", "value": None, "contribution": 0.2},
        ],
    },
    "counterfactuals": {
        "reason": None,
        "found": [
            {
                "changes": [{"feature": "amount", "was": 7882.0, "to": 1200.5}],
                "label": "0",
                "probability": 0.4,
            }
        ],
    },
}


def test_values_are_written_as_people_write_them() -> None:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(story_card(STORY))
    shown = " ".join(captured.get().split())

    assert "amount 7882 +0.500" in shown
    assert "rate 0.125 +0.300" in shown
    assert "savings missing +0.200" in shown
    assert "amount 7882 → 1200.5: 0 (0.4000)" in shown

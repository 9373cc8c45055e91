"""What docs/events lists is what the platform tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from sluice.domain.event import EventType

EVENTS = Path(__file__).parents[2] / "docs" / "events"


@pytest.mark.parametrize("kind", get_args(EventType))
def test_every_event_has_a_schema_and_a_line(kind: str) -> None:
    schema = json.loads((EVENTS / f"{kind}.json").read_text())

    assert schema["properties"]["type"]["const"] == kind
    assert f"[{kind}]({kind}.json)" in (EVENTS / "README.md").read_text()


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(get_args(EventType))

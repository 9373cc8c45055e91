"""What docs/scoring.md lists is what is there, and the permission table knows every address."""

from __future__ import annotations

import re
from pathlib import Path

from functions.predict.routes import ROUTES
from sluice.web.permissions import RULES
from tests.unit.predict.room import Room

ADDRESSES = [f"{method} /{pattern}" for method, pattern, _ in ROUTES]
PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text(encoding="utf-8")


def test_the_page_lists_every_address_once() -> None:
    listed = [
        f"{method} {address}"
        for method, address in re.findall(r"^\| (GET|POST) \| `([^`]+)` \|", PAGE, re.MULTILINE)
    ]

    assert listed == ADDRESSES


def test_the_permission_table_knows_every_address() -> None:
    known = {route for rule in RULES for route in rule.routes}

    assert set(ADDRESSES) <= known


def test_the_page_lists_the_headers_of_an_answer() -> None:
    listed = set(re.findall(r"^\| `(x-sluice-[a-z-]+)` \|", PAGE, re.MULTILINE))

    assert listed == {name for name in Room().invoke().headers if name.startswith("x-sluice-")}

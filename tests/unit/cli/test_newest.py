"""Commands that name nothing mean the newest one, and say so where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from sluice.cli.newest import newest
from sluice.client.api import Api
from sluice.domain.errors import Invalid


class Kept:
    """An API that lists these."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = items

    def of(self, project: str, kind: str, *, limit: int) -> Iterator[dict[str, Any]]:
        return iter(self.items[:limit])


def api(*items: dict[str, Any]) -> Api:
    return cast("Api", Kept(*items))


def test_the_first_of_the_list_is_the_newest() -> None:
    assert (
        newest(api({"training_id": "b"}, {"training_id": "a"}), "credit", "trainings")["training_id"] == "b"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [("trainings", "credit has no trainings yet"), ("drift", "credit has no drift reports yet")],
)
def test_a_project_without_any_says_so_instead_of_asking_for_nothing(kind: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        newest(api(), "credit", kind)

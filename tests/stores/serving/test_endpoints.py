"""Endpoints move from revision to revision by conditional writes, and keep their history."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.endpoints import Endpoint, Variant
from sluice.domain.errors import Conflict, Invalid
from sluice.stores.endpoints import EndpointStore
from tests.stores.deployments import MotoDeployment


def variant(version: int, weight: int = 100, name: str = "champion") -> Variant:
    refs = {
        name: ArtefactRef("artifacts", f"m/{version}/{name}", "v1", "0" * 64, 10)
        for name in ("model", "manifest")
    }
    return Variant(name, version, "d" * 64, weight, refs)


def put(
    store: EndpointStore, *variants: Variant, expected: int, change: str, environment: str = "production"
) -> Endpoint:
    return store.put_revision(
        "default",
        "credit",
        environment,
        variants=variants,
        promotion_id="p1",
        change_id=change,
        expected_revision=expected,
    )


@pytest.fixture
def store(deployment: MotoDeployment) -> EndpointStore:
    return EndpointStore(deployment.platform)


def test_a_revision_is_what_serves_and_stays_in_the_history(store: EndpointStore) -> None:
    first = put(store, variant(1), expected=0, change="a")
    second = put(store, variant(1, 95), variant(2, 5, "challenger"), expected=1, change="b")

    assert store.get("default", "credit", "production") == second
    assert [each.revision for each in store.history("default", "credit", "production")] == [2, 1]
    assert store.revision("default", "credit", "production", 1) == first
    assert second.salt == first.salt


def test_the_same_change_made_twice_is_one_revision(store: EndpointStore) -> None:
    first = put(store, variant(1), expected=0, change="a")
    again = put(store, variant(1), expected=0, change="a")

    assert again == first
    assert len(store.history("default", "credit", "production")) == 1


def test_a_change_to_what_somebody_else_changed_is_a_conflict(store: EndpointStore) -> None:
    put(store, variant(1), expected=0, change="a")

    with pytest.raises(Conflict):
        put(store, variant(2), expected=0, change="b")
    with pytest.raises(Conflict):
        put(store, variant(2), expected=7, change="c")


@pytest.mark.parametrize(
    "variants",
    [[], [variant(1, 0)], [variant(1, -1)], [variant(1), variant(2)], [Variant("a", 1, "d", 1, {})]],
)
def test_variants_that_cannot_serve_are_refused(store: EndpointStore, variants: Sequence[Variant]) -> None:
    with pytest.raises(Invalid):
        put(store, *variants, expected=0, change="a")


def test_endpoints_are_listed_by_environment_and_unknown_ones_are_none(store: EndpointStore) -> None:
    put(store, variant(1), expected=0, change="a", environment="staging")
    put(store, variant(1), expected=0, change="b")

    assert [each.environment for each in store.list("default", "credit")] == ["production", "staging"]
    assert store.get("default", "credit", "nowhere") is None
    assert store.get("another", "credit", "production") is None

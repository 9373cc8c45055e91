from __future__ import annotations

import pytest

from sluice.domain.errors import AlreadyExists, NotFound
from sluice.stores.tracking import Tracking
from sluice.stores.tracking.versions import NewVersion

TENANT = "default"
RUN = "a" * 32


@pytest.fixture
def model(tracking: Tracking) -> str:
    return tracking.registry.create(TENANT, "credit").name


def version(tracking: Tracking, model: str, token: str = "") -> int:
    return tracking.create_model_version(TENANT, model, source="s", run_id=RUN, token=token)


def test_versions_are_dense_and_one_a_token(tracking: Tracking, model: str) -> None:
    assert [version(tracking, model, token) for token in ("a", "b", "a", "", "")] == [1, 2, 1, 3, 4]
    assert tracking.versions.of_run(TENANT, RUN) == [
        (tracking.registry.get(TENANT, model).uid, number) for number in (1, 2, 3, 4)
    ]


def test_an_alias_moves_from_version_to_version(tracking: Tracking, model: str) -> None:
    for _ in range(2):
        version(tracking, model)
    tracking.set_alias(TENANT, model, "champion", 1)
    tracking.set_alias(TENANT, model, "champion", 2)
    found = tracking.versions.by_alias(TENANT, model, "champion")
    assert found is not None
    assert (found.version, found.aliases) == (2, ("champion",))
    assert tracking.versions.get(TENANT, model, 1).aliases == ()
    with pytest.raises(NotFound, match="version=3"):
        tracking.set_alias(TENANT, model, "champion", 3)
    with pytest.raises(NotFound, match="Registered Model"):
        tracking.set_alias(TENANT, "nobody", "champion", 3)
    assert tracking.versions.by_alias(TENANT, model, "challenger") is None


def test_what_was_found_once_is_not_believed_later(tracking: Tracking, model: str) -> None:
    """A reader remembers where a version was; meanwhile others move the alias, or replace the model."""
    for _ in range(2):
        version(tracking, model)

    def champion() -> int | None:
        found = tracking.versions.by_alias(TENANT, model, "champion")
        return None if found is None else found.version

    for number in (1, 2, 1):
        tracking.set_alias(TENANT, model, "champion", number)
        assert [champion(), champion()] == [number, number]
    tracking.registry.delete_aliases(TENANT, model, ["champion"])
    assert champion() is None
    tracking.set_alias(TENANT, model, "champion", 2)
    assert champion() == 2
    tracking.registry.delete(TENANT, model)
    tracking.registry.create(TENANT, model)
    assert champion() is None
    with pytest.raises(NotFound):
        tracking.versions.get(TENANT, model, 2)
    version(tracking, model)
    tracking.set_alias(TENANT, model, "champion", 1)
    assert champion() == 1


def test_a_rename_takes_versions_tags_and_aliases_along(tracking: Tracking, model: str) -> None:
    version(tracking, model)
    tracking.set_alias(TENANT, model, "champion", 1)
    tracking.registry.set_tag(TENANT, model, "k", "v")
    tracking.registry.create(TENANT, "taken")
    with pytest.raises(AlreadyExists):
        tracking.registry.rename(TENANT, model, "taken")
    tracking.registry.rename(TENANT, model, "loans")
    found = tracking.registry.get(TENANT, "loans")
    assert (found.name, found.tags, found.aliases) == ("loans", {"k": "v"}, {"champion": 1})
    assert tracking.versions.get(TENANT, "loans", 1).name == "loans"
    with pytest.raises(NotFound):
        tracking.registry.get(TENANT, model)


def test_a_deleted_version_is_gone_and_its_number_stays_used(tracking: Tracking, model: str) -> None:
    for _ in range(2):
        version(tracking, model)
    tracking.set_alias(TENANT, model, "champion", 2)
    tracking.versions.delete(TENANT, model, 2)
    with pytest.raises(NotFound):
        tracking.versions.get(TENANT, model, 2)
    assert tracking.registry.get(TENANT, model).latest == {"None": 1}
    assert tracking.registry.get(TENANT, model).aliases == {}
    assert version(tracking, model) == 3


def test_a_deleted_model_leaves_nothing_and_begins_anew(tracking: Tracking, model: str) -> None:
    version(tracking, model, "t")
    tracking.registry.set_tag(TENANT, model, "k", "v")
    tracking.registry.delete(TENANT, model)
    with pytest.raises(NotFound):
        tracking.registry.get(TENANT, model)
    tracking.registry.create(TENANT, model)
    assert tracking.registry.get(TENANT, model).tags == {}
    assert version(tracking, model, "t") == 1


def test_stages_move_and_archive(tracking: Tracking, model: str) -> None:
    for _ in range(3):
        version(tracking, model)
    tracking.versions.set_stage(TENANT, model, 1, "Production", archive=False)
    tracking.versions.set_stage(TENANT, model, 2, "Production", archive=True)
    registered = tracking.registry.get(TENANT, model)
    assert registered.latest == {"Archived": 1, "Production": 2, "None": 3}
    newest = tracking.versions.latest(TENANT, [registered])[model]
    assert sorted((one.stage, one.version) for one in newest) == [
        ("Archived", 1),
        ("None", 3),
        ("Production", 2),
    ]


def test_tags_of_versions_come_back(tracking: Tracking, model: str) -> None:
    made = tracking.versions.create(TENANT, model, NewVersion("s", tags={"a": "b"}))
    tracking.versions.set_tag(TENANT, model, made.version, "ü" * 250, "x" * 100_000)
    assert tracking.versions.get(TENANT, model, 1).tags == {"a": "b", "ü" * 250: "x" * 100_000}
    tracking.versions.delete_tag(TENANT, model, 1, "a")
    assert "a" not in tracking.versions.get(TENANT, model, 1).tags
    assert [
        one.version for one in tracking.versions.of_model(TENANT, tracking.registry.get(TENANT, model))
    ] == [1]

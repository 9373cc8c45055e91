from __future__ import annotations

import pytest

from sluice.domain.errors import AlreadyExists, Invalid, NotFound
from sluice.domain.tracking.entities import ACTIVE, DELETED
from sluice.stores.tracking import Tracking

TENANT = "default"


def test_a_name_is_taken_once_even_by_a_deleted_experiment(tracking: Tracking) -> None:
    made = tracking.experiments.create(TENANT, "credit", tags={"a": "b"})
    with pytest.raises(AlreadyExists, match=r"already exists$"):
        tracking.experiments.create(TENANT, "credit")
    tracking.experiments.set_lifecycle(TENANT, made, DELETED)
    with pytest.raises(AlreadyExists, match="deleted state"):
        tracking.experiments.create(TENANT, "credit")
    assert tracking.ensure_experiment(TENANT, "credit") == made
    assert tracking.experiments.get_by_name(TENANT, "credit").lifecycle_stage == ACTIVE


def test_the_default_experiment_is_always_there(tracking: Tracking) -> None:
    assert tracking.experiments.get(TENANT, "0").name == "Default"
    assert tracking.ensure_experiment(TENANT, "Default") == "0"


def test_a_rename_frees_the_old_name(tracking: Tracking) -> None:
    made = tracking.experiments.create(TENANT, "credit")
    tracking.experiments.create(TENANT, "taken")
    with pytest.raises(AlreadyExists):
        tracking.experiments.rename(TENANT, made, "taken")
    tracking.experiments.rename(TENANT, made, "loans")
    assert tracking.experiments.get_by_name(TENANT, "loans").experiment_id == made
    with pytest.raises(NotFound):
        tracking.experiments.get_by_name(TENANT, "credit")


def test_tags_of_an_experiment(tracking: Tracking) -> None:
    made = tracking.experiments.create(TENANT, "credit", tags={"a": "b"})
    tracking.experiments.set_tag(TENANT, made, "ü" * 250, "x" * 20_000)
    assert tracking.experiments.get(TENANT, made).tags == {"a": "b", "ü" * 250: "x" * 20_000}
    tracking.experiments.delete_tag(TENANT, made, "a")
    with pytest.raises(NotFound):
        tracking.experiments.delete_tag(TENANT, made, "a")
    with pytest.raises(NotFound):
        tracking.experiments.set_tag(TENANT, "999", "a", "b")


def test_a_deleted_experiment_takes_no_runs(tracking: Tracking) -> None:
    made = tracking.experiments.create(TENANT, "credit")
    tracking.experiments.set_lifecycle(TENANT, made, DELETED)
    with pytest.raises(Invalid, match="'active' state"):
        tracking.create_run(TENANT, made, name="x")
    with pytest.raises(NotFound):
        tracking.experiments.set_lifecycle(TENANT, made, DELETED)

"""Profiles of the embedded AWS: names, ports, and what is said after a kill."""

import json
import os
from pathlib import Path

import pytest

from sluice.local.losses import what_may_be_lost
from sluice.local.profile import ACCOUNT, Profile, choose_port, profile_named, remember_port


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        profile_named(name, tmp_path)


def test_a_profile_keeps_its_port(tmp_path: Path) -> None:
    profile = profile_named("one", tmp_path)
    remember_port(profile, 5123)

    assert choose_port(profile, None, lambda _: True) == 5123
    assert choose_port(profile, 5124, lambda _: True) == 5124


def test_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    profile = profile_named("demo", tmp_path)
    remember_port(profile, 5123)

    assert choose_port(profile, None, lambda port: port not in {5123, 4666}) == 4667


def test_nothing_is_lost_after_a_clean_end(tmp_path: Path) -> None:
    assert what_may_be_lost(_profile(tmp_path)) == []


def test_after_a_kill_before_any_snapshot_the_stack_is_empty(tmp_path: Path) -> None:
    profile = _killed(tmp_path)

    assert what_may_be_lost(profile) == [
        "The embedded AWS was killed before it had written anything: the stack starts empty."
    ]


def test_after_a_kill_the_snapshot_s_time_and_newer_objects_are_named(tmp_path: Path) -> None:
    profile = _killed(tmp_path)
    profile.snapshot.write_text(json.dumps({"at": 1_000_000.0, "clean": False}))
    for name, changed in (("old.csv", 999_000), ("new.csv", 1_000_100), ("new.csv.meta.json", 1_000_100)):
        file = profile.objects / ACCOUNT / "sluice-dev-data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (changed, changed))

    said = what_may_be_lost(profile)

    assert len(said) == 2
    assert said[0].startswith("The embedded AWS was killed. Tables are as of ")
    assert said[1].startswith("1 object(s) in S3 are newer than the tables")


def _profile(folder: Path) -> Profile:
    profile = profile_named("p", folder)
    profile.folder.mkdir(parents=True)
    return profile


def _killed(folder: Path) -> Profile:
    profile = _profile(folder)
    profile.process.write_text(json.dumps({"pid": 1, "port": 1}))
    return profile

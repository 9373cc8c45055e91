"""project.yaml as text."""

from pathlib import Path

import pytest

from sluice.cli.project_yaml import load_spec, read_yaml
from sluice.domain.errors import Invalid


def test_words_stay_words_and_times_stay_texts() -> None:
    text = "a: [yes, no, on, off, true, False]\nb: 2026-11-23\nc: 1.5\nd: null\n"
    assert read_yaml(text) == {
        "a": ["yes", "no", "on", "off", True, False],
        "b": "2026-11-23",
        "c": 1.5,
        "d": None,
    }


def test_a_key_that_occurs_twice_is_refused_with_its_line() -> None:
    with pytest.raises(Invalid) as caught:
        read_yaml("a: 1\nb: 2\na: 3\n")
    assert [(each.path, each.message) for each in caught.value.reasons] == [
        ("line 3, column 1", "a occurs twice")
    ]


def test_what_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(Invalid) as caught:
        read_yaml("a: [1, 2\nb: 3\n")
    assert caught.value.reasons[0].path.startswith("line 2")


def test_nothing_of_python_is_made() -> None:
    with pytest.raises(Invalid):
        read_yaml("!!python/object/apply:os.system [echo]")


def test_a_folder_without_one_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="sluice project init"):
        load_spec(tmp_path)

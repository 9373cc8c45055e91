"""What the documents say of the repository is true: their links lead somewhere, their commands are there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.rooms import ROOMS
from infra.stages import stage_named
from tests.infra.conftest import ROOT

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MAKE = re.compile(r"(?:`|^ {4})make ([a-z-]+)", re.MULTILINE)
ADR = re.compile(r"ADR[ -]0*(\d+)")


def test_links_lead_to_files() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in _documents()
        for link in LINK.findall(document.read_text())
        if not link.startswith(("http://", "https://", "mailto:")) and not (document.parent / link).exists()
    ]

    assert broken == []


def test_every_make_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for document in _documents() for name in MAKE.findall(document.read_text())}

    assert named <= targets
    assert {"demo", "test", "check"} <= named


def test_every_decision_that_is_named_is_recorded_once() -> None:
    numbers = [int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md")]
    named = {int(number) for document in _documents() for number in ADR.findall(document.read_text())}

    assert len(numbers) == len(set(numbers))
    assert named <= set(numbers)


def test_the_stages_that_operations_names_exist() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()

    for name in ("dev", "prod"):
        assert f"`{name}`" in operations
        assert stage_named(name).name == name


def test_no_file_names_a_machine_or_a_place_of_packages() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    unwanted = re.compile(r"(?<![\w./-])/(?:work|root|Users/\w+)/|files\.pythonhosted\.org")

    found = [
        name
        for name in tracked.stdout.splitlines()
        if (ROOT / name).is_file() and unwanted.search((ROOT / name).read_text(errors="ignore"))
    ]

    assert found in ([], ["tests/infra/test_documents.py"])


def test_every_room_says_what_it_is() -> None:
    for room in ROOMS:
        handler = (ROOT / "functions" / room.name / "handler.py").read_text()
        assert handler.startswith('"""'), room.name


def _documents() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    yield from (ROOT / "docs").rglob("*.md")
    yield from (ROOT / "examples").rglob("*.md")

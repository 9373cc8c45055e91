"""`project init`: a folder with a project.yaml to read and correct, training code, and tests that pass."""

import json
from collections.abc import Mapping
from pathlib import Path

from sluice.cli.project_yaml import FILE, read_yaml
from sluice.domain.errors import Invalid
from sluice.project.inference import Inferred
from sluice.project.schema import ProjectSpec, json_schema, parse_project

_STARTER = Path(__file__).parent / "starter"
_SCHEMA_FILE = ".project.schema.json"
_FILES = {
    "train.py": "train.py.template",
    "tests/test_train.py": "test_train.py.template",
    "tests/conftest.py": "conftest.py.template",
}
_HEAD = f"""\
# yaml-language-server: $schema={_SCHEMA_FILE}
# Written by `sluice project init`. Read it: roles and limits are guesses from one file.
"""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", ""})
_SHOWN_CATEGORIES = 6


def write_project(folder: Path, inferred: Inferred) -> list[Path]:
    """Write the folder's files, none over an existing one. Gives them; Invalid when one is there."""
    text = render(inferred)
    spec = parse_project(read_yaml(text))
    contents = {FILE: text, _SCHEMA_FILE: json.dumps(json_schema(), indent=1) + "\n"}
    contents |= {path: (_STARTER / name).read_text(encoding="utf-8") for path, name in _FILES.items()}
    contents["tests/columns.json"] = json.dumps(_columns_for_tests(spec, inferred), indent=1) + "\n"
    for path in contents:
        if (folder / path).exists():
            raise Invalid(f"{folder / path} exists; nothing was written")
    for path, content in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return [folder / path for path in contents]


def render(inferred: Inferred) -> str:
    """The document as YAML, a line a column, with what was seen in it as a comment."""
    document = dict(inferred.document)
    contract = document["contract"]
    if not isinstance(contract, dict):
        raise TypeError("an inferred document has a contract")
    lines = [_HEAD, *_mapping({name: document[name] for name in ("v", "name", "purpose", "owners")})]
    lines += ["", "contract:"]
    lines += [f"  {name}: {_flow(value)}" for name, value in contract.items() if name != "columns"]
    lines += ["  columns:"]
    lines += [f"    - {_flow(column)}  # {inferred.seen[column['name']]}" for column in contract["columns"]]
    for section in ("target", "training", "evaluation", "promotion"):
        lines += ["", f"{section}:", *(f"  {line}" for line in _mapping(document[section]))]
    return "\n".join(_one_line(line) for line in lines) + "\n"


def _one_line(line: str) -> str:
    """A seen value may hold a line break; a comment may not."""
    return line if line == _HEAD else "".join(each if each.isprintable() else " " for each in line).rstrip()


def _mapping(value: object) -> list[str]:
    if not isinstance(value, Mapping):
        raise TypeError("a section is a mapping")
    return [f"{name}: {_flow(inner)}" for name, inner in value.items()]


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(value: str) -> str:
    """Plain where YAML cannot read it as anything else, else quoted as in JSON."""
    plain = set(value) <= _PLAIN and not value[:1].isdigit() and value.lower() not in _NOT_TEXT
    return value if plain else json.dumps(value, ensure_ascii=not value.isprintable())


def _columns_for_tests(spec: ProjectSpec, inferred: Inferred) -> dict[str, object]:
    """What the tests make rows from: names, kinds and a few categories, never rows of the data."""
    features = spec.contract.features
    numeric = [column.name for column in features if column.dtype != "string"]
    categorical = {
        column.name: list(column.categories or ("one", "another"))[:_SHOWN_CATEGORIES]
        for column in features
        if column.dtype == "string"
    }
    return {
        "task": spec.evaluation.task,
        "target": spec.target.name,
        "classes": list(inferred.classes),
        "positive_class": spec.target.positive,
        "features": [column.name for column in features],
        "numeric": numeric,
        "categorical": categorical,
    }

"""project.yaml as it is read: YAML with modern booleans, mistakes named by line."""

import re
from pathlib import Path
from typing import Any

import yaml

from sluice.domain.errors import Invalid, Reason
from sluice.project.schema import ProjectSpec, parse_project

FILE = "project.yaml"
_BOOLEAN, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """As YAML 1.2 has it: `no` and `yes` are texts, and so are times; a key occurs once."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOLEAN, _TIMESTAMP)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, name in enumerate(names):
            if name in names[:position]:
                mark = node.value[position][0].start_mark
                raise yaml.constructor.ConstructorError(problem=f"{name} occurs twice", problem_mark=mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(_BOOLEAN, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read_yaml(text: str) -> object:
    """The document as JSON values; Invalid with line and column where it is no YAML."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else FILE
        raise Invalid(f"{FILE} is no YAML", [Reason(where, error.problem or "not YAML")]) from error
    except yaml.YAMLError as error:
        raise Invalid(f"{FILE} is no YAML", [Reason(FILE, str(error))]) from error


def load_spec(folder: Path) -> ProjectSpec:
    """The project.yaml of a folder. Raises Invalid with every mistake."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Invalid(f"{folder} has no {FILE}; `sluice project init` writes one") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text") from error
    return parse_project(read_yaml(text))

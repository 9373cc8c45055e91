"""project.yaml: what a use case is, as one document.

The published contract of the platform: `docs/project.schema.json` is generated from it. A document is parsed
at the doors (CLI and control API) and is trusted, frozen and typed after that.
"""

import hashlib
import json
from typing import Literal

from pydantic import Field, ValidationError

from sluice.domain.errors import Reason
from sluice.project.checks import check
from sluice.project.contract import Contract, Target
from sluice.project.evaluation import Evaluation
from sluice.project.monitoring import Monitoring
from sluice.project.promotion import Promotion
from sluice.project.reasons import ProjectInvalid, reasons_of, shown
from sluice.project.section import Name, Section, Text
from sluice.project.training import Training


class ProjectSpec(Section):
    """A whole project.yaml."""

    v: Literal[1] = 1
    """Version of this format."""
    name: Name
    """Part of every address of the project; it never changes."""
    purpose: Text
    """What the predictions are used for."""
    owners: tuple[Text, ...] = Field(min_length=1, max_length=20)
    """Who answers for it."""
    contract: Contract
    target: Target
    training: Training
    evaluation: Evaluation
    promotion: Promotion = Promotion()
    monitoring: Monitoring = Monitoring()


def parse_project(document: object) -> ProjectSpec:
    """The document (what JSON can say: mappings, lists, text, numbers, booleans) as a ProjectSpec.

    Raises ProjectInvalid with a reason for every mistake.
    """
    if not isinstance(document, dict):
        raise ProjectInvalid([Reason("", "not a project.yaml", shown(document), "a mapping")])
    try:
        spec = ProjectSpec.model_validate_json(json.dumps(_without_nulls(document)))
    except ValidationError as error:
        raise ProjectInvalid(reasons_of(error, ProjectSpec)) from error
    except (TypeError, ValueError) as error:
        reason = Reason("", str(error), "(not JSON)", "text, numbers, booleans, lists and mappings")
        raise ProjectInvalid([reason]) from error
    if reasons := tuple(check(spec)):
        raise ProjectInvalid(reasons)
    return spec


def _without_nulls(value: object) -> object:
    """Null says the same as absent, so that a document and its canonical form mean one thing."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def stored_project(text: str) -> ProjectSpec:
    """The specification that a project's record or version holds as JSON text."""
    return parse_project(json.loads(text))


def canonical(spec: ProjectSpec) -> bytes:
    """The one JSON form of a spec: sorted keys, defaults written out, absent values left out, UTF-8."""
    document = spec.model_dump(mode="json", exclude_none=True)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(spec: ProjectSpec) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(spec)).hexdigest()


def json_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of project.yaml for editors."""
    schema = ProjectSpec.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "project.yaml"}

"""What this room's addresses take and answer, as OpenAPI 3.1, made from the table of routes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from functions.predict import explain, mlflow_scoring, open_inference, routes
from sluice import __version__
from sluice.scoring.invocations import FORMATS
from sluice.scoring.oip import HEADER_LENGTH, MAX_ID
from sluice.scoring.tensors import DATATYPES
from sluice.web.permissions import RULES, roles_of
from sluice.web.problems import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.predict.answers import Form

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}
_JSON, _CSV, _BINARY = "application/json", "text/csv", "application/octet-stream"


def _record(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(of: Schema, **more: int) -> Schema:
    return {"type": "array", "items": of, **more}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_CELL: Schema = {"anyOf": [{"type": kind} for kind in ("number", "string", "boolean", "null")]}
_ROW: Schema = {"type": "object", "additionalProperties": _CELL}
_MODEL = _record({"name": _TEXT, "version": _TEXT, "variant": _TEXT})
_ROWS: Mapping[str, Schema] = {
    "dataframe_split": _record({"columns": _list(_TEXT), "data": _list(_list(_CELL))}, index=_list({})),
    "dataframe_records": _list(_ROW, minItems=1),
    "instances": _list({"anyOf": [_ROW, _list(_CELL), _CELL]}, minItems=1),
    "inputs": {"anyOf": [{"type": "object", "additionalProperties": _list(_CELL)}, _list(_list(_CELL))]},
}
_PARAMS = _record({}, output={"enum": ["label", "probability"]}, entity=_TEXT)
_NAMED = _record({"name": _TEXT, "datatype": _TEXT, "shape": _list({"type": "integer"})})

SCHEMAS: Mapping[str, Schema] = {
    "Tensor": _record(
        {
            "name": _TEXT,
            "shape": _list({"type": "integer", "minimum": 1}, minItems=1, maxItems=2),
            "datatype": {"enum": sorted(DATATYPES)},
        },
        data={"type": "array"},
        parameters=_record({}, binary_data_size={"type": "integer", "minimum": 0}),
    ),
    "InferRequest": _record(
        {"inputs": _list(_ref("Tensor"), minItems=1)},
        id={"type": "string", "maxLength": MAX_ID},
        parameters=_record({}, entity=_TEXT, binary_data_output={"type": "boolean"}),
        outputs=_list(_record({"name": {"enum": ["probability", "label", "value"]}}, parameters=_OBJECT)),
    ),
    "InferAnswer": _record(
        {
            "model_name": _TEXT,
            "model_version": _TEXT,
            "id": _TEXT,
            "parameters": _record({"request_id": _TEXT, "prediction_ids": _TEXT, "variant": _TEXT}),
            "outputs": _list(_NAMED),
        }
    ),
    "ModelMetadata": _record(
        {
            "name": _TEXT,
            "versions": _list(_TEXT),
            "platform": _TEXT,
            "inputs": _list(_NAMED),
            "outputs": _list(_NAMED),
        }
    ),
    "Invocation": {
        "oneOf": [
            _record({name: _ROWS[name]}, params=_PARAMS) | {"additionalProperties": False} for name in FORMATS
        ]
    },
    "Predictions": _record(
        {
            "predictions": {"type": "array"},
            "prediction_ids": _list(_TEXT),
            "classes": _list(_TEXT),
            "model": _MODEL,
        },
        explanations=_list(_OBJECT),
    ),
    "PlainRequest": {"anyOf": [_ROW, _list(_ROW, minItems=1)]},
    "PlainAnswer": _record({"rows": _list(_record({"prediction_id": _TEXT})), "model": _MODEL}),
    "OpenInferenceError": _record({"error": _TEXT}),
    "MlflowError": _record({"error_code": _TEXT, "message": _TEXT}, violations=_list(_OBJECT)),
    "Problem": _record(
        {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "code": _TEXT}
    ),
    "Explanation": _record({"prediction_id": _TEXT, "explanation": _OBJECT}, counterfactuals={}),
}
_ERRORS: Mapping[Form, tuple[str, str]] = {
    "open_inference": (_JSON, "OpenInferenceError"),
    "mlflow": (_JSON, "MlflowError"),
    "problem": (CONTENT_TYPE, "Problem"),
}
_INFER = {_JSON: _ref("InferRequest"), _BINARY: {}}
_INVOKE = {_JSON: _ref("Invocation"), _CSV: _TEXT}
Media = dict[str, Schema]

#: Door: summary, what it takes, what it answers.
DOORS: Mapping[Callable[..., Any], tuple[str, Media, Media]] = {
    routes.describe: ("This description", {}, {_JSON: _OBJECT}),
    open_inference.server_metadata: ("Server metadata", {}, {_JSON: _OBJECT}),
    open_inference.health: ("The server is there", {}, {_JSON: _OBJECT}),
    open_inference.metadata: ("Inputs, outputs and versions of a model", {}, {_JSON: _ref("ModelMetadata")}),
    open_inference.ready: ("The model is loaded", {}, {_JSON: _OBJECT}),
    open_inference.infer: ("Score tensors", _INFER, {_JSON: _ref("InferAnswer"), _BINARY: {}}),
    explain.open_inference: ("Score tensors and say why", _INFER, {_JSON: _ref("InferAnswer"), _BINARY: {}}),
    mlflow_scoring.ping: ("The models are loaded", {}, {_JSON: {}}),
    mlflow_scoring.version: ("The server's version", {}, {"text/plain": _TEXT}),
    mlflow_scoring.invocations: ("Score rows, MLflow's protocol", _INVOKE, {_JSON: _ref("Predictions")}),
    mlflow_scoring.score: (
        "Score rows, for people",
        {_JSON: _ref("PlainRequest")},
        {_JSON: _ref("PlainAnswer")},
    ),
    explain.invocations: ("Score rows and say why", _INVOKE, {_JSON: _ref("Predictions")}),
    explain.recorded: ("Say why of a score on record", {}, {_JSON: _ref("Explanation")}),
}


@cache
def document() -> Schema:
    """The same for every caller."""
    paths: dict[str, Schema] = {}
    for method, pattern, door in routes.ROUTES:
        paths.setdefault(f"/{pattern}", {})[method.lower()] = _operation(method, pattern, door)
    bearer, basic = ({"type": "http", "scheme": scheme} for scheme in ("bearer", "basic"))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sluice scoring", "version": __version__},
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"bearer": bearer, "basic": basic}},
    }


def _operation(method: str, pattern: str, door: Callable[..., Any]) -> Schema:
    summary, taken, answered = DOORS[door]
    address = f"{method} /{pattern}"
    action = next(rule.action for rule in RULES if address in rule.routes)
    kind, error = _ERRORS[routes.FORMS.get(pattern.split("/", maxsplit=1)[0], "open_inference")]
    operation: Schema = {
        "operationId": re.sub(r"\W+", "_", address.lower()).strip("_"),
        "summary": summary,
        "description": f"Roles: {', '.join(sorted(roles_of(action)))}.",
        "parameters": _parameters(pattern, taken),
        "responses": {
            "200": {"description": summary, "content": _content(answered)},
            "default": {"description": "What is wrong", "content": _content({kind: _ref(error)})},
        },
        "security": [{"bearer": []}, {"basic": []}],
    }
    if taken:
        operation["requestBody"] = {"required": True, "content": _content(taken)}
    return operation


def _parameters(pattern: str, taken: Media) -> list[Schema]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"{(\w+)}", pattern)
    ]
    if taken:
        found.append({"name": "x-sluice-entity", "in": "header", "schema": _TEXT})
    if _BINARY in taken:
        found.append({"name": HEADER_LENGTH, "in": "header", "schema": {"type": "integer", "minimum": 1}})
    if pattern.startswith("sluice/"):
        found += [{"name": name, "in": "query", "schema": _TEXT} for name in explain.PARAMETERS]
    return found


def _content(media: Media) -> Schema:
    return {kind: {"schema": schema} for kind, schema in media.items()}

"""Scoring through the two public protocols: Open Inference Protocol v2 and MLflow's /invocations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.client.errors import ClientError
from sluice.client.transport import Json, Transport

Row = Mapping[str, Any]
"""Values by column name; None is missing."""


class RowInvalid(ClientError):  # noqa: N818 - the field's word
    """A row that does not have what the model takes; the text names row and column."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`outputs` by name, one entry a row; `prediction_ids` in the order of the rows.

    `classes` name the columns of the output `probability`.
    """

    model_version: str
    prediction_ids: tuple[str, ...]
    outputs: Mapping[str, Sequence[Any]]
    classes: tuple[str, ...] = ()


def model_address(project: str, environment: str) -> str:
    """The model's name in OIP addresses: production needs no suffix."""
    return project if environment == "production" else f"{project}.{environment}"


def model_inputs(transport: Transport, model: str) -> dict[str, str]:
    """What the served model takes: datatype (OIP's words) by column name, in order."""
    metadata = transport.get(f"/v2/models/{model}")
    return {tensor["name"]: tensor["datatype"] for tensor in metadata["inputs"]}


def infer(transport: Transport, model: str, inputs: Mapping[str, str], rows: Sequence[Row]) -> Scored:
    """Score rows in one request."""
    body = {"inputs": [_tensor(name, datatype, rows) for name, datatype in inputs.items()]}
    response = transport.request("POST", f"/v2/models/{model}/infer", json=body)
    answer = response.json()
    request_id = response.headers["x-sluice-request-id"]
    outputs = {tensor["name"]: _by_row(tensor) for tensor in answer["outputs"]}
    ids = tuple(f"{request_id}.{number}" for number in range(len(rows)))
    return Scored(str(answer["model_version"]), ids, outputs, _classes(answer["outputs"]))


def _classes(outputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    named = (tensor.get("parameters", {}).get("classes") for tensor in outputs)
    found = next((classes for classes in named if classes), "")
    return tuple(found.split(",")) if found else ()


def invoke(transport: Transport, project: str, environment: str, rows: Sequence[Row]) -> Json:
    """Score rows by MLflow's protocol: labels in `predictions`."""
    body = {"dataframe_records": [dict(row) for row in rows]}
    response = transport.request("POST", f"/endpoints/{project}/{environment}/invocations", json=body)
    answer: Json = response.json()
    return answer


def _tensor(name: str, datatype: str, rows: Sequence[Row]) -> Json:
    data = [_value(name, datatype, number, row) for number, row in enumerate(rows, start=1)]
    return {"name": name, "datatype": datatype, "shape": [len(rows), 1], "data": data}


def _value(name: str, datatype: str, number: int, row: Row) -> str | float | int | bool | None:
    if name not in row:
        raise RowInvalid(f"row {number} has no {name!r}")
    value = row[name]
    if datatype == "BYTES":
        return "" if value is None else str(value)
    if value is None or value == "":
        return None
    try:
        return float(value) if datatype.startswith("FP") else _whole(value)
    except ValueError as error:
        raise RowInvalid(f"row {number}: {name} is {value!r}, which is no number ({datatype})") from error


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever a file held
    text = str(value).strip().lower()
    return int(text == "true") if text in {"true", "false"} else int(text)


def _by_row(tensor: Mapping[str, Any]) -> list[Any]:
    """A value for each row of a vector, a list for each row of a matrix."""
    width = tensor["shape"][1] if len(tensor["shape"]) > 1 else None
    data: list[Any] = tensor["data"]
    if width is None:
        return data
    return [data[start : start + width] for start in range(0, len(data), width)]

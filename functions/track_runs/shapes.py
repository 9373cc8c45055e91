"""Entities in MLflow's JSON. Doubles that are no numbers are texts, as protobuf's JSON has them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sluice.domain.tracking.entities import (
    DatasetInput,
    Experiment,
    LoggedModel,
    ModelVersion,
    Point,
    RegisteredModel,
    Run,
    Series,
    Value,
)

Shape = dict[str, Any]

_ZERO = ',"value":0.0,"timestamp":0,"step":0'


def number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def pairs(values: Mapping[str, Value]) -> list[Shape]:
    return [{"key": key, "value": value} for key, value in values.items()]


def metric(point: Point) -> Shape:
    shape: Shape = {
        "key": point.series.key,
        "value": number(point.value),
        "timestamp": point.timestamp,
        "step": point.step,
    }
    if point.series.linked_id:
        shape["model_id"] = point.series.linked_id
    return _with_dataset(shape, point)


def metric_texts(points: Iterable[Point]) -> Iterator[str]:
    """Each `metric` as JSON, without the object between: a history has many."""
    ends: dict[Series, tuple[str, str]] = {}
    for point in points:
        series, value, timestamp, step = point
        if series not in ends:
            text = json.dumps(metric(Point(series, 0.0, 0, 0)), separators=(",", ":"))
            begin, _, end = text.partition(_ZERO)
            ends[series] = begin, end
        begin, end = ends[series]
        told = repr(value) if math.isfinite(value) else f'"{number(value)}"'
        yield f'{begin},"value":{told},"timestamp":{timestamp},"step":{step}{end}'


def model_metric(point: Point, model_id: str) -> Shape:
    """A logged model's metric: linked to the run that measured it."""
    shape = metric(point)
    return {**shape, "run_id": shape.get("model_id", ""), "model_id": model_id}


def _with_dataset(shape: Shape, point: Point) -> Shape:
    if point.series.dataset_name:
        shape["dataset_name"] = point.series.dataset_name
    if point.series.dataset_digest:
        shape["dataset_digest"] = point.series.dataset_digest
    return shape


def experiment(one: Experiment) -> Shape:
    return {
        "experiment_id": one.experiment_id,
        "name": one.name,
        "artifact_location": one.artifact_location,
        "lifecycle_stage": one.lifecycle_stage,
        "creation_time": one.creation_time,
        "last_update_time": one.last_update_time,
        "tags": pairs(one.tags),
    }


def run_info(one: Run) -> Shape:
    shape: Shape = {
        "run_id": one.run_id,
        "run_uuid": one.run_id,
        "run_name": one.name,
        "experiment_id": one.experiment_id,
        "user_id": one.user_id,
        "status": one.status,
        "start_time": one.start_time,
        "artifact_uri": one.artifact_uri,
        "lifecycle_stage": one.lifecycle_stage,
    }
    if one.end_time is not None:
        shape["end_time"] = one.end_time
    return shape


def run(one: Run) -> Shape:
    shape: Shape = {
        "info": run_info(one),
        "data": {
            "metrics": [metric(point) for point in one.latest.values()],
            "params": pairs(one.params),
            "tags": pairs(one.tags),
        },
        "inputs": {
            "dataset_inputs": [_dataset_input(dataset) for dataset in one.inputs],
            "model_inputs": [{"model_id": model_id} for model_id in one.model_inputs],
        },
    }
    if one.model_outputs:
        outputs = [{"model_id": model_id, "step": step} for model_id, step in one.model_outputs]
        shape["outputs"] = {"model_outputs": outputs}
    return shape


def _dataset_input(one: DatasetInput) -> Shape:
    dataset = {
        "name": one.name,
        "digest": one.digest,
        "source_type": one.source_type,
        "source": one.source,
        "schema": one.schema,
        "profile": one.profile,
    }
    return {
        "tags": [{"key": key, "value": value} for key, value in one.tags],
        "dataset": {key: value for key, value in dataset.items() if value is not None},
    }


def version(one: ModelVersion) -> Shape:
    return {
        "name": one.name,
        "version": str(one.version),
        "creation_timestamp": one.creation_time,
        "last_updated_timestamp": one.last_update_time,
        "user_id": one.user_id,
        "current_stage": one.stage,
        "description": one.description,
        "source": one.source,
        "run_id": one.run_id,
        "run_link": one.run_link,
        "status": one.status,
        "tags": pairs(one.tags),
        "aliases": list(one.aliases),
        "model_id": one.model_id,
    }


def registered_model(one: RegisteredModel, latest: Iterable[ModelVersion] = ()) -> Shape:
    return {
        "name": one.name,
        "creation_timestamp": one.creation_time,
        "last_updated_timestamp": one.last_update_time,
        "description": one.description,
        "latest_versions": [version(each) for each in latest],
        "tags": pairs(one.tags),
        "aliases": [
            {"alias": alias, "version": str(number)} for alias, number in sorted(one.aliases.items())
        ],
    }


def logged_model(one: LoggedModel) -> Shape:
    return {
        "info": {
            "model_id": one.model_id,
            "experiment_id": one.experiment_id,
            "name": one.name,
            "creation_timestamp_ms": one.creation_time,
            "last_updated_timestamp_ms": one.last_update_time,
            "artifact_uri": one.artifact_uri,
            "status": one.status,
            "model_type": one.model_type,
            "source_run_id": one.source_run_id,
            "tags": pairs(one.tags),
        },
        "data": {
            "params": pairs(one.params),
            "metrics": [model_metric(point, one.model_id) for point in one.metrics],
        },
    }


def files(root: str, found: Sequence[tuple[str, int | None]]) -> Shape:
    """A listing; sizes in bytes, None of a folder."""
    listed = [
        {"path": path, "is_dir": True} if size is None else {"path": path, "is_dir": False, "file_size": size}
        for path, size in found
    ]
    return {"root_uri": root, "files": listed} if root else {"files": listed}

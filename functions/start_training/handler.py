"""Turns uploads and requests into trainings: at most one for each, however often an event comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.start_training.judge_version import judge_version
from functions.start_training.receive_upload import ObjectCreated, receive_upload
from functions.start_training.request_training import request_training
from sluice.stores.deployment import Deployment, deployment
from sluice.web.observability import observed

Detail = Mapping[str, Any]


def _upload(store: Deployment, detail: Detail) -> list[str]:
    return [upload.status for upload in receive_upload(store, ObjectCreated.from_detail(detail))]


def _found(store: Deployment, detail: Detail) -> list[str]:
    return _upload(store, detail["data"])


def _request(store: Deployment, detail: Detail) -> list[str]:
    return [request_training(store, str(detail["tenant"]), detail)]


def _registered(store: Deployment, detail: Detail) -> list[str]:
    return [judge_version(store, detail["tenant"], detail["project"], detail["data"])]


_BY_TYPE: Mapping[str, Callable[[Deployment, Detail], list[str]]] = {
    "Object Created": _upload,
    "UploadFound": _found,
    "TrainingRequested": _request,
    "DatasetAssembled": _request,
    "ModelVersionCreated": _registered,
}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """`outcome` lists the status of each upload or request that the event led to."""
    return {"outcome": _BY_TYPE[event["detail-type"]](deployment(), event["detail"])}

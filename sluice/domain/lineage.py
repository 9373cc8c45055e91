"""Lineage: what was made from what. Nodes are `kind:id`, edges point from a thing to what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """`relation` reads from source to target: dataset:… trained training:…"""

    source: str
    relation: str
    target: str


def dataset_node(sha256: str) -> str:
    return f"dataset:{sha256}"


def code_node(digest: str) -> str:
    return f"code:{digest}"


def run_node(run_id: str) -> str:
    """A run that the platform did not make."""
    return f"run:{run_id}"


def project_node(digest: str) -> str:
    return f"project:{digest}"


def training_node(training_id: str) -> str:
    return f"training:{training_id}"


def model_node(project: str, version: int) -> str:
    return f"model:{project}/{version}"


def promotion_node(promotion_id: str) -> str:
    return f"promotion:{promotion_id}"


def endpoint_node(environment: str, revision: int) -> str:
    return f"endpoint:{environment}/{revision}"


def drift_node(report_id: str) -> str:
    return f"drift:{report_id}"


def batch_node(batch_id: str) -> str:
    return f"batch:{batch_id}"


def object_node(key: str, version_id: str) -> str:
    """A file that was scored: by key and version, in the data bucket."""
    return f"object:{key}@{version_id}"

"""Routing as data: which variants an endpoint has, and which of them a caller meets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid

EDGE = "edge"
"""The environment of what exported bundles answered: none of ours may have its name."""

_POINTS = 1 << 64


@dataclass(frozen=True, slots=True)
class Variant:
    """A model version behind an endpoint; its share is `weight` over the sum of the weights.

    `artefacts` has at least `model` and `manifest`.
    """

    name: str
    model_version: int
    model_digest: str
    weight: int
    artefacts: Mapping[str, ArtefactRef]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A project's entry in an environment at one revision.

    The salt stays the same from revision to revision, so that growing weights move few callers.
    """

    project: str
    environment: str
    revision: int
    salt: str
    variants: tuple[Variant, ...]
    promotion_id: str
    change_id: str
    updated_at: str


def choose_variant(endpoint: Endpoint, entity: str) -> Variant:
    """The variant that this entity meets: always the same one while the weights stay.

    Where the last variant's weight grows at the cost of the first's, whoever met it still does.
    """
    total = sum(variant.weight for variant in endpoint.variants)
    digest = hashlib.sha256(f"{endpoint.salt}\n{entity}".encode(errors="backslashreplace")).digest()
    point = int.from_bytes(digest[:8], "big") * total // _POINTS
    for variant in endpoint.variants:
        point -= variant.weight
        if point < 0:
            return variant
    raise Invalid(f"no variant of {endpoint.project} in {endpoint.environment} has a weight")


def hidden_entity(endpoint: Endpoint, entity: str) -> str:
    """How the ledger knows an entity: it holds no names, but a hash that the endpoint's salt is part of."""
    return hidden_by(endpoint.salt, entity)


def hidden_by(salt: str, entity: str) -> str:
    return hashlib.sha256(f"{salt}\n{entity}".encode(errors="backslashreplace")).hexdigest()


def check_variants(variants: Sequence[Variant]) -> None:
    """Invalid unless names differ, no weight is negative and some weight is positive."""
    names = [variant.name for variant in variants]
    weights = [variant.weight for variant in variants]
    if len(set(names)) != len(names):
        raise Invalid(f"two variants share a name: {names}")
    if any(weight < 0 for weight in weights) or not sum(weights):
        raise Invalid(f"weights must not be negative and not all zero: {weights}")
    if any(not {"model", "manifest"} <= set(variant.artefacts) for variant in variants):
        raise Invalid("each variant needs the artefacts model and manifest")

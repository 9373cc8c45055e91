"""Put a model version behind an endpoint, once a promotion and environment."""

from __future__ import annotations

from sluice.domain.endpoints import Endpoint, Variant
from sluice.domain.lineage import Edge, endpoint_node, model_node
from sluice.domain.model import ModelVersion
from sluice.domain.promotion import Promotion
from sluice.stores.deployment import Deployment


def serve(deployment: Deployment, tenant: str, promotion: Promotion, environment: str) -> Endpoint:
    """The endpoint's revision that serves this version alone; made by an earlier attempt, it is that one."""
    model = deployment.models.get(tenant, promotion.project, promotion.model_version)
    current = deployment.endpoints.get(tenant, promotion.project, environment)
    endpoint = deployment.endpoints.put_revision(
        tenant,
        promotion.project,
        environment,
        variants=[variant_of(model)],
        promotion_id=promotion.promotion_id,
        change_id=f"{promotion.promotion_id}.{environment}",
        expected_revision=current.revision if current else 0,
    )
    deployment.models.set_promotion(tenant, model, environment, promotion.promotion_id)
    node = endpoint_node(environment, endpoint.revision)
    deployment.lineage.link(
        tenant, promotion.project, Edge(model_node(model.project, model.version), "serves", node)
    )
    return endpoint


def variant_of(model: ModelVersion) -> Variant:
    return Variant("champion", model.version, model.model_digest, 100, model.artefacts)

"""The cloud's Serving over a bundle: one model, one endpoint, files instead of buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

import onnxruntime

from functions.predict.explaining import Explaining
from functions.predict.model_source import ModelSource
from functions.predict.serving import Serving
from sluice.bundle.verify import Verified
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.clock import system_clock
from sluice.domain.endpoints import EDGE, Endpoint, Variant
from sluice.domain.errors import IntegrityError, NotFound
from sluice.scoring.sessions import ModelCache
from sluice.web.observability import LogKey, logger

if TYPE_CHECKING:
    from edge.settings import Settings
    from sluice.domain.predictions import ScoredRequest

_ANSWERED = frozenset({EDGE, "production"})
"""OIP clients that name no environment mean production: here both are the one model there is."""
_MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class OneEndpoint:
    """The bundle's only endpoint."""

    endpoint: Endpoint

    def get(self, tenant: str, project: str, environment: str) -> Endpoint | None:  # noqa: ARG002 - one tenant
        return self.endpoint if project == self.endpoint.project and environment in _ANSWERED else None


class KeepsFindings(Protocol):
    """A ledger that takes a record once more, with the prediction of it that was found something about."""

    def put(self, tenant: str, request: ScoredRequest, finding: str | None = None) -> None:
        """As KeepsRequests; home takes the record once and the finding once."""


class NoLedger:
    """For a device that may keep nothing."""

    def put(self, tenant: str, request: ScoredRequest, finding: str | None = None) -> None:
        """Forgets it."""


def _nothing(tenant: str, request_id: str) -> None:
    """No request of before is known here: home explains it, from the ledger, bit for bit the same."""


def _no_version(tenant: str, project: str, version: int) -> NoReturn:  # noqa: ARG001 - a store's signature
    raise NotFound(f"version {version} of {project} is not here")


def build_serving(verified: Verified, settings: Settings, ledger: KeepsFindings) -> Serving:
    """Serving with the bundle's model loaded; IntegrityError when it cannot be."""
    bundle = verified.bundle
    refs = {
        name: ArtefactRef("artifacts", path, "", bundle.files[path].sha256, bundle.files[path].size)
        for name, path in bundle.artefacts.items()
    }
    variant = Variant(settings.device, bundle.model_version, bundle.model_digest, 1, refs)
    endpoint = Endpoint(
        project=bundle.project,
        environment=EDGE,
        revision=0,
        salt=bundle.salt,
        variants=(variant,),
        promotion_id=bundle.promotion_id,
        change_id="",
        updated_at="",
    )

    def read(ref: ArtefactRef) -> bytes:
        try:
            return verified.read(ref.key)
        except FileNotFoundError as error:
            raise NotFound(f"{ref.key} is gone") from error
        except OSError as error:
            raise IntegrityError(f"{ref.key} cannot be read: {error.strerror}") from error

    def report(tenant: str, request: ScoredRequest, prediction_id: str) -> None:
        """The audit is at home; here there is the log."""
        logger().warning(LogKey.PROTECTED_RANKED, extra={"prediction_id": prediction_id})
        ledger.put(tenant, request, prediction_id)

    serving = Serving(
        endpoints=OneEndpoint(endpoint),
        source=ModelSource(ModelCache(read, _MEMORY)),
        ledger=ledger,
        knows_project=lambda _tenant, project: project == bundle.project,
        clock=system_clock,
        explaining=Explaining(read, _nothing, _no_version, report),
    )
    onnxruntime.disable_telemetry_events()
    serving.source.load(variant)
    return serving

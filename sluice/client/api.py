"""The control API as methods: one call each, plain JSON back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from sluice.client.errors import NotReachable, Problem, Refused
from sluice.client.transport import Json, Transport

_ROOT = "/sluice/v1"


class Api:
    """What a role may do through `/sluice/v1`; errors are those of the transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def me(self) -> Json:
        return self._transport.get(f"{_ROOT}/me")

    def push_project(self, spec: Mapping[str, Any]) -> Json:
        return self._transport.post(f"{_ROOT}/projects", {"spec": spec})

    def projects(self) -> Iterator[Json]:
        return self._all(f"{_ROOT}/projects")

    def project(self, project: str) -> Json:
        return self._transport.get(f"{_ROOT}/projects/{project}")

    def of(self, project: str, kind: str, *, limit: int | None = None) -> Iterator[Json]:
        """A project's uploads, trainings, models, promotions, endpoints, drift or audit; the newest first."""
        return self._all(f"{_ROOT}/projects/{project}/{kind}", limit=limit)

    def one(self, project: str, kind: str, name: str | int) -> Json:
        return self._transport.get(f"{_ROOT}/projects/{project}/{kind}/{name}")

    def create(self, project: str, kind: str, body: Mapping[str, Any]) -> Json:
        return self._transport.post(f"{_ROOT}/projects/{project}/{kind}", body)

    def open_upload(self, project: str, kind: str, name: str, size: int, *, forced: bool = False) -> Json:
        """Leave to put one file of `size` bytes: {"upload_id", "url", "headers", "key"}."""
        body = {"kind": kind, "filename": name, "size": size, "force": forced}
        return self.create(project, "uploads", body)

    def retry_training(self, project: str, training_id: str) -> Json:
        return self.create(project, f"trainings/{training_id}/retry", {})

    def decide(self, project: str, promotion_id: str, decision: str, comment: str) -> Json:
        body = {"decision": decision, "comment": comment}
        return self.create(project, f"promotions/{promotion_id}/decisions", body)

    def story(self, prediction_id: str) -> Json:
        """How a prediction came about."""
        return self._transport.get(f"{_ROOT}/predictions/{prediction_id}")

    def forget(self, project: str, **named: str) -> Json:
        """Delete the keys of an `entity`, or of the request of a `prediction_id`: {"keys": how many}."""
        return self.create(project, "forgotten", named)

    def explanation(self, prediction_id: str, *, counterfactuals: bool = False) -> Json:
        """What moved a prediction, from its record and its model."""
        wanted = "true" if counterfactuals else None
        return self._transport.get(f"{_ROOT}/predictions/{prediction_id}/explanation", counterfactuals=wanted)

    def feedback(self, project: str, items: Sequence[Mapping[str, Any]]) -> Json:
        return self.create(project, "feedback", {"items": list(items)})

    def drift_progress(self, project: str, environment: str) -> Json:
        """What the open window holds: {"rows_open", "labels_open", …}."""
        answer = self._transport.get(f"{_ROOT}/projects/{project}/drift", environment=environment, limit=1)
        progress: Json = answer["progress"]
        return progress

    def model_card(self, project: str, version: int) -> Json:
        return self._transport.get(f"{_ROOT}/projects/{project}/models/{version}/card")

    def bundle(self, project: str, version: int, form: str) -> Json:
        """A version's serving bundle: files, links to others, and the key that signed their list."""
        return self._transport.get(f"{_ROOT}/projects/{project}/models/{version}/bundle", format=form)

    def signing_key(self) -> str:
        """The public key of this deployment's bundles."""
        return str(self._transport.get(f"{_ROOT}/signing-key")["key"])

    def callback_secret(self, project: str) -> str:
        """What receivers verify the project's callbacks with."""
        return str(self._transport.get(f"{_ROOT}/projects/{project}/callback-secret")["secret"])

    def rotate_callback_secret(self, project: str, *, at_once: bool) -> Json:
        """Have a new one made: {"generation", "previous_until"}."""
        return self.create(project, "callback-secret/rotation", {"at_once": at_once})

    def lineage(self, project: str, node: str | None = None) -> Json:
        return self._transport.get(f"{_ROOT}/projects/{project}/lineage", node=node)

    def audit_verification(self, project: str) -> Json:
        return self._transport.get(f"{_ROOT}/projects/{project}/audit/verification")

    def tenants(self) -> Iterator[Json]:
        return self._all(f"{_ROOT}/tenants")

    def tenant(self, name: str) -> Json:
        return self._transport.get(f"{_ROOT}/tenants/{name}")

    def create_tenant(self, name: str) -> Json:
        return self._transport.post(f"{_ROOT}/tenants", {"name": name})

    def issue_tenant_token(self, name: str) -> Json:
        return self._transport.post(f"{_ROOT}/tenants/{name}/tokens", {})

    def delete_tenant(self, name: str) -> Json:
        answer: Json = self._transport.request("DELETE", f"{_ROOT}/tenants/{name}").json()
        return answer

    def collect_garbage(self, body: Mapping[str, Any]) -> Json:
        """One go of some seconds: {"removed", "kept", "reasons", "following"}."""
        return self._transport.post(f"{_ROOT}/tracking/garbage", body)

    def _all(self, path: str, *, limit: int | None = None) -> Iterator[Json]:
        token: str | None = None
        left = limit
        while left is None or left > 0:
            page = self._transport.get(path, page_token=token, limit=None if left is None else min(left, 200))
            yield from page["items"][:left]
            left = None if left is None else left - len(page["items"])
            token = page.get("next_page_token")
            if token is None:
                return


def put_file(ticket: Mapping[str, Any], chunks: Iterator[bytes], size: int) -> None:
    """Send a file to the link that `open_upload` gave; `chunks` make up exactly `size` bytes."""
    headers = {**ticket["headers"], "content-length": str(size)}
    try:
        response = httpx.put(ticket["url"], headers=headers, content=chunks, timeout=300.0)
    except httpx.TransportError as error:
        raise NotReachable(f"the upload broke off: {error}") from error
    if not response.is_success:
        title = f"the storage refused the upload (HTTP {response.status_code})"
        raise Refused(Problem(response.status_code, title, response.text[:300]))


def get_file(url: str) -> Iterator[bytes]:
    """What lies behind a signed link, in chunks."""
    try:
        with httpx.stream("GET", url, timeout=300.0) as response:
            if not response.is_success:
                raise Refused(
                    Problem(
                        response.status_code, "the storage refused the download", str(response.status_code)
                    )
                )
            yield from response.iter_bytes()
    except httpx.TransportError as error:
        raise NotReachable(f"the download broke off: {error}") from error

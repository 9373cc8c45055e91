"""Links into S3 for whoever asks here: good for a quarter of an hour, for one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functions.manage_platform.routes import Call, Json
    from sluice.domain.artefacts import ArtefactRef

LINK_SECONDS = 900


def upload_link(call: Call, key: str, size: int, **metadata: str) -> Json:
    """For a PUT of exactly `size` bytes to the data bucket, with the `headers` that belong to it."""
    wanted: dict[str, Any] = {
        "Bucket": call.platform.setting("DATA_BUCKET"),
        "Key": key,
        "ContentLength": size,
    }
    wanted |= {"Metadata": metadata} if metadata else {}
    url = call.platform.signer.generate_presigned_url("put_object", Params=wanted, ExpiresIn=LINK_SECONDS)
    headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
    return {"url": url, "headers": headers, "expires_seconds": LINK_SECONDS}


def download_link(call: Call, ref: ArtefactRef) -> str:
    """For a GET of this very version."""
    wanted = {"Bucket": call.platform.artefacts.buckets[ref.role], "Key": ref.key}
    if ref.version_id not in {"", "null"}:
        wanted["VersionId"] = ref.version_id
    return call.platform.signer.generate_presigned_url("get_object", Params=wanted, ExpiresIn=LINK_SECONDS)

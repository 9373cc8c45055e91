"""Uploads: one record an object version, however often S3 tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.domain.upload import Upload
from sluice.stores import keys
from sluice.stores.items import Item, TransactionRefused
from sluice.stores.project_records import ProjectRecords
from sluice.stores.records import from_item

INTENT_SECONDS = 24 * 3600


class UploadStore(ProjectRecords[Upload]):
    kind, record = "upload", Upload

    def receive(self, tenant: str, upload: Upload) -> Upload:
        """Record the upload, or give the record that this object version has already."""
        guard_pk, guard_sk = keys.uploaded_object(
            tenant=tenant, project=upload.project, object_key=upload.key, version_id=upload.version_id
        )
        guard = self.items.putting({"pk": guard_pk, "sk": guard_sk, "upload_id": upload.upload_id})
        record = self.items.putting(self._new(tenant, upload))
        try:
            self.items.transact([guard, record], token=self.items.new_id())
        except TransactionRefused:
            known = self.find_object(tenant, upload.project, upload.key, upload.version_id)
            if known is None:
                raise
            return known
        return upload

    def find_object(self, tenant: str, project: str, object_key: str, version_id: str) -> Upload | None:
        key = keys.uploaded_object(
            tenant=tenant, project=project, object_key=object_key, version_id=version_id
        )
        guard = self.items.get(key)
        return self.get(tenant, project, guard["upload_id"]) if guard else None

    def newest(self, tenant: str, project: str) -> list[Upload]:
        """The hundred newest uploads, newest first."""
        return [from_item(Upload, item) for item in self.page(tenant, project).items]

    def change(self, tenant: str, upload: Upload, *, forget: Sequence[str] = (), **changes: Any) -> Upload:
        key = self._key(tenant, upload)
        return from_item(Upload, self.items.update(key, changes, remove=forget))

    def intend(self, tenant: str, project: str, upload_id: str, intent: Mapping[str, Any]) -> None:
        """Remember who asked for an upload link, so that the object's event knows its requester."""
        pk, sk = keys.intent(tenant=tenant, project=project, upload_id=upload_id)
        expires = int(self.items.clock().timestamp()) + INTENT_SECONDS
        self.items.put({"pk": pk, "sk": sk, **intent, "expires_at": expires})

    def intent(self, tenant: str, project: str, upload_id: str) -> Item | None:
        return self.items.get(keys.intent(tenant=tenant, project=project, upload_id=upload_id))

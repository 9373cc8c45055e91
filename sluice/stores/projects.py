"""Projects, their pushes and their code versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import NotFound
from sluice.domain.project import CodeVersion, Project, ProjectVersion
from sluice.stores import keys
from sluice.stores.items import Items, Page, TransactionRefused
from sluice.stores.records import from_item, to_attributes


@dataclass(frozen=True)
class ProjectStore:
    items: Items

    def find(self, tenant: str, project: str) -> Project | None:
        item = self.items.get(keys.project(tenant=tenant, project=project))
        return from_item(Project, item) if item else None

    def get(self, tenant: str, project: str) -> Project:
        found = self.find(tenant, project)
        if found is None:
            raise NotFound(f"there is no project {project!r}")
        return found

    def version(self, tenant: str, project: str, version: int) -> ProjectVersion:
        item = self.items.get(keys.project_version(tenant=tenant, project=project, version=version))
        if item is None:
            raise NotFound(f"project {project!r} has no version {version}")
        return from_item(ProjectVersion, item)

    def page(self, tenant: str, *, limit: int = 100, start: Mapping[str, str] | None = None) -> Page:
        return self.items.query(
            keys.projects_partition(tenant=tenant), index="gsi1", limit=limit, start=start
        )

    def names(self, tenant: str) -> Iterator[str]:
        """Every project, by name."""
        start: Mapping[str, str] | None = None
        while True:
            page = self.page(tenant, start=start)
            yield from (item["name"] for item in page.items)
            if not (start := page.next_key):
                return

    def push(
        self,
        tenant: str,
        project: str,
        *,
        digest: str,
        document: str,
        owners: Sequence[str],
        purpose: str,
        by: str,
    ) -> ProjectVersion:
        """Make the next version; the push that is current already is given back as it stands."""
        while True:
            current = self.find(tenant, project)
            if current and current.digest == digest:
                return self.version(tenant, project, current.version)
            number = current.version + 1 if current else 1
            pushed = ProjectVersion(project, number, digest, document, by, self.items.now())
            head = {
                "version": number,
                "digest": digest,
                "document": document,
                "owners": list(owners),
                "purpose": purpose,
            }
            try:
                self._write_push(tenant, pushed, head, current)
            except TransactionRefused:
                continue  # somebody else pushed in between: take the next number
            return pushed

    def _write_push(
        self, tenant: str, pushed: ProjectVersion, head: dict[str, object], current: Project | None
    ) -> None:
        key = keys.project(tenant=tenant, project=pushed.name)
        pk, sk = keys.project_version(tenant=tenant, project=pushed.name, version=pushed.version)
        if current is None:
            index = {"gsi1pk": keys.projects_partition(tenant=tenant), "gsi1sk": pushed.name}
            identity = {"pk": key[0], "sk": key[1], "name": pushed.name, "created_by": pushed.pushed_by}
            write = self.items.putting({**identity, **head, **index})
        else:
            write = self.items.updating(key, head, expected={"version": current.version})
        version = self.items.putting({"pk": pk, "sk": sk, **to_attributes(pushed)})
        self.items.transact([write, version], token=self.items.new_id())

    def add_code(self, tenant: str, project: str, code: CodeVersion) -> bool:
        """Record a code version and make it current; False where its content was known already."""
        pk, sk = keys.code(tenant=tenant, project=project, digest=code.digest)
        new = self.items.put_new({"pk": pk, "sk": sk, **to_attributes(code)})
        stored = code if new else self.code(tenant, project, code.digest)
        changes = {"code_digest": stored.digest, "code": to_attributes(stored)["ref"]}
        self.items.update(keys.project(tenant=tenant, project=project), changes)
        return new

    def code(self, tenant: str, project: str, digest: str) -> CodeVersion:
        item = self.items.get(keys.code(tenant=tenant, project=project, digest=digest))
        if item is None:
            raise NotFound(f"project {project!r} has no code version {digest}")
        return from_item(CodeVersion, item)

    def set_dataset(self, tenant: str, project: str, dataset: ArtefactRef) -> None:
        """Remember the last dataset that was accepted: new code trains on it."""
        self.items.update(keys.project(tenant=tenant, project=project), {"dataset": to_attributes(dataset)})

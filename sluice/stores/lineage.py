"""Lineage edges in the platform table, readable in both directions."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sluice.domain.lineage import Edge
from sluice.stores import keys
from sluice.stores.items import Items


@dataclass(frozen=True)
class LineageStore:
    items: Items

    def link(self, tenant: str, project: str, *edges: Edge) -> None:
        """Record edges; the same edge twice is one edge."""
        for edge in edges:
            pk, sk = keys.edge(tenant=tenant, project=project, source=edge.source, target=edge.target)
            self.items.put(
                {
                    "pk": pk,
                    "sk": sk,
                    **asdict(edge),
                    "gsi2pk": keys.edges_into(tenant=tenant, project=project, target=edge.target),
                    "gsi2sk": edge.source,
                }
            )

    def outgoing(self, tenant: str, project: str, node: str) -> list[Edge]:
        """What came of a thing."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return [_edge(item) for item in self.items.query_all(partition, prefix=f"edge#{node}#")]

    def incoming(self, tenant: str, project: str, node: str) -> list[Edge]:
        """What a thing was made from."""
        partition = keys.edges_into(tenant=tenant, project=project, target=node)
        return [_edge(item) for item in self.items.query_all(partition, index="gsi2")]


def _edge(item: dict[str, str]) -> Edge:
    return Edge(item["source"], item["relation"], item["target"])

"""Everything of a deleted tenant, table by table, bucket by bucket; its audit chain stays.

Partition keys begin with the tenant but cannot be listed by it: so the lists that a tenant has (callers,
experiments, registered models, projects) lead to the rest. Whatever is listed goes last, so that the work
may end anywhere and finds its way again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from functions.collect_garbage.settings import Cleaning
from sluice.domain.audit import PLATFORM
from sluice.domain.clock import format_time, parse_time
from sluice.domain.event import Event
from sluice.domain.tenants import OPERATOR, Tenant, project_folder
from sluice.stores import keys as platform_keys
from sluice.stores.tracking import keys
from sluice.stores.tracking.artifacts import purge

_SETTLED = timedelta(minutes=2)
"""Longer than the gateway remembers a token: until then something may still be written."""
_SAVED_EVERY = 100

Step = Iterator[tuple[str, int]]


def remove_tenant(cleaning: Cleaning, name: str, goes_on: Callable[[], bool]) -> bool:
    """Whether everything is gone. What cannot be done in time is asked for again."""
    tenant = cleaning.tenants.get(name)
    if tenant.status != "deleting":
        return tenant.status == "deleted"
    removed, cursor = Counter(tenant.removed), [tenant.cursor or ""]
    for number, (kind, count) in enumerate(_everything(cleaning, name, cursor), start=1):
        removed[kind] += count
        if not goes_on():
            cleaning.tenants.progress(name, removed=removed, cursor=cursor[0])
            cleaning.events.publish(Event("TenantDeletionRequested", name, PLATFORM, name, name, {}))
            return False
        if number % _SAVED_EVERY == 0:
            cleaning.tenants.progress(name, removed=removed, cursor=cursor[0])
    cleaning.tenants.progress(name, removed=removed, cursor=None)
    return _conclude(cleaning, tenant, removed)


def _conclude(cleaning: Cleaning, tenant: Tenant, removed: Counter[str]) -> bool:
    begun = parse_time(tenant.deleted_at or tenant.updated_at)
    if cleaning.platform.clock() - begun < _SETTLED:
        return False  # the schedule comes back
    cleaning.tenants.conclude_deletion(tenant.name)
    cleaning.audit.record(
        OPERATOR,
        PLATFORM,
        actor="collect_garbage",
        action="tenant.removed",
        subject=f"tenant:{tenant.name}",
        correlation_id=tenant.name,
        details=dict(removed),
        event_id=f"tenant-{tenant.name}-removed",
    )
    return True


def _everything(cleaning: Cleaning, tenant: str, cursor: list[str]) -> Step:
    """The steps in order; each gives (kind, how many) as it goes."""
    yield from _experiments(cleaning, tenant)
    yield from _registry(cleaning, tenant)
    for project in list(cleaning.projects.names(tenant)):
        yield from _predictions(cleaning, tenant, project, cursor)
        yield from _objects(cleaning, "DATA_BUCKET", f"{project_folder(tenant, project)}/")
        partition = platform_keys.project_partition(tenant=tenant, project=project)
        table = cleaning.clearable["platform"]
        for batch in table.read(partition, "batch#"):
            parts = platform_keys.batch_partition(tenant=tenant, batch_id=batch["batch_id"])
            yield from _items(table.clear(parts))
        yield from _items(table.clear(partition))
    for bucket in ("ARTIFACTS_BUCKET", "ARCHIVE_BUCKET"):
        yield from _objects(cleaning, bucket, f"{tenant}/")
    yield from _objects(cleaning, "ARTIFACTS_BUCKET", f".snapshots/{tenant}/")
    yield from _callers(cleaning, tenant)


def _experiments(cleaning: Cleaning, tenant: str) -> Step:
    table = cleaning.tracking.table
    for experiment in table.read(keys.experiments_partition(tenant=tenant)):
        experiment_id = experiment["sk"]
        for shard in range(experiment["shards"]):
            partition = keys.shard_partition(tenant=tenant, experiment_id=experiment_id, shard=shard)
            for item in table.read(partition):
                if item["sk"].endswith(keys.HEAD):
                    place = keys.place_of(partition, item["sk"])
                    yield from _items(table.clear(place.own_partition))
                    table.delete_many([place.head])
                    yield f"{place.kind}s", 1
            yield from _items(table.clear(partition))
        yield from _items(table.clear(keys.experiment_values(tenant=tenant, experiment_id=experiment_id)))
        guard = keys.experiment_name(tenant=tenant, name=experiment["name"])
        table.delete_many([guard, (experiment["pk"], experiment_id)])
        yield "experiments", 1


def _registry(cleaning: Cleaning, tenant: str) -> Step:
    table = cleaning.tracking.table
    for model in table.read(keys.registry_partition(tenant=tenant)):
        yield from _items(table.clear(keys.versions_partition(tenant=tenant, uid=model["uid"])))
        yield from _items(table.clear(keys.model_values(tenant=tenant, uid=model["uid"])))
        table.delete_many([(model["pk"], model["sk"])])
        yield "registered models", 1
    yield from _items(table.clear(keys.leftovers_partition(tenant=tenant)))
    yield from _items(table.clear(platform_keys.secret(tenant=tenant, name="")[0]))


def _predictions(cleaning: Cleaning, tenant: str, project: str, cursor: list[str]) -> Step:
    """Hour by hour since each endpoint is there; the cursor says which hours are done."""
    partition = platform_keys.project_partition(tenant=tenant, project=project)
    ledger = cleaning.clearable["ledger"]
    for endpoint in cleaning.platform.query_all(partition, prefix="endpoint#"):
        environment = endpoint["sk"].split("#", 1)[1]
        place = f"{project}/{environment}/"
        done = cursor[0].removeprefix(place) if cursor[0].startswith(place) else ""
        for hour in _hours(done or endpoint["created_at"], cleaning.platform.clock()):
            for index in platform_keys.endpoint_hours(
                tenant=tenant, project=project, environment=environment, time=hour
            ):
                for item in ledger.query_all(index, index="gsi1"):
                    subject = item.get("entity") or item["request"]
                    keyed = platform_keys.entity_partition(tenant=tenant, project=project, subject=subject)
                    yield from _items(ledger.clear(keyed))
                    yield from _items(ledger.clear(item["pk"]))
                    yield "predictions", 1
            cursor[0] = f"{place}{hour}"
            yield "predictions", 0


def _hours(since: str, until: datetime) -> Iterator[str]:
    moment = parse_time(since)
    while moment - timedelta(hours=1) < until:
        yield format_time(moment)
        moment += timedelta(hours=1)


def _callers(cleaning: Cleaning, tenant: str) -> Step:
    """Last: their principals lead to what was kept of repeated requests."""
    table = cleaning.clearable["platform"]
    partition = platform_keys.callers_partition(tenant=tenant)
    for principal in {item["principal"] for item in table.read(partition, "token#")}:
        repeated = platform_keys.idempotency(tenant=tenant, principal=principal, key="")[0]
        yield from _items(table.clear(repeated))
    yield from (("tokens", count) for count in table.clear(partition))
    yield from _items(table.clear(platform_keys.secret(tenant=tenant, name="")[0]))


def _objects(cleaning: Cleaning, bucket: str, prefix: str) -> Step:
    yield from (
        ("files", count) for count in purge(cleaning.artifact_files.client, cleaning.setting(bucket), prefix)
    )


def _items(counts: Iterator[int]) -> Step:
    yield from (("items", count) for count in counts)

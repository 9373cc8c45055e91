"""Searches over runs and logged models: filtered and ordered in memory, column by column, over summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, overload

from sluice.domain.errors import NotFound
from sluice.domain.tracking import grammars
from sluice.domain.tracking.columns import Columns, Holds
from sluice.domain.tracking.entities import (
    ACTIVE,
    DELETED,
    RUN_NAME_TAG,
    DatasetInput,
    Experiment,
    LargeValue,
    LoggedModel,
    Point,
    Run,
    Series,
)
from sluice.domain.tracking.filters import Clause, compile_clause, parse_filter
from sluice.domain.tracking.ordering import Order, ordered_by
from sluice.domain.tracking.views import dataset_cells
from sluice.stores.tracking.documents import read_rest
from sluice.stores.tracking.experiments import ExperimentStore
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.summaries import Group, Owners, Summaries
from sluice.stores.tracking.values import ValueStore

View = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]
T = TypeVar("T")

_MODEL_FIELDS = {"creation_timestamp": "creation_time", "last_updated_timestamp": "last_update_time"}


@dataclass(frozen=True)
class DatasetFilter:
    """Metrics measured on this dataset count; the digest may be left open."""

    name: str
    digest: str = ""

    def holds(self, series: Series) -> bool:
        return series.dataset_name == self.name and self.digest in {"", series.dataset_digest}


@dataclass(frozen=True)
class ModelOrder:
    """Order of logged models: an attribute, or a metric, maybe as measured on one dataset."""

    order: Order
    dataset: DatasetFilter | None = None


@dataclass(frozen=True)
class Found(Sequence[tuple[Place, T]], Generic[T]):
    """What was found, in order; made only when somebody takes it."""

    owners: Owners[T]
    positions: Sequence[int]

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, which: int) -> tuple[Place, T]: ...
    @overload
    def __getitem__(self, which: slice) -> list[tuple[Place, T]]: ...
    def __getitem__(self, which: int | slice) -> tuple[Place, T] | list[tuple[Place, T]]:
        if isinstance(which, slice):
            return [self.owners.one(position) for position in self.positions[which]]
        return self.owners.one(self.positions[which])

    def __iter__(self) -> Iterator[tuple[Place, T]]:
        return map(self.owners.one, self.positions)


@dataclass(frozen=True)
class Search:
    experiments: ExperimentStore
    values: ValueStore
    runs: Summaries[Run]
    models: Summaries[LoggedModel]

    def of_runs(
        self, tenant: str, experiments: Sequence[Experiment], text: str, view: View, orders: Sequence[Order]
    ) -> Found[Run]:
        """Runs in order; by default the latest start first, then by id."""
        clauses = parse_filter(text, grammars.RUNS)
        owners = self.runs.all(tenant, experiments)
        positions = owners.positions(lambda group: _seen(group, view))
        for clause in clauses:
            positions = self._matching(owners, positions, clause, _run_cells(clause))
        positions = _latest_first(owners, positions, "start_time")
        for order in reversed(orders):
            cells = self._cells(owners, positions, order, _run_cells(order))
            positions = ordered_by(positions, cells.__getitem__, ascending=order.ascending)
        return Found(owners, positions)

    def datasets(
        self, tenant: str, experiments: Sequence[Experiment]
    ) -> dict[tuple[str, DatasetInput], None]:
        """What active runs have read, each once: experiment id and dataset."""
        owners = self.runs.all(tenant, experiments)
        return {
            (group.experiment.experiment_id, one): None
            for group in owners.groups
            for text in {group.columns.rests()[number] for number in _seen(group, "ACTIVE_ONLY")}
            for one in read_rest(text or "").inputs
        }

    def of_models(
        self,
        tenant: str,
        experiments: Sequence[Experiment],
        text: str,
        datasets: Sequence[DatasetFilter],
        orders: Sequence[ModelOrder],
    ) -> Found[LoggedModel]:
        """Active logged models in order; by default the newest first, then by id."""
        clauses = parse_filter(text, grammars.LOGGED_MODELS)
        owners = self.models.all(tenant, experiments)
        positions = owners.positions(lambda group: _staged(group, ACTIVE))
        if datasets and not any(clause.kind == "metric" for clause in clauses):
            measured = owners.column(lambda columns: columns.metric(None, holds=_any(datasets)))
            positions = [position for position in positions if measured[position] is not None]
        for clause in clauses:
            positions = self._matching(owners, positions, clause, _model_cells(clause, datasets))
        positions = _latest_first(owners, positions, "creation_time")
        for one in reversed(orders):
            cells = _model_cells(one.order, [one.dataset] if one.dataset else ())
            positions = ordered_by(positions, owners.column(cells).__getitem__, ascending=one.order.ascending)
        return Found(owners, positions)

    def experiments_of(self, tenant: str, ids: Iterable[str]) -> list[Experiment]:
        """Those of the ids that exist."""
        found = []
        for experiment_id in dict.fromkeys(ids):
            try:
                found.append(self.experiments.get(tenant, experiment_id))
            except NotFound:
                continue
        return found

    def _matching(
        self,
        owners: Owners[Any],
        positions: list[int],
        clause: Clause,
        of: Callable[[Columns], Sequence[Any]],
    ) -> list[int]:
        cells, matches = self._cells(owners, positions, clause, of), compile_clause(clause)
        return [position for position in positions if matches(cells[position])]

    def _cells(
        self,
        owners: Owners[Any],
        positions: Sequence[int],
        asked: Clause | Order,
        of: Callable[[Columns], Sequence[Any]],
    ) -> list[Any]:
        """A column, with the texts of the large values at these positions."""
        cells = owners.column(of)
        if asked.kind not in {"param", "tag"}:
            return cells
        large = [position for position in positions if isinstance(cells[position], LargeValue)]
        texts = self.values.load((owners.one(one)[0].own_partition, cells[one]) for one in large)
        for position in large:
            cells[position] = texts[cells[position].sha256]
        return cells


def _seen(group: Group, view: View) -> Sequence[int]:
    """A deleted experiment takes its runs along."""
    if view == "ALL":
        return group.alive
    if group.experiment.lifecycle_stage == DELETED:
        return group.alive if view == "DELETED_ONLY" else ()
    return _staged(group, DELETED if view == "DELETED_ONLY" else ACTIVE)


def _staged(group: Group, stage: str) -> list[int]:
    stages = group.columns.attribute("lifecycle_stage")
    return [number for number in group.alive if stages[number] == stage]


def _latest_first(owners: Owners[Any], positions: list[int], time: str) -> list[int]:
    names = owners.column(lambda columns: columns.names)
    times = owners.column(lambda columns: columns.attribute(time))
    return sorted(sorted(positions, key=names.__getitem__), key=times.__getitem__, reverse=True)


def _run_cells(asked: Clause | Order) -> Callable[[Columns], Sequence[Any]]:
    key = asked.key
    match asked.kind:
        case "metric":
            return lambda columns: columns.metric(key)
        case "param" | "tag":
            return lambda columns: columns.pairs(asked.kind, key)
        case "dataset":
            return lambda columns: _datasets(columns, key)
    if key == "run_name":
        return lambda columns: [
            name if isinstance(name, str) else "" for name in columns.pairs("tag", RUN_NAME_TAG)
        ]
    return lambda columns: columns.names if key == "run_id" else columns.attribute(key)


def _model_cells(
    asked: Clause | Order, datasets: Sequence[DatasetFilter] = ()
) -> Callable[[Columns], Sequence[Any]]:
    key = asked.key
    match asked.kind:
        case "metric" if isinstance(asked, Clause):
            # One that fits is enough, whatever run or dataset it was measured on.
            return lambda columns: columns.measured(key, _any(datasets))
        case "metric":
            return lambda columns: columns.metric(key, _by_time, _any(datasets))
        case "param" | "tag":
            return lambda columns: columns.pairs(asked.kind, key)
    if key == "model_id":
        return lambda columns: columns.names
    return lambda columns: columns.attribute(_MODEL_FIELDS.get(key, key))


def _any(datasets: Sequence[DatasetFilter]) -> Holds | None:
    return (lambda series: any(one.holds(series) for one in datasets)) if datasets else None


def _by_time(point: Point) -> tuple[int, int]:
    return point.timestamp, point.step


def _datasets(columns: Columns, key: str) -> list[tuple[str, ...]]:
    """Parsed once for each text: many runs read the same datasets."""
    texts = columns.rests()
    cells = {text: dataset_cells(read_rest(text or "").inputs, key) for text in set(texts)}
    return [cells[text] for text in texts]

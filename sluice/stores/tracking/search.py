"""Searches over runs and logged models: filtered and ordered in memory, over summaries kept warm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from sluice.domain.errors import NotFound
from sluice.domain.tracking import grammars
from sluice.domain.tracking.entities import ACTIVE, DELETED, Experiment, LargeValue, LoggedModel, Point, Run
from sluice.domain.tracking.filters import Clause, Lookup, compile_filter, parse_filter
from sluice.domain.tracking.ordering import Order, ordered
from sluice.domain.tracking.views import Texts, look_at_logged_model, look_at_run
from sluice.stores.tracking.experiments import ExperimentStore
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.summaries import Summaries
from sluice.stores.tracking.values import ValueStore

View = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]

T = TypeVar("T", Run, LoggedModel)
Found = list[tuple[Place, T]]


@dataclass(frozen=True)
class DatasetFilter:
    """Metrics measured on this dataset count; the digest may be left open."""

    name: str
    digest: str = ""

    def holds(self, point: Point) -> bool:
        series = point.series
        return series.dataset_name == self.name and self.digest in {"", series.dataset_digest}


@dataclass(frozen=True)
class ModelOrder:
    """Order of logged models: an attribute, or a metric, maybe as measured on one dataset."""

    order: Order
    dataset: DatasetFilter | None = None


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
        found = [
            pair
            for experiment in experiments
            for pair in self.runs.all(tenant, experiment.experiment_id, experiment.shards)
            if view in {"ALL", _view_of(pair[1], experiment)}
        ]
        texts = self._texts(found, clauses, orders)

        def look(pair: tuple[Place, Run]) -> Lookup:
            return look_at_run(pair[1], texts)

        matching = _matching(found, clauses, look)
        matching.sort(key=lambda pair: (-pair[1].start_time, pair[1].run_id))
        return ordered(matching, orders, look)

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
        found = [
            pair
            for experiment in experiments
            for pair in self.models.all(tenant, experiment.experiment_id, experiment.shards)
            if pair[1].lifecycle_stage == ACTIVE
        ]
        texts = self._texts(found, clauses, ())
        if datasets and not any(clause.kind == "metric" for clause in clauses):
            found = [pair for pair in found if _on(pair[1], datasets).metrics]
        matching = _matching(found, clauses, lambda pair: look_at_logged_model(_on(pair[1], datasets), texts))
        matching.sort(key=lambda pair: (-pair[1].creation_time, pair[1].model_id))
        for one in reversed(orders):
            matching = ordered(matching, [one.order], _model_look(one.dataset))
        return matching

    def experiments_of(self, tenant: str, ids: Iterable[str]) -> list[Experiment]:
        """Those of the ids that exist."""
        found = []
        for experiment_id in dict.fromkeys(ids):
            try:
                found.append(self.experiments.get(tenant, experiment_id))
            except NotFound:
                continue
        return found

    def _texts(self, found: Found[T], clauses: Sequence[Clause], orders: Sequence[Order]) -> Texts:
        """The large values that filter and order look at."""
        asked: list[Clause | Order] = [*clauses, *orders]
        wanted = {(one.kind, one.key) for one in asked if one.kind in {"param", "tag"}}
        large = (
            (place.own_partition, value)
            for kind, key in wanted
            for place, owner in found
            if isinstance(value := (owner.params if kind == "param" else owner.tags).get(key), LargeValue)
        )
        return self.values.load(large)


def _view_of(run: Run, experiment: Experiment) -> View:
    """A deleted experiment takes its runs along."""
    gone = DELETED in {run.lifecycle_stage, experiment.lifecycle_stage}
    return "DELETED_ONLY" if gone else "ACTIVE_ONLY"


def _matching(
    found: Found[T], clauses: Sequence[Clause], look: Callable[[tuple[Place, T]], Lookup]
) -> Found[T]:
    if not clauses:
        return found
    matches = compile_filter(clauses)
    return [pair for pair in found if matches(look(pair))]


def _on(model: LoggedModel, datasets: Sequence[DatasetFilter]) -> LoggedModel:
    if not datasets:
        return model
    kept = tuple(point for point in model.metrics if any(one.holds(point) for one in datasets))
    return replace(model, metrics=kept)


def _model_look(dataset: DatasetFilter | None) -> Callable[[tuple[Place, LoggedModel]], Lookup]:
    return lambda pair: look_at_logged_model(_on(pair[1], [dataset] if dataset else ()))

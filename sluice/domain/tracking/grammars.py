"""What may be filtered and ordered by, a table per kind of thing. Facts: MLflow's Search*Utils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Kind = Literal["attribute", "metric", "param", "tag", "dataset"]

NUMERIC = frozenset({"=", "!=", "<", "<=", ">", ">="})
_TEXT = frozenset({"=", "!=", "LIKE", "ILIKE"})
_NULLS = frozenset({"IS NULL", "IS NOT NULL"})
LISTS = frozenset({"IN", "NOT IN"})

_ATTRIBUTES: Mapping[str, Kind] = MappingProxyType({"attribute": "attribute"})
_RUN_ATTRIBUTES: Mapping[str, Kind] = MappingProxyType(
    {"attribute": "attribute", "attributes": "attribute", "attr": "attribute", "run": "attribute"}
)
_METRICS: Mapping[str, Kind] = MappingProxyType({"metric": "metric", "metrics": "metric"})
_PARAMS: Mapping[str, Kind] = MappingProxyType(
    {"param": "param", "params": "param", "parameter": "param", "parameters": "param"}
)
_TAGS: Mapping[str, Kind] = MappingProxyType({"tag": "tag", "tags": "tag"})
_DATASETS: Mapping[str, Kind] = MappingProxyType({"dataset": "dataset", "datasets": "dataset"})


@dataclass(frozen=True)
class Grammar:
    """`attributes` and `aliases` name what a bare identifier may be; `numbers` which of them are numbers.

    `lists` are the keys that take IN (None: every text). `orders` may be ordered by; empty: all of them.
    `whole`: number attributes are compared with whole numbers only; `bare`: a text may stand without quotes.
    """

    entities: Mapping[str, Kind]
    attributes: frozenset[str]
    numbers: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] | None = frozenset()
    nulls: bool = True
    whole: bool = False
    bare: bool = False
    orders: frozenset[str] = frozenset()
    order_entities: frozenset[str] = frozenset({"attribute"})

    def operators(self, kind: Kind, key: str) -> frozenset[str]:
        if kind == "metric" or (kind == "attribute" and key in self.numbers):
            return NUMERIC
        if kind in {"attribute", "dataset"} or self.lists is None:
            return _TEXT | LISTS
        return _TEXT | _NULLS if self.nulls else _TEXT

    def takes_list(self, kind: Kind, key: str) -> bool:
        return kind == "dataset" or self.lists is None or (kind == "attribute" and key in self.lists)


RUNS = Grammar(
    entities={**_RUN_ATTRIBUTES, **_METRICS, **_PARAMS, **_TAGS, **_DATASETS},
    attributes=frozenset(
        {"run_id", "run_name", "user_id", "status", "start_time", "end_time", "artifact_uri"}
    ),
    numbers=frozenset({"start_time", "end_time"}),
    aliases={
        "created": "start_time",
        "Created": "start_time",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
    },
    lists=frozenset({"run_id"}),
    order_entities=frozenset({"attribute", "metric", "param", "tag"}),
)

EXPERIMENTS = Grammar(
    entities={**_ATTRIBUTES, **_TAGS},
    attributes=frozenset({"name", "experiment_id", "creation_time", "last_update_time"}),
    numbers=frozenset({"creation_time", "last_update_time"}),
    lists=frozenset({"experiment_id"}),
    whole=True,
)

MODELS = Grammar(
    entities={**_ATTRIBUTES, **_TAGS},
    attributes=frozenset({"name"}),
    lists=frozenset({"name"}),
    nulls=False,
    orders=frozenset({"name", "creation_timestamp", "last_updated_timestamp", "timestamp"}),
)

VERSIONS = Grammar(
    entities={**_ATTRIBUTES, **_TAGS},
    attributes=frozenset({"name", "version_number", "run_id", "source_path"}),
    numbers=frozenset({"version_number"}),
    lists=frozenset({"name", "run_id"}),
    nulls=False,
    whole=True,
    orders=frozenset({"name", "version_number", "creation_timestamp", "last_updated_timestamp"}),
)

LOGGED_MODELS = Grammar(
    entities={**_RUN_ATTRIBUTES, **_METRICS, **_PARAMS, **_TAGS},
    attributes=frozenset(
        {
            "name",
            "model_id",
            "model_type",
            "status",
            "source_run_id",
            "creation_timestamp",
            "last_updated_timestamp",
        }
    ),
    numbers=frozenset({"creation_timestamp", "last_updated_timestamp"}),
    aliases={
        "creation_time": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
    lists=None,
    nulls=False,
    bare=True,
    order_entities=frozenset({"attribute", "metric"}),
)

DATASET_KEYS = frozenset({"name", "digest", "context"})

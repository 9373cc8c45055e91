"""How filters and order_by look at each kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sluice.domain.tracking.entities import (
    Experiment,
    LargeValue,
    LoggedModel,
    ModelVersion,
    RegisteredModel,
    Run,
    Value,
)
from sluice.domain.tracking.filters import Lookup, Scalar
from sluice.domain.tracking.grammars import Kind

CONTEXT_TAG = "mlflow.data.context"
_PROMPT_TAG = "mlflow.prompt.is_prompt"

Texts = Mapping[str, str]
"""Large values by digest: those that the filter needs."""
NO_TEXTS: Texts = MappingProxyType({})

Seen = Scalar | tuple[str, ...] | None


def look_at_run(run: Run, texts: Texts = NO_TEXTS) -> Lookup:
    def lookup(kind: Kind, key: str) -> Seen:
        match kind:
            case "metric":
                point = run.latest.get(key)
                return None if point is None else point.value
            case "param":
                return _text(run.params.get(key), texts)
            case "tag":
                return _text(run.tags.get(key), texts)
            case "dataset":
                return _datasets(run, key)
        found: Scalar | None = run.name if key == "run_name" else getattr(run, key)
        return found

    return lookup


def look_at_experiment(experiment: Experiment) -> Lookup:
    def lookup(kind: Kind, key: str) -> Seen:
        if kind == "tag":
            return experiment.tags.get(key)
        found: Scalar = getattr(experiment, key)
        return found

    return lookup


def look_at_model(model: RegisteredModel) -> Lookup:
    names: dict[str, Scalar] = {
        "name": model.name,
        "creation_timestamp": model.creation_time,
        "last_updated_timestamp": model.last_update_time,
        "timestamp": model.last_update_time,
    }
    return lambda kind, key: _registry_tag(model.tags, key) if kind == "tag" else names[key]


def look_at_version(version: ModelVersion) -> Lookup:
    names: dict[str, Scalar] = {
        "name": version.name,
        "version_number": version.version,
        "run_id": version.run_id,
        "source_path": version.source,
        "creation_timestamp": version.creation_time,
        "last_updated_timestamp": version.last_update_time,
    }
    return lambda kind, key: _registry_tag(version.tags, key) if kind == "tag" else names[key]


def look_at_logged_model(model: LoggedModel, texts: Texts = NO_TEXTS) -> Lookup:
    names: dict[str, Scalar] = {
        "name": model.name,
        "model_id": model.model_id,
        "model_type": model.model_type,
        "status": model.status,
        "source_run_id": model.source_run_id,
        "creation_timestamp": model.creation_time,
        "last_updated_timestamp": model.last_update_time,
    }

    def lookup(kind: Kind, key: str) -> Seen:
        match kind:
            case "metric":
                points = [point for point in model.metrics if point.series.key == key]
                return max(points, key=lambda point: point.timestamp).value if points else None
            case "param":
                return _text(model.params.get(key), texts)
            case "tag":
                return _text(model.tags.get(key), texts)
        return names[key]

    return lookup


def _datasets(run: Run, key: str) -> tuple[str, ...]:
    if key == "context":
        return tuple(value for one in run.inputs for name, value in one.tags if name == CONTEXT_TAG)
    return tuple(one.name if key == "name" else one.digest for one in run.inputs)


def _registry_tag(tags: Mapping[str, str], key: str) -> str | None:
    """MLflow keeps prompts beside models and asks for what is no prompt: here nothing is one."""
    found = tags.get(key)
    return "false" if found is None and key == _PROMPT_TAG else found


def _text(value: Value | None, texts: Texts) -> str | None:
    return texts.get(value.sha256, value.sha256) if isinstance(value, LargeValue) else value

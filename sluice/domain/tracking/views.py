"""How filters and order_by look at each kind of thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sluice.domain.tracking.entities import DatasetInput, Experiment, ModelVersion, RegisteredModel
from sluice.domain.tracking.filters import Lookup, Scalar, Seen
from sluice.domain.tracking.grammars import Kind

CONTEXT_TAG = "mlflow.data.context"
_PROMPT_TAG = "mlflow.prompt.is_prompt"


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


def dataset_cells(inputs: Sequence[DatasetInput], key: str) -> tuple[str, ...]:
    """What a run's datasets have for `name`, `digest` or `context`."""
    if key == "context":
        return tuple(value for one in inputs for name, value in one.tags if name == CONTEXT_TAG)
    return tuple(one.name if key == "name" else one.digest for one in inputs)


def _registry_tag(tags: Mapping[str, str], key: str) -> str | None:
    """MLflow keeps prompts beside models and asks for what is no prompt: here nothing is one."""
    found = tags.get(key)
    return "false" if found is None and key == _PROMPT_TAG else found

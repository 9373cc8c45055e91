"""What MLflow allows names and values to be. Every check raises Invalid and says which rule it was."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from sluice.domain.errors import Invalid

BATCH_METRICS, BATCH_PARAMS, BATCH_TAGS, BATCH_ALL, BATCH_BYTES = 1_000, 100, 100, 1_000, 1_000_000
KEY, PARAM_VALUE, TAG_VALUE, EXPERIMENT_NAME, EXPERIMENT_TAG_VALUE = 250, 6_000, 8_000, 500, 20_000
REGISTRY_TAG_VALUE, ALIAS = 100_000, 255
MODEL_NAME = 256
DATASET_NAME, DATASET_DIGEST, DATASET_SOURCE = 500, 36, 65_535
DATASET_SCHEMA, DATASET_PROFILE = 1_048_575, 16_777_215
INPUT_TAG_KEY, INPUT_TAG_VALUE = 255, 500
MOST_DATASETS = 1_000
LONG = 2**63 - 1
STAGES = ("None", "Staging", "Production", "Archived")

_KEY = re.compile(r"[/\w.\- :]*")
_ALIAS = re.compile(r"[\w\-]+")
_RESERVED_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")
_EXPERIMENT_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,63}")
_LOGGED_MODEL_NAME = re.compile(r"[^/:.%\"']+")


def within(what: str, value: str, limit: int) -> str:
    if len(value) > limit:
        raise Invalid(f"'{what}' exceeds the maximum length of {limit} characters")
    return value


def check_key(key: str, what: str = "key") -> str:
    """A metric, param or tag key: it could stand in a path, and would be that path."""
    if not key:
        raise Invalid(f"Missing value for required parameter '{what}'.")
    if not _KEY.fullmatch(key):
        raise Invalid(
            f"Invalid value {_shown(key)} for parameter '{what}' supplied: names hold letters, digits, "
            "underscores, dashes, periods, spaces, colons and slashes."
        )
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        raise Invalid(
            f"Invalid value {_shown(key)} for parameter '{what}' supplied: "
            "read as a path it would be another name."
        )
    return within(what, key, KEY)


def check_batch(metrics: int, params: int, tags: int) -> None:
    for what, count, limit in (
        ("metrics", metrics, BATCH_METRICS),
        ("params", params, BATCH_PARAMS),
        ("tags", tags, BATCH_TAGS),
        ("metrics, params, and tags", metrics + params + tags, BATCH_ALL),
    ):
        if count > limit:
            raise Invalid(f"A batch logging request can contain at most {limit} {what}. Got {count} {what}.")


def check_unique(keys: Sequence[str]) -> None:
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise Invalid(f"Duplicate parameter keys have been submitted: {twice}")


def check_run_id(run_id: str) -> str:
    if not _RUN_ID.fullmatch(run_id):
        raise Invalid(f"Invalid value {_shown(run_id)} for parameter 'run_id' supplied.")
    return run_id


def check_experiment_id(experiment_id: str) -> str:
    if not _EXPERIMENT_ID.fullmatch(experiment_id):
        raise Invalid(f"Invalid experiment ID: {_shown(experiment_id)}")
    return experiment_id


def check_experiment_name(name: str) -> str:
    if not name:
        raise Invalid("Invalid experiment name: ''")
    return within("name", name, EXPERIMENT_NAME)


def check_model_name(name: str, what: str = "name") -> str:
    if not name.strip():
        raise Invalid(f"Missing value for required parameter '{what}'.")
    if "/" in name or ":" in name or name in {".", ".."}:
        raise Invalid(f"Invalid model name {_shown(name)}. Names cannot contain '/' or ':'.")
    return within(what, name, MODEL_NAME)


def check_logged_model_name(name: str) -> str:
    if name and not _LOGGED_MODEL_NAME.fullmatch(name):
        raise Invalid(
            f"Invalid model name ({_shown(name)}) provided. It must not contain any of / : . % \" '"
        )
    return name


def check_alias(alias: str, *, new: bool) -> str:
    if not alias:
        raise Invalid("Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(alias):
        raise Invalid(
            f"Invalid alias name: {_shown(alias)}: it holds letters, digits, underscores and dashes only."
        )
    if new and _RESERVED_ALIAS.fullmatch(alias):
        raise Invalid(f"The alias name {_shown(alias)} is reserved.")
    return within("Registered model alias name", alias, ALIAS)


def check_stage(stage: str) -> str:
    """A stage in its own spelling."""
    for known in STAGES:
        if stage.lower() == known.lower():
            return known
    raise Invalid(f"Invalid Model Version stage: {_shown(stage)}. Value must be one of {', '.join(STAGES)}.")


def read_version(text: str) -> int:
    if not text.isdecimal() or len(text) > 8:  # noqa: PLR2004 - the digits of a version's key
        raise Invalid(f"Parameter 'version' must be an integer, got {_shown(text)}.")
    return int(text)


def check_max_results(count: int, limit: int) -> int:
    if not 1 <= count <= limit:
        raise Invalid(
            f"Invalid value {count} for parameter 'max_results' supplied. It must be at least 1 and at most "
            f"{limit}."
        )
    return count


def _shown(text: str) -> str:
    return repr(text[:100])

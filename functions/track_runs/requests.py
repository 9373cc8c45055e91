"""What MLflow's clients send: tracking. Unknown fields are ignored, as newer clients send more of them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from sluice.domain.errors import Invalid
from sluice.domain.tracking import limits
from sluice.domain.tracking.entities import Point, Series

_NOT_NUMBERS = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf}


def _read_number(value: object) -> float:
    """A double as protobuf's JSON has it: NaN and the infinities as texts, nothing beyond its range."""
    if isinstance(value, str):
        known = _NOT_NUMBERS.get(value.lower())
        if known is not None:
            return known
        value = _of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"Invalid value {str(value)[:50]} for parameter 'value' supplied: it must be a number.")
    try:
        number = float(value)
    except OverflowError as error:
        raise Invalid(
            "Invalid value for parameter 'value' supplied: it is beyond a double's range."
        ) from error
    if math.isinf(number):
        raise Invalid("Invalid value for parameter 'value' supplied: infinity is written as \"Infinity\".")
    return number


def _of_text(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Invalid(f"Invalid value {text[:50]!r} for parameter 'value' supplied.") from error


def _needed(value: str) -> str:
    if not value:
        raise ValueError("a value is needed")
    return value


Needed = Annotated[str, AfterValidator(_needed)]
RunId = Annotated[str, AfterValidator(limits.check_run_id)]
ExperimentId = Annotated[str, AfterValidator(limits.check_experiment_id)]
Key = Annotated[str, AfterValidator(limits.check_key)]
Number = Annotated[float, BeforeValidator(_read_number)]
Moment = Annotated[int, Field(ge=0, le=limits.LONG)]
Long = Annotated[int, Field(ge=-limits.LONG - 1, le=limits.LONG)]
View = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]


class Request(BaseModel):
    # Built when first needed: most functions are asked only a few of a hundred things before they end.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Tag(Request):
    key: Key
    value: str = ""


class Param(Request):
    key: Key
    value: Annotated[
        str, AfterValidator(lambda text: limits.within("Param value", text, limits.PARAM_VALUE))
    ] = ""


class Metric(Request):
    key: Key
    value: Number
    timestamp: Moment
    step: Long = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    def point(self) -> Point:
        series = Series(self.key, self.model_id, self.dataset_name, self.dataset_digest)
        return Point(series, self.value, self.timestamp, self.step)


class ByExperiment(Request):
    experiment_id: ExperimentId


class ByExperimentName(Request):
    experiment_name: Needed


class CreateExperiment(Request):
    name: Annotated[str, AfterValidator(limits.check_experiment_name)]
    artifact_location: str = ""
    tags: tuple[Tag, ...] = ()


class UpdateExperiment(ByExperiment):
    new_name: Annotated[str, AfterValidator(limits.check_experiment_name)]


class SearchExperiments(Request):
    max_results: int = 1_000
    page_token: str = ""
    filter: str = ""
    order_by: tuple[str, ...] = ()
    view_type: View = "ACTIVE_ONLY"


class SetExperimentTag(ByExperiment):
    key: Key
    value: Annotated[
        str, AfterValidator(lambda text: limits.within("value", text, limits.EXPERIMENT_TAG_VALUE))
    ] = ""


class ExperimentKey(ByExperiment):
    key: Key


class ByRun(Request):
    run_id: RunId = Field(validation_alias=AliasChoices("run_id", "run_uuid"))


class CreateRun(Request):
    experiment_id: ExperimentId = "0"
    user_id: str = ""
    run_name: str = ""
    start_time: Moment = 0
    tags: tuple[Tag, ...] = ()


class UpdateRun(ByRun):
    status: Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] | None = None
    end_time: Moment | None = None
    run_name: str = ""


class LogMetric(ByRun, Metric):
    pass


class LogParam(ByRun, Param):
    pass


class SetTag(ByRun, Tag):
    pass


class DeleteTag(ByRun):
    key: Needed


class LogBatch(ByRun):
    metrics: tuple[Metric, ...] = ()
    params: tuple[Param, ...] = ()
    tags: tuple[Tag, ...] = ()


class LogModel(ByRun):
    model_json: Needed


class InputTag(Request):
    key: Annotated[str, AfterValidator(lambda text: limits.within("key", text, limits.INPUT_TAG_KEY))]
    value: Annotated[
        str, AfterValidator(lambda text: limits.within("value", text, limits.INPUT_TAG_VALUE))
    ] = ""


class Dataset(Request):
    """Named `schema_` because pydantic has a `schema` of its own."""

    name: Annotated[Needed, AfterValidator(lambda text: limits.within("name", text, limits.DATASET_NAME))]
    digest: Annotated[
        Needed, AfterValidator(lambda text: limits.within("digest", text, limits.DATASET_DIGEST))
    ]
    source_type: Needed
    source: Annotated[
        Needed, AfterValidator(lambda text: limits.within("source", text, limits.DATASET_SOURCE))
    ]
    schema_: Annotated[
        str | None, AfterValidator(lambda text: text and limits.within("schema", text, limits.DATASET_SCHEMA))
    ] = Field(None, alias="schema")
    profile: Annotated[
        str | None,
        AfterValidator(lambda text: text and limits.within("profile", text, limits.DATASET_PROFILE)),
    ] = None


class DatasetInput(Request):
    tags: tuple[InputTag, ...] = ()
    dataset: Dataset


class ModelRef(Request):
    model_id: Needed
    step: Long = 0


class LogInputs(ByRun):
    datasets: Annotated[tuple[DatasetInput, ...], Field(max_length=limits.MOST_DATASETS)] = ()
    models: tuple[ModelRef, ...] = ()


class LogOutputs(ByRun):
    models: Annotated[tuple[ModelRef, ...], Field(min_length=1)]


class SearchRuns(Request):
    experiment_ids: tuple[ExperimentId, ...] = ()
    filter: str = ""
    run_view_type: View = "ACTIVE_ONLY"
    max_results: int = 1_000
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class SearchDatasets(Request):
    experiment_ids: tuple[ExperimentId, ...] = ()


class MetricHistory(ByRun):
    metric_key: Needed
    max_results: int | None = None
    page_token: str = ""


class MetricHistoryInterval(Request):
    run_ids: Annotated[tuple[RunId, ...], Field(min_length=1, max_length=100)]
    metric_key: Needed
    start_step: Long | None = None
    end_step: Long | None = None
    max_results: Annotated[int, Field(ge=1, le=2_500)] = 2_500


class ListArtifacts(ByRun):
    path: str = ""


class GraphQuery(Request):
    operationName: str = ""  # noqa: N815 - GraphQL's name
    query: str = ""
    variables: dict[str, Any] = {}


class BeginUpload(Request):
    path: Needed
    num_parts: Annotated[int, Field(ge=1, le=10_000)] = 1


class UploadedPart(Request):
    part_number: Annotated[int, Field(ge=1, le=10_000)]
    etag: Needed


class CompleteUpload(Request):
    path: Needed
    upload_id: Needed
    parts: Annotated[tuple[UploadedPart, ...], Field(min_length=1)]


class AbortUpload(Request):
    path: Needed
    upload_id: Needed

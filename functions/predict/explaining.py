"""Explanations of answers: while they are given, and years later from the ledger. Both come out the same."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import onnxruntime

from sluice.domain.endpoints import Variant
from sluice.domain.errors import Conflict, IntegrityError, Invalid, NotFound, TooLarge
from sluice.domain.predictions import parse_prediction_id, prediction_id
from sluice.scoring.background import read_background
from sluice.scoring.counterfactuals import counterfactuals
from sluice.scoring.permutation import explain, row_of, seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.predict.model_source import Served
    from functions.predict.serving import Scored, Serving
    from sluice.domain.artefacts import ArtefactRef
    from sluice.domain.model import ModelVersion
    from sluice.domain.predictions import ScoredRequest
    from sluice.scoring.explanation import Value
    from sluice.scoring.signature import Columns

    FindVersion = Callable[[str, str, int], ModelVersion]
    Report = Callable[[str, ScoredRequest, str], None]

MOST_ROWS = 50
_BACKGROUNDS = 64

Json = dict[str, Any]


@dataclass(frozen=True)
class Explaining:
    """What explanations need besides serving. `report` puts a finding where auditors see it, once."""

    read: Callable[[ArtefactRef], bytes]
    find_request: Callable[[str, str], ScoredRequest | None]
    find_version: FindVersion
    report: Report
    backgrounds: dict[str, Columns] = field(default_factory=dict)

    def background(self, served: Served) -> Columns | None:
        """None for a version that was registered without. IntegrityError when it is not the recorded one."""
        manifest, ref = served.model.manifest, served.variant.artefacts.get("background")
        if manifest.background_sha256 is None or ref is None:
            return None
        found = self.backgrounds.get(manifest.digest)
        if found is None:
            if len(self.backgrounds) >= _BACKGROUNDS:
                self.backgrounds.clear()
            found = self.backgrounds[manifest.digest] = read_background(manifest, self.read(ref))
        return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks of an explanation, besides it."""

    explained_class: str | None = None
    counterfactuals: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Wanted:
        """From parameters of a body or of an address; Invalid for what they cannot be."""
        asked, name = given.get("counterfactuals", False), given.get("class")
        if asked not in (True, False, "true", "false"):
            raise Invalid(f"counterfactuals: expected true or false, got {asked!r:.80}")
        if name is not None and not isinstance(name, str):
            raise Invalid("class: expected a text")
        return cls(name, asked in (True, "true"))


def explain_scored(serving: Serving, scored: Scored, wanted: Wanted) -> list[Json]:
    """One explanation a row. TooLarge for more rows than are explained at once."""
    if scored.rows.count > MOST_ROWS:
        raise TooLarge(f"at most {MOST_ROWS} rows are explained at once, there are {scored.rows.count}")
    began = time.perf_counter()
    columns, request_id = scored.rows.columns, scored.call.request_id
    explaining = _required(serving)
    told = [
        _explained(
            explaining, scored.served, prediction_id(request_id, place), row_of(columns, place), wanted
        )
        for place in range(scored.rows.count)
    ]
    scored.timings["explain"] = round((time.perf_counter() - began) * 1000, 3)
    return told


def explain_again(
    serving: Serving, tenant: str, name: str, wanted: Wanted, admit: Callable[[str], None]
) -> tuple[ScoredRequest, Json]:
    """The explanation of a recorded prediction, by the model that answered it, whether or not it serves now.

    `admit` raises unless the caller may see predictions of the project.
    """
    unknown = NotFound("there is no such prediction")
    try:
        request_id, place = parse_prediction_id(name)
    except Invalid as error:
        raise unknown from error
    explaining = _required(serving)
    request = explaining.find_request(tenant, request_id)
    if request is None or place >= request.rows:
        raise unknown
    admit(request.project)
    if request.forgotten:
        raise Conflict("personal fields of this prediction were forgotten: nothing explains it any more")
    version = explaining.find_version(tenant, request.project, request.model_version)
    if version.model_digest != request.model_digest:
        raise IntegrityError("the model that answered is not the one that is registered under its version")
    variant = Variant(request.variant, version.version, version.model_digest, 0, version.artefacts)
    served = serving.source.load(variant)
    return request, _explained(explaining, served, name, request.row(place), wanted)


def report_findings(serving: Serving, tenant: str, request: ScoredRequest, told: list[Json]) -> None:
    """A protected attribute that ranks among the principal reasons is put on record."""
    for each in told:
        if each["explanation"]["protected_ranked"]:
            _required(serving).report(tenant, request, each["prediction_id"])


def _required(serving: Serving) -> Explaining:
    if serving.explaining is None:
        raise Conflict("this server gives no explanations: ask the deployment that the model comes from")
    return serving.explaining


def _explained(
    explaining: Explaining, served: Served, name: str, row: Mapping[str, Value], wanted: Wanted
) -> Json:
    model = served.model
    background = explaining.background(served)
    seed = seed_of(name, model.manifest.digest)
    document: Json = {
        "prediction_id": name,
        "model_version": served.variant.model_version,
        "model_digest": model.manifest.digest,
        "seed": seed,
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "explanation": asdict(explain(model, background, row, seed, wanted.explained_class)),
    }
    if wanted.counterfactuals:
        document["counterfactuals"] = asdict(counterfactuals(model, background, row))
    return document

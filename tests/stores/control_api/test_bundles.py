"""A model that leaves: its bundle by the API, and what its server sends home."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.bundle.contents import Bundle
from sluice.bundle.verify import verify_bundle
from sluice.client.bundle import write_bundle
from sluice.domain.errors import IntegrityError
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest
from sluice.domain.travelling import write_travelling
from tests.stores.control_api.api import ADA, CID, EVE, SCORER, Api
from tests.stores.control_api.scenes import PROJECT, REQUEST, TENANT, register_model, scored

BUNDLE = f"/projects/{PROJECT}/models/1/bundle"
SEND = f"/projects/{PROJECT}/edge-predictions"


def record(model: ModelVersion, **changes: Any) -> dict[str, Any]:
    """What the server of a bundle keeps of one request."""
    request = ScoredRequest(
        request_id=REQUEST,
        project=PROJECT,
        environment="edge",
        created_at="2026-11-23T10:00:00.000Z",
        revision=0,
        promotion_id="",
        variant="till-7",
        model_version=model.version,
        model_digest=model.model_digest,
        task="binary",
        rows=2,
        protocol="mlflow",
        principal="edge",
        correlation_id="correlation",
        features={
            "age": [30.1, None],
            "duration": [48.0, 1.5],
            "purpose": ["car", "tv"],
            "sex": ["f", None],
        },
        threshold=0.2,
        classes=("0", "1"),
        probabilities={"0": [0.3, 0.1 + 0.2], "1": [0.7, 0.7]},
        labels=["1", "1"],
    )
    document: dict[str, Any] = json.loads(write_travelling(request))
    return document | changes


def written(api: Api, folder: Path, **query: str) -> Path:
    """The bundle as the command writes it, its links answered by the store behind them."""
    told = api.get(BUNDLE, CID, **query).ok()
    model = api.platform.models.get(TENANT, PROJECT, 1)
    names = {"model/model.onnx": "model", "model/model.json": "manifest"}
    assert set(told["links"]) == set(names)
    for path in told["links"]:
        content = api.platform.artefacts.read(model.artefacts[names[path]])
        told["texts"][path] = base64.b64encode(content).decode()
    write_bundle(told | {"links": {}}, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_holds_what_serving_needs_and_is_always_the_same(api: Api, tmp_path: Path) -> None:
    register_model(api.platform)

    first = contents(written(api, tmp_path / "one"))
    api.platform.pass_time(hours=1)
    again = contents(written(api, tmp_path / "two"))

    assert first == again
    assert {"serve.py", "requirements.txt", "functions/predict/door.py", "model/model.onnx"} <= set(first)
    assert "Containerfile" not in first
    assert not any(name.startswith(("sluice/stores", "sluice/cli", "sluice/local")) for name in first)
    assert "Containerfile" in contents(written(api, tmp_path / "three", format="container"))


def test_the_key_is_the_deployments_and_export_is_audited(api: Api, tmp_path: Path) -> None:
    register_model(api.platform)
    key = api.get("/signing-key", EVE).ok()["key"]

    folder = written(api, tmp_path / "bundle")

    assert verify_bundle(folder, key).bundle.model_version == 1
    with pytest.raises(IntegrityError, match="not by the key that is expected"):
        verify_bundle(folder, "00" * 32)
    events = api.platform.audit.events(TENANT, PROJECT).values()
    assert [(event.actor, event.action) for event in events] == [("cid", "model.exported")]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            lambda root: (root / "model/model.onnx").write_bytes(b"other"),
            "model/model.onnx is not what was signed",
        ),
        (lambda root: (root / "edge/door.py").unlink(), "edge/door.py is missing"),
        (lambda root: (root / "sluice/x.py").write_text("evil"), "sluice/x.py is not of the bundle"),
        (lambda root: (root / "numpy.py").symlink_to("/etc/passwd"), "numpy.py is not of the bundle"),
        (
            lambda root: (root / "bundle.json").write_text(
                (root / "bundle.json").read_text().replace("1", "2")
            ),
            "signature is not of this list",
        ),
        (lambda root: (root / "bundle.sig").write_text("{}"), "signature cannot be read"),
        (lambda root: (root / "bundle.sig").unlink(), "holds no bundle"),
    ],
)
def test_a_changed_bundle_is_refused_by_the_verifier_and_by_its_server(
    api: Api, tmp_path: Path, harm: Any, said: str
) -> None:
    register_model(api.platform)
    folder = written(api, tmp_path / "bundle")
    harm(folder)

    with pytest.raises(IntegrityError, match=said):
        verify_bundle(folder)


def test_a_server_does_not_start_on_a_changed_bundle(api: Api, tmp_path: Path) -> None:
    register_model(api.platform)
    folder = written(api, tmp_path / "bundle")
    (folder / "model/model.json").write_text("{}")

    started = subprocess.run(
        [sys.executable, folder / "serve.py"], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert started.returncode == 1
    assert "refused to start: model/model.json is not what was signed" in started.stderr


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "", "."])
def test_a_list_that_leads_out_of_its_folder_is_no_bundle(path: str) -> None:
    file = {"sha256": "0" * 64, "size": 1}
    document = {
        "v": 1,
        "format": "bundle",
        "project": "credit",
        "model_version": 1,
        "model_digest": "d",
        "promotion_id": "",
        "salt": "s",
        "software": "1",
        "artefacts": {"model": "m", "manifest": "n"},
        "files": {"m": file, "n": file},
    }
    Bundle.parse(json.dumps(document).encode())

    with pytest.raises(IntegrityError, match="no path inside"):
        Bundle.parse(json.dumps(document | {"files": document["files"] | {path: file}}).encode())  # type: ignore[operator]


def test_who_may_export_what(api: Api) -> None:
    register_model(api.platform)

    api.get(BUNDLE, ADA).problem(403, "forbidden")
    api.get(BUNDLE, CID, format="tarball").problem(400, "bad_request")
    api.get(f"/projects/{PROJECT}/models/2/bundle", CID).problem(404, "not_found")


def test_a_download_that_is_refused_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, text="expired")

    monkeypatch.setattr(httpx, "stream", httpx.Client(transport=httpx.MockTransport(refuse)).stream)

    with pytest.raises(Exception, match=r"refused model\.onnx"):
        write_bundle(
            {"texts": {}, "links": {"model/model.onnx": "http://storage/x"}, "key": ""}, tmp_path / "new"
        )

    assert list(tmp_path.iterdir()) == []


def test_records_come_home_once_and_tell_their_story(api: Api) -> None:
    scored(api.platform)
    model = api.platform.models.get(TENANT, PROJECT, 1)
    sent = record(model, request_id=REQUEST.replace("001", "777"))
    body = {"device": "till-7", "records": [sent]}

    assert api.post(SEND, body, SCORER).ok() == {"accepted": 1, "rejected": []}
    assert api.post(SEND, body, SCORER).ok() == {"accepted": 1, "rejected": []}

    kept = api.platform.predictions.get(TENANT, sent["request_id"])
    assert kept is not None
    assert (kept.environment, kept.variant, kept.principal) == ("edge", "till-7", "scorer")
    assert kept.features["age"] == [30.1, None]
    assert kept.probabilities["0"] == [0.3, 0.1 + 0.2]
    story = api.get(f"/predictions/{sent['request_id']}.1", CID).ok()
    assert (story["approval"]["status"], story["model"]["variant"]) == ("exported", "till-7")


def test_records_that_make_no_sense_are_named_and_the_others_taken(api: Api) -> None:
    model = register_model(api.platform)
    ids = [f"01936b2e-0000-7000-8000-0000000001{number:02}" for number in range(20)]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"project": "other"}, "of project 'other'"),
        ({"model_digest": "x"}, "another model"),
        ({"model_version": 9}, "no model version 9"),
        ({"promotion_id": "p"}, "no promotion"),
        ({"rows": 3}, "not as many cells"),
        ({"rows": "3"}, "whole numbers"),
        ({"created_at": "yesterday"}, "cannot be read"),
        ({"features": {"age": [[1], [2]]}}, "neither a finite number"),
        ({"features": {"age": [1, 2]}}, "features are not the model's"),
        ({"features": None}, "cannot be read"),
        ({"labels": []}, "neither labels nor values"),
        ({"timings": {"score": "fast"}}, "milliseconds"),
    ]
    records = [record(model, request_id=ids[place], **change) for place, (change, _) in enumerate(wrong)]

    answer = api.post(SEND, {"device": "till-7", "records": [*records, record(model)]}, SCORER).ok()

    assert answer["accepted"] == 1
    for told, request_id, (_, reason) in zip(answer["rejected"], ids, wrong, strict=False):
        assert told["request_id"] == request_id
        assert reason in told["reason"]
    assert len(answer["rejected"]) == len(wrong)


def test_what_a_device_found_about_a_prediction_is_in_the_audit_once(api: Api) -> None:
    sent = record(register_model(api.platform))
    for found in (f"{REQUEST}.1", f"{REQUEST}.1", None, "01936b2e-0000-7000-8000-000000000199.0", 7):
        api.post(SEND, {"device": "till-7", "records": [sent | {"protected_ranked": found}]}, SCORER).ok()

    events = api.platform.audit.events(TENANT, PROJECT).values()
    findings = [each for each in events if each.action == "finding.protected_ranked"]
    assert [(each.subject, each.details["environment"]) for each in findings] == [
        (f"prediction:{REQUEST}.1", "edge")
    ]


def test_another_content_under_a_known_id_is_refused(api: Api) -> None:
    model = register_model(api.platform)
    api.post(SEND, {"device": "till-7", "records": [record(model)]}, SCORER).ok()

    other = record(model, labels=["0", "0"])
    answer = api.post(SEND, {"device": "till-7", "records": [other]}, SCORER).ok()

    assert "already with another content" in answer["rejected"][0]["reason"]


def test_a_batch_of_a_wrong_form_is_refused_whole(api: Api) -> None:
    register_model(api.platform)

    api.post(SEND, {"device": "Till 7", "records": [{}]}, SCORER).problem(422, "invalid")
    api.post(SEND, {"device": "till-7", "records": []}, SCORER).problem(422, "invalid")
    api.post(SEND, b"{", SCORER).problem(400, "bad_request")
    api.post(SEND, {"device": "till-7", "records": [{}]}, EVE).problem(403, "forbidden")


def test_numbers_travel_exactly(api: Api) -> None:
    model = register_model(api.platform)
    rows = 500
    cells = [None if row % 7 == 0 else row / 7 for row in range(rows)]
    sent = record(model)
    request = dataclasses.replace(
        api_request(sent),
        rows=rows,
        features=dict.fromkeys(("age", "duration", "purpose", "sex"), cells),
        probabilities={"0": cells, "1": cells},
        labels=["1"] * rows,
    )
    api.post(SEND, {"device": "till-7", "records": [json.loads(write_travelling(request))]}, SCORER).ok()

    kept = api.platform.predictions.get(TENANT, REQUEST)
    assert kept is not None
    assert list(kept.features["age"]) == cells


def api_request(document: dict[str, Any]) -> ScoredRequest:
    fields = dict(document)
    fields |= {name: tuple(fields[name]) for name in ("classes", "personal")}
    return ScoredRequest(**fields)

"""What benchmarks.scoring measures with: a forest of 200 and a 1 MB model, request bodies, and a process
that answers like DynamoDB and S3 so that the function's real clients have somebody to speak to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FEATURES = [f"f{number}" for number in range(20)]
PROJECTS = {"forest": 200, "second": 56, "linear": 0}
"""Trees of each project's model: none is a logistic regression; the second's file has about a megabyte."""


def make_scene(folder: Path) -> None:
    """Fit, convert and describe the models; write them, the items that route to them, and the bodies."""
    import mlflow.sklearn  # noqa: PLC0415 - the processes that are measured import this file
    import pandas as pd  # noqa: PLC0415
    from sklearn.datasets import make_classification  # noqa: PLC0415
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    rows, truth = make_classification(4_000, len(FEATURES), n_informative=10, random_state=7)
    frame = pd.DataFrame(rows, columns=FEATURES)
    items: dict[str, Any] = {}
    for project, trees in PROJECTS.items():
        depth = 8 if project == "forest" else None
        forest = RandomForestClassifier(trees or 1, max_depth=depth, random_state=7)
        model = (forest if trees else LogisticRegression()).fit(frame, truth)
        items |= _publish(folder, project, model)
        if project == "forest":
            mlflow.sklearn.save_model(
                model,
                str(folder / "mlflow"),
                serialization_format="cloudpickle",
                pip_requirements=["scikit-learn"],  # finding them out takes minutes
            )
    (folder / "items.json").write_text(json.dumps(items))
    for count in (1, 100, 10_000):
        data = [[round(float(cell), 4) for cell in rows[place % len(rows)]] for place in range(count)]
        (folder / f"{count}.json").write_text(json.dumps({"columns": FEATURES, "data": data}))


def _publish(folder: Path, project: str, model: Any) -> dict[str, Any]:  # noqa: ANN401 - an estimator
    """The model's files, and its endpoint's item as the routing table would hold it."""
    from functions.train_model.check_model import FittedModel  # noqa: PLC0415
    from functions.train_model.export_onnx import export_onnx  # noqa: PLC0415
    from sluice.domain.artefacts import ArtefactRef  # noqa: PLC0415
    from sluice.domain.endpoints import Variant  # noqa: PLC0415
    from sluice.scoring.manifest import Feature  # noqa: PLC0415
    from sluice.stores.endpoints import EndpointStore  # noqa: PLC0415
    from sluice.stores.items import Items  # noqa: PLC0415

    fitted = FittedModel(model, "binary", FEATURES, ("0", "1"), "1")
    onnx, outputs = export_onnx(fitted, [Feature(name, "number", nullable=False) for name in FEATURES])
    document = {
        "project": project,
        "task": "binary",
        "target": "y",
        "features": [{"name": name, "dtype": "number", "nullable": False} for name in FEATURES],
        "classes": ["0", "1"],
        "positive_class": "1",
        "onnx": {
            "sha256": hashlib.sha256(onnx).hexdigest(),
            "size": len(onnx),
            "output_probability": outputs.probability,
        },
    }
    refs = {}
    for name, content in {"model": onnx, "manifest": json.dumps(document).encode()}.items():
        (folder / f"{project}.{name}").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        refs[name] = ArtefactRef("artifacts", f"{project}.{name}", "null", sha256, len(content))
    writer = _Remembering()
    EndpointStore(Items(writer, "platform")).put_revision(  # type: ignore[arg-type] # all that it asks of a client
        "default",
        project,
        "production",
        variants=[Variant("v1", 1, refs["manifest"].sha256, 100, refs)],
        promotion_id="p",
        change_id="c",
        expected_revision=0,
    )
    return writer.items


class _Remembering:
    """A DynamoDB client that keeps what is put."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def get_item(self, **_: object) -> dict[str, Any]:
        return {}

    def transact_write_items(self, **request: Any) -> None:
        for write in request["TransactItems"]:
            item = write["Put"]["Item"]
            self.items[f"{item['pk']['S']}|{item['sk']['S']}"] = item


def serve_aws(folder: Path, port: int) -> None:
    """GetItem, PutItem, GetObject and PutObject over the scene's files, until somebody ends the process."""
    items = json.loads((folder / "items.json").read_text())

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found = {}
            if self.headers["x-amz-target"].endswith("GetItem"):
                key = asked["Key"]
                item = items.get(f"{key['pk']['S']}|{key['sk']['S']}")
                found = {"Item": item} if item else {}
            self._say(json.dumps(found).encode(), "application/x-amz-json-1.0")

        def do_GET(self) -> None:
            self._say((folder / Path(urlsplit(self.path).path).name).read_bytes(), "binary/octet-stream")

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._say(b"", "binary/octet-stream")

        def _say(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Answering).serve_forever()


def event(project: str, path: str, content: bytes, **headers: str) -> dict[str, Any]:
    """As API Gateway hands it over, with a caller who may score; what is no text travels in base64."""
    binary = bool(headers)
    caller = {"tenant": "default", "principal": "b", "roles": "invoker", "projects": "*", "token_id": "t"}
    return {
        "version": "2.0",
        "rawPath": path.format(project=project),
        "headers": {"content-type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "http": {"method": "POST", "path": path},
            "requestId": "r",
            "authorizer": {"lambda": caller},
        },
        "isBase64Encoded": binary,
        "body": base64.b64encode(content).decode() if binary else content.decode(),
    }


if __name__ == "__main__":
    serve_aws(Path(sys.argv[1]), int(sys.argv[2]))

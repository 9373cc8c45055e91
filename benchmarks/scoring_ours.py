"""The measured processes of benchmarks.scoring on our side: `python -m benchmarks.scoring_ours FOLDER PART`.

Each prints one line of JSON: processor milliseconds a call, memory, and the answers to compare.
"""

from __future__ import annotations

import time

STARTED = time.process_time()

import json  # noqa: E402 - what is imported is measured
import struct  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.peak_memory import peak_memory  # noqa: E402
from benchmarks.scoring_scene import FEATURES, event  # noqa: E402

INVOCATIONS = "/endpoints/{project}/production/invocations"
INFER = "/v2/models/{project}/infer"


def main(folder: Path, part: str) -> None:
    part, _, count = part.partition(":")
    print(json.dumps(PARTS[part](folder, count)))


def cold(folder: Path, _: str) -> dict[str, Any]:
    """Everything from an empty process to the first answer that is recorded, and a switch of models after."""
    import functions.predict.handler as door  # noqa: PLC0415

    first = door.handler(_asked(folder, "forest", "1"), None)
    used = time.process_time() - STARTED
    memory = peak_memory()
    begun = time.process_time()
    second = door.handler(_asked(folder, "second", "1"), None)
    switched = time.process_time() - begun
    assert (first["statusCode"], second["statusCode"]) == (200, 200), (first, second)
    size = (folder / "second.model").stat().st_size
    return {"cpu": used * 1000, "mb": memory, "switch": switched * 1000, "switched_bytes": size}


def scoring(folder: Path, count: str) -> dict[str, Any]:
    """The handler as it is, and beside it without the ledger's write."""
    import functions.predict.handler as door  # noqa: PLC0415
    from functions.predict.door import answer  # noqa: PLC0415
    from sluice.web.observability import observed  # noqa: PLC0415

    asked = _asked(folder, "forest", count)
    text = json.dumps(asked)
    durable = _per_call(lambda: json.dumps(door.handler(json.loads(text), None)), count)
    alone = replace(door.serving(), ledger=_Nothing())
    handler = observed(lambda given, context: answer(alone, given, context))
    without = _per_call(lambda: json.dumps(handler(json.loads(text), None)), count)
    said = json.loads(door.handler(asked, None)["body"])
    assert "predictions" in said, said
    return {"cpu": without, "durable": durable, "answers": said["predictions"]}


def tensors(folder: Path, count: str) -> dict[str, Any]:
    """The same rows in JSON and as binary tensors, to a light model: what is compared is the reading."""
    import functions.predict.handler as door  # noqa: PLC0415
    from functions.predict.door import answer  # noqa: PLC0415

    serving = replace(door.serving(), ledger=_Nothing())
    data = json.loads((folder / f"{count}.json").read_text())["data"]
    columns = list(zip(*data, strict=True))
    asked = {"json": _json_tensors(columns), "binary": _binary_tensors(columns)}
    found = {}
    for name, given in asked.items():
        text = json.dumps(given)
        found[name] = _per_call(lambda text=text: json.dumps(answer(serving, json.loads(text))), count)  # type: ignore[misc]
        assert answer(serving, given)["statusCode"] == 200
    return found


def in_process(folder: Path, count: str) -> dict[str, Any]:
    """ONNX Runtime alone, inputs ready: what nobody can be faster than."""
    import numpy as np  # noqa: PLC0415
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "forest.model"), options)
    data = np.array(json.loads((folder / f"{count}.json").read_text())["data"], dtype=np.float32)
    feeds = {name: data[:, [place]] for place, name in enumerate(FEATURES)}
    output = session.get_outputs()[-1].name
    chances = session.run([output], feeds)[0][:, 1]
    answers = ["1" if chance >= 0.5 else "0" for chance in chances]
    return {"cpu": _per_call(lambda: session.run([output], feeds), count), "answers": answers}


def pyfunc(folder: Path, _: str) -> dict[str, Any]:
    """MLflow's own cold start: load the model, answer once."""
    import mlflow.pyfunc  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    body = json.loads((folder / "1.json").read_text())
    mlflow.pyfunc.load_model(str(folder / "mlflow")).predict(pd.DataFrame(body["data"], columns=FEATURES))
    return {"cpu": (time.process_time() - STARTED) * 1000, "mb": peak_memory()}


class _Nothing:
    """A ledger that keeps nothing."""

    def put(self, tenant: str, request: Any) -> None:  # noqa: ANN401
        """Forget it."""


def _asked(folder: Path, project: str, count: str) -> dict[str, Any]:
    body = json.loads((folder / f"{count}.json").read_text())
    return event(project, INVOCATIONS, json.dumps({"dataframe_split": body}).encode())


def _json_tensors(columns: list[tuple[float, ...]]) -> dict[str, Any]:
    inputs = [
        {"name": name, "datatype": "FP32", "shape": [len(cells)], "data": cells}
        for name, cells in zip(FEATURES, columns, strict=True)
    ]
    return event("linear", INFER, json.dumps({"inputs": inputs}).encode())


def _binary_tensors(columns: list[tuple[float, ...]]) -> dict[str, Any]:
    size = len(columns[0]) * 4
    inputs = [
        {
            "name": name,
            "datatype": "FP32",
            "shape": [len(columns[0])],
            "parameters": {"binary_data_size": size},
        }
        for name in FEATURES
    ]
    outputs = [{"name": "probability", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    tail = b"".join(struct.pack(f"<{len(cells)}f", *cells) for cells in columns)
    return event("linear", INFER, head + tail, inference_header_content_length=str(len(head)))


def _per_call(act: Callable[[], object], count: str) -> float:
    """Processor milliseconds a call, after as many warm ones as matter: the smallest of five rounds."""
    calls = {"1": 200, "100": 60, "10000": 3}[count]
    for _ in range(max(1, calls // 10)):
        act()
    rounds = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(calls):
            act()
        rounds.append((time.process_time() - begun) / calls * 1000)
    return min(rounds)


PARTS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "cold": cold,
    "scoring": scoring,
    "tensors": tensors,
    "in_process": in_process,
    "pyfunc": pyfunc,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Batch scoring of a logistic regression: rows a second of processor time, and peak memory.

`python benchmarks/batch.py [ROWS]` (default 100,000; 20 numeric features). One process a measurement. Beside
it, in the same run: a pandas and scikit-learn predict loop, and ONNX Runtime in process. All read the same
CSV in stretches and write id, label and probability. Ours is the room's own code without S3 and DynamoDB.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

FEATURES = 20
STRETCH = 25_000
NAMES = [f"f{number}" for number in range(FEATURES)]


def prepare(folder: Path, rows: int) -> None:
    """The model in both forms, its manifest, and files of `rows` and ten times as many."""
    import joblib
    import pandas as pd
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from sluice.domain.artefacts import sha256_of

    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(2_000, FEATURES)), columns=NAMES)
    truth = (frame.sum(axis=1) + random.normal(size=len(frame)) > 0).astype(int)
    pipeline = make_pipeline(ColumnTransformer([("n", StandardScaler(), NAMES)]), LogisticRegression())
    pipeline.fit(frame, truth)
    joblib.dump(pipeline, folder / "model.joblib")
    inputs = [(name, FloatTensorType([None, 1])) for name in NAMES]
    onnx = to_onnx(
        pipeline, initial_types=inputs, options={id(pipeline): {"zipmap": False}}
    ).SerializeToString()
    (folder / "model.onnx").write_bytes(onnx)
    manifest = {
        "project": "bench",
        "task": "binary",
        "target": "y",
        "features": [{"name": name, "dtype": "number", "nullable": False} for name in NAMES],
        "classes": ["0", "1"],
        "positive_class": "1",
        "threshold": 0.5,
        "onnx": {"sha256": sha256_of(onnx), "size": len(onnx), "output_probability": "probabilities"},
    }
    (folder / "model.json").write_text(json.dumps(manifest))
    with (folder / "1x.csv").open("w") as file:
        file.write(",".join(["id", *NAMES]) + "\n")
        for start in range(0, rows, STRETCH):
            cells = np.round(random.normal(size=(min(STRETCH, rows - start), FEATURES)), 4).tolist()
            file.writelines(f"r{start + n}," + ",".join(map(repr, row)) + "\n" for n, row in enumerate(cells))
    content = (folder / "1x.csv").read_bytes()
    header, _, body = content.partition(b"\n")
    (folder / "10x.csv").write_bytes(header + b"\n" + body * 10)


def sluice_batch(folder: Path, file: Path, target: Path) -> int:
    from functions.score_batch.answer_rows import answer_rows
    from functions.score_batch.read_rows import read_block
    from functions.score_batch.row_blocks import row_blocks
    from functions.score_batch.write_results import result_lines
    from sluice.domain.batch import Batch
    from sluice.scoring.model import LoadedModel

    model = LoadedModel.load((folder / "model.onnx").read_bytes(), (folder / "model.json").read_bytes())
    columns = ("id", *NAMES)
    batch = Batch(
        "b", "batch", "bench", "production", "csv", "k", "me", True, "c", id_column="id", columns=columns
    )
    rows = 0
    with file.open("rb") as source, target.open("w") as output:
        source.readline()
        for block in row_blocks(iter(lambda: source.read(1 << 20), b""), quoted=True):
            sheet = read_block(batch, model.manifest.features, block)
            answers = answer_rows(model, sheet, None)
            output.write(result_lines(batch, model.manifest, sheet, answers, rows))
            rows += sheet.rows
    return rows


def sluice_plan(folder: Path, file: Path, target: Path) -> int:  # noqa: ARG001 - as the others
    """What cutting the file into parts costs beforehand: whole rows found and counted."""
    from functions.score_batch.row_blocks import row_blocks

    with file.open("rb") as source:
        source.readline()
        return sum(b.rows for b in row_blocks(iter(lambda: source.read(1 << 20), b""), quoted=True))


def pandas_and_sklearn(folder: Path, file: Path, target: Path) -> int:
    import joblib
    import pandas as pd

    pipeline = joblib.load(folder / "model.joblib")

    def answer(frame: "pd.DataFrame") -> tuple[object, object]:
        probabilities = pipeline.predict_proba(frame[NAMES])
        return pipeline.classes_[probabilities.argmax(axis=1)], probabilities

    return _loop(file, target, answer)


def onnxruntime_in_process(folder: Path, file: Path, target: Path) -> int:
    import onnxruntime

    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())

    def answer(frame: object) -> tuple[object, object]:
        feeds = {name: frame[name].to_numpy(np.float32).reshape(-1, 1) for name in NAMES}  # type: ignore[index]
        (probabilities,) = session.run(["probabilities"], feeds)
        return (probabilities[:, 1] >= 0.5).astype(int), probabilities

    return _loop(file, target, answer)


def _loop(file: Path, target: Path, answer: Callable[..., tuple[object, object]]) -> int:
    import pandas as pd

    rows = 0
    for frame in pd.read_csv(file, chunksize=STRETCH):
        labels, probabilities = answer(frame)
        columns = {"id": frame["id"], "label": labels, "p0": probabilities[:, 0], "p1": probabilities[:, 1]}  # type: ignore[index]
        pd.DataFrame(columns).to_csv(target, mode="a", index=False, header=not rows)
        rows += len(frame)
    return rows


WAYS = {way.__name__: way for way in (sluice_batch, sluice_plan, pandas_and_sklearn, onnxruntime_in_process)}


def measure(way: str, folder: Path, file: Path) -> None:
    """In this process: seconds of its processor, imports and loading included, and its peak memory."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = WAYS[way](folder, file, Path(scratch) / "out.csv")
    seconds = time.process_time()
    # Its own: what getrusage says of a child begins with its parent's.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "megabytes": peak}))


def table(folder: Path) -> Iterator[str]:
    yield f"{'':24}{'rows/s 1x':>12}{'rows/s 10x':>12}{'more rows':>12}{'MB 1x':>8}{'MB 10x':>8}"
    for way in WAYS:
        one, ten = (_measured(way, folder, folder / name) for name in ("1x.csv", "10x.csv"))
        # What the nine further files took: start, imports and loading left out.
        further = (ten["rows"] - one["rows"]) / (ten["seconds"] - one["seconds"])
        rates = (one["rows"] / one["seconds"], ten["rows"] / ten["seconds"], further)
        yield (
            f"{way:24}"
            + "".join(f"{rate:12,.0f}" for rate in rates)
            + "".join(f"{found['megabytes']:8.0f}" for found in (one, ten))
        )


def _measured(way: str, folder: Path, file: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", way, str(folder), str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    if "--measure" in sys.argv:
        way, folder, file = sys.argv[2:]
        measure(way, Path(folder), Path(file))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch), rows)
        for line in table(Path(scratch)):
            print(line, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()

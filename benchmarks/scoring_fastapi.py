"""The peer that one would write by hand: FastAPI in front of ONNX Runtime, nothing recorded.

Started by benchmarks.scoring as `uvicorn benchmarks.scoring_fastapi:app` with SCENE set to its folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = _options.inter_op_num_threads = 1
_session = onnxruntime.InferenceSession(str(Path(os.environ["SCENE"]) / "forest.model"), _options)
_output = _session.get_outputs()[-1].name


class Split(BaseModel):
    columns: list[str]
    data: list[list[float]]


class Asked(BaseModel):
    dataframe_split: Split


@app.get("/ping")
async def ping() -> str:
    return "pong"


@app.post("/invocations")
async def invocations(asked: Asked) -> dict[str, list[str]]:
    data = np.array(asked.dataframe_split.data, dtype=np.float32)
    feeds = {name: data[:, [place]] for place, name in enumerate(asked.dataframe_split.columns)}
    chances = _session.run([_output], feeds)[0][:, 1]
    return {"predictions": np.where(chances >= 0.5, "1", "0").tolist()}

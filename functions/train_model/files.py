"""Names in the working folder that parent and child share."""

CODE = "code"
GIVEN = "given"
DATA = "train.npz"
RESULT = "result.json"
MODEL = "model.onnx"
PARITY = "parity.npz"

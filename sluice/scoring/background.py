"""The rows that explanations compare with: a few of the training side, stored beside the model.

Chosen evenly over the training side in file order, so that equal data gives equal rows and no time, batch
or branch that the file is sorted by is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sluice.domain import frames
from sluice.domain.artefacts import sha256_of
from sluice.domain.errors import IntegrityError

if TYPE_CHECKING:
    from sluice.domain.frames import Frame
    from sluice.scoring.manifest import Manifest
    from sluice.scoring.signature import Columns

ROWS = 100
MAX_BYTES = 2 << 20
"""Long texts make fewer rows, not a larger file."""
_LEAST_ROWS = 10


def choose_background(manifest: Manifest, training: Frame) -> bytes:
    """The features of up to 100 rows; equal training sides give equal bytes."""
    features = {name: training[name] for name in manifest.feature_names}
    wanted = ROWS
    while True:
        content = frames.to_bytes(frames.take(features, evenly(frames.row_count(features), wanted)))
        if len(content) <= MAX_BYTES or wanted <= _LEAST_ROWS:
            return content
        wanted //= 2


def read_background(manifest: Manifest, content: bytes) -> Columns:
    """The rows as `score` takes them; IntegrityError when they are not those that the manifest names."""
    if sha256_of(content) != manifest.background_sha256:
        raise IntegrityError("the background rows are not the ones that the manifest describes")
    return background_columns(manifest, content)


def background_columns(manifest: Manifest, content: bytes) -> Columns:
    """The rows of a manifest that is still being made, as `score` takes them."""
    stored = frames.from_bytes(content)
    return {
        name: stored[name] if stored[name].dtype.kind == "f" else stored[name].astype(np.object_)
        for name in manifest.feature_names
    }


def evenly(count: int, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Up to `wanted` places among `count`, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.intp))

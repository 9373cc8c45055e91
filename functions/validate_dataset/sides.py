"""The sides of a dataset's rows: by the rule of project.yaml, or as an assembled dataset brings them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sluice.domain.errors import Invalid
from sluice.domain.frames import Frame, row_count
from sluice.domain.split import TEST, TRAIN, Sides, SplitRule, is_test_row, row_hashes
from sluice.project.schema import ProjectSpec


def split(frame: Frame, spec: ProjectSpec, given: NDArray[np.float64] | None = None) -> Sides:
    """Sides of all rows; `given` has one a row, in the file's order. Invalid when one is empty, or lacks
    a class that the other has.
    """
    hashes = row_hashes(frame, _identifying(frame, spec), salt=spec.name)
    if given is None:
        test = is_test_row(frame, hashes, SplitRule(**spec.evaluation.split.model_dump()))
        given = np.where(test, TEST, TRAIN).astype(np.float64)
    elif len(given) != row_count(frame):
        message = "the sides that came with the dataset are not those of its rows"
        raise Invalid.about("rows", message, str(row_count(frame)), f"{len(given)} rows")
    sides = Sides(given, hashes)
    if spec.evaluation.task != "regression":
        _check_classes(frame[spec.target.name].astype(np.str_), sides, spec.target.name)
    return sides


def _identifying(frame: Frame, spec: ProjectSpec) -> Sequence[str]:
    """The id column; without one the content but for the target, which may be corrected one day."""
    ids = [column.name for column in spec.contract.with_role("id")]
    return ids or [name for name in frame if name != spec.target.name]


def _check_classes(labels: NDArray[np.str_], sides: Sides, target: str) -> None:
    every = set(labels.tolist())
    for name, rows in (("training", sides.train), ("test", sides.test)):
        if lacking := sorted(every - set(labels[rows].tolist())):
            message = f"the {name} side lacks classes that the data have"
            raise Invalid.about(target, message, ", ".join(lacking), "every class on both sides")

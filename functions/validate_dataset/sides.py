"""The sides of a dataset's rows: by the rule of project.yaml, or as a retraining asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluice.domain.errors import Invalid, Reason
from sluice.domain.frames import Frame
from sluice.domain.split import HELD_BACK, TEST, TRAIN, Sides, SplitRule, is_test_row, row_hashes
from sluice.project.schema import ProjectSpec


def split(frame: Frame, spec: ProjectSpec, override: Mapping[str, Any] | None = None) -> Sides:
    """Sides of all rows. Invalid when one is empty, or lacks a class that the other has.

    An override names another rule, that of newer rows: they test. Older rows which the project's own
    hash keeps for testing are held back then, so that no test row ever trains a version.
    """
    hashes = row_hashes(frame, _identifying(frame, spec), salt=spec.name)
    own = SplitRule(**spec.evaluation.split.model_dump())
    if override:
        test = is_test_row(frame, hashes, SplitRule(**override))
        held_back = ~test & is_test_row(frame, hashes, own) if own.by == "hash" else np.zeros_like(test)
    else:
        test = is_test_row(frame, hashes, own)
        held_back = np.zeros_like(test)
    sides = Sides(np.where(test, TEST, np.where(held_back, HELD_BACK, TRAIN)).astype(np.float64), hashes)
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
            raise Invalid(message, [Reason(target, message, ", ".join(lacking), "every class on both sides")])

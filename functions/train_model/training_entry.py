"""The function that fits: the project's own, or one made of the pipeline that project.yaml declares."""

from __future__ import annotations

import importlib
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.train_model.declared_pipeline import declared_pipeline
from functions.train_model.training_context import TrainingContext
from sluice.domain.errors import Invalid
from sluice.project.schema import ProjectSpec

if TYPE_CHECKING:
    import pandas as pd

Train = Callable[["pd.DataFrame", TrainingContext], object]

_TRACE = 1_800


def training_of(spec: ProjectSpec, code: Path) -> Train:
    """A function whose every failure is Invalid, told in the words of its author's own traceback."""
    if spec.training.pipeline is not None:
        pipeline = spec.training.pipeline
        return _guarded("training.pipeline", lambda data, context: declared_pipeline(pipeline, data, context))
    entry = spec.training.entry or ""
    return _guarded(entry, _imported(entry, code))


def _imported(entry: str, code: Path) -> Train:
    module, _, name = entry.partition(":")
    sys.path.insert(0, str(code))
    try:
        found: Any = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        there = ", ".join(sorted(path.name for path in code.iterdir())) if code.is_dir() else "no code"
        raise Invalid.about("training.entry", f"cannot be imported: {error}", there, entry) from error
    except AttributeError as error:
        raise Invalid.about("training.entry", "the module has no such function", str(error), entry) from error
    except (Exception, SystemExit) as error:
        raise _raised(entry, error) from error
    if not callable(found):
        raise Invalid.about("training.entry", "is no function", type(found).__name__, "train(data, context)")
    function: Train = found
    return function


def _guarded(entry: str, train: Train) -> Train:
    def guarded(data: pd.DataFrame, context: TrainingContext) -> object:
        random.seed(context.seed)
        np.random.seed(context.seed)  # noqa: NPY002 - scikit-learn's default source of randomness
        try:
            return train(data, context)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            raise _raised(entry, error) from error

    return guarded


def _raised(entry: str, error: BaseException) -> Invalid:
    """The end of the traceback, from where the author's code begins."""
    lines = traceback.format_exception(error)
    trace = "".join(lines)[-_TRACE:].strip()
    first = f"{type(error).__name__}: {error}"[:300]
    return Invalid.about("code", f"{entry} raised {first}", trace, "a fitted estimator")

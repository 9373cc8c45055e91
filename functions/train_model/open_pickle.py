"""A scikit-learn model that somebody else saved, opened where it can reach nothing but its files."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path

from sluice.domain.errors import Invalid

_refused = partial(Invalid.about, "model")

_FORMATS = ("skops", "cloudpickle", "pickle")


def open_pickle(path: Path, form: str) -> object:
    """What is in the file. Opening it runs whatever its author wants to run."""
    if form not in _FORMATS:
        raise _refused("a format that is not opened", form, ", ".join(_FORMATS))
    try:
        if form == "skops":
            from skops import io  # noqa: PLC0415 - a second of import that no fitting needs

            return io.load(path, trusted=io.get_untrusted_types(file=path))
        with path.open("rb") as stream:
            return pickle.load(stream)  # noqa: S301 - the reason why this process is confined
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        message = f"the {form} file cannot be opened"
        raise _refused(message, f"{type(error).__name__}: {error}"[:600], _EXPECTED) from error


_EXPECTED = "a model of scikit-learn's own classes, saved by a near version, or its ONNX form"

"""Results in the file's own form: one line a row, in its order; and the failures, which say why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.score_batch.answer_rows import Answers
from functions.score_batch.read_rows import Sheet
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.batch import Batch
from sluice.domain.errors import Invalid
from sluice.scoring.manifest import Manifest

OBJECT_BYTES = 16 << 20
"""Results are written whenever so much has gathered: memory does not grow with a part."""

_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}


@dataclass
class Output:
    """Objects `{name}-{number:03d}.{form}`, written as they fill."""

    write: Callable[[str, bytes, str], ArtefactRef]
    name: str
    form: str
    header: str = ""
    objects: list[ArtefactRef] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, lines: str) -> None:
        self.waiting.append(lines)
        self.size += len(lines)
        if self.size >= OBJECT_BYTES:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            content = "".join([self.header, *self.waiting]).encode()
            name = f"{self.name}-{len(self.objects):03d}.{self.form}"
            self.objects.append(self.write(name, content, _TYPES[self.form]))
            self.waiting, self.size = [], 0


def result_columns(batch: Batch, manifest: Manifest) -> list[str]:
    """`row` (its number in the file, from 0), `id`, then value, or label and a probability for each class."""
    outputs = [f"probability_{name}" for name in manifest.classes] or ["value"]
    named = ["id"] if batch.id_column else []
    return ["row", *named, *(["label"] if manifest.classes else []), *outputs]


def result_lines(batch: Batch, manifest: Manifest, sheet: Sheet, answers: Answers, first: int) -> str:
    """The sheet's rows. A row that failed has no output: nothing in CSV, null in NDJSON."""
    as_json = batch.form == "ndjson"
    spelled: Callable[[str], str] = json.dumps if as_json else _quoted
    nothing = "null" if as_json else ""
    columns: list[Sequence[str]] = [list(map(str, range(first, first + sheet.rows)))]
    if batch.id_column:
        columns.append(_ids(sheet, spelled))
    if manifest.classes:
        classes = {name: spelled(name) for name in manifest.classes} | {"": nothing}
        columns.append([classes[label] for label in answers.labels.tolist()])
    for place in range(answers.numbers.shape[1]):
        cells = list(map(repr, answers.numbers[:, place].tolist()))
        for failed in answers.failures:
            cells[failed] = nothing
        columns.append(cells)
    if not as_json:
        return "\n".join(map(",".join, zip(*columns, strict=True))) + "\n"
    names = result_columns(batch, manifest)
    line = "{{" + ",".join(f"{_braced(json.dumps(name))}:{{}}" for name in names) + "}}\n"
    return "".join(map(line.format, *columns))


def failure_lines(sheet: Sheet, failures: Mapping[int, Invalid], first: int) -> str:
    """NDJSON: row, id, and reasons as field, value, expectation."""
    ids = dict(zip(sheet.places.tolist(), sheet.ids, strict=True)) if sheet.ids is not None else {}
    lines: list[dict[str, Any]] = []
    for place, error in sorted(failures.items()):
        reasons = [
            {"field": reason.path, "value": reason.value, "expectation": reason.expected}
            for reason in error.reasons
        ] or [{"field": None, "value": None, "expectation": str(error)}]
        lines.append({"row": first + place, "id": ids.get(place), "reasons": reasons})
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _ids(sheet: Sheet, spelled: Callable[[str], str]) -> list[str]:
    """The id of each row; '' where it could not be read."""
    found = [""] * sheet.rows
    for place, name in zip(sheet.places.tolist(), sheet.ids or (), strict=sheet.ids is not None):
        found[place] = name
    plain = spelled is _quoted and not _NEEDS_QUOTES.intersection("".join(found))
    return found if plain else list(map(spelled, found))


_NEEDS_QUOTES = frozenset(',"\r\n')


def _quoted(cell: str) -> str:
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if _NEEDS_QUOTES.intersection(cell) else cell


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")

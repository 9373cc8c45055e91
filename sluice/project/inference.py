"""A first project.yaml from a data file: contract, roles and task, to be read and corrected by a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.domain.errors import Invalid, Reason
from sluice.project.column_facts import MARKERS, ColumnFacts
from sluice.project.data_file import DataFileInvalid, open_table
from sluice.project.infer_target import TargetGuess, guess_target
from sluice.project.reasons import did_you_mean, one_of
from sluice.project.roles import Situation, judge, looks_like_id

_FEWEST_ROWS = 20
_USUAL_MINIMUM = 100
_FEW_CATEGORIES = 20
_ROWS_PER_CATEGORY = 5
_SHOWN_VALUES = 4


@dataclass(frozen=True, slots=True)
class Inferred:
    """`document` is a valid project.yaml; `seen` says per column what its values look like.

    `classes` are the target's, empty for a regression.
    """

    document: dict[str, object]
    seen: Mapping[str, str]
    rows: int
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    name: str
    target: str
    id_column: str | None = None
    owner: str = "unknown"


def infer_project(path: Path, request: Request) -> Inferred:
    """Read the file (twice, row by row) and describe it.

    Raises DataFileInvalid for a file that is no table, Invalid for a target or id that cannot be one.
    """
    columns = _read(path)
    _require_column(columns, request.target, "--target")
    rows = columns[request.target].rows
    if rows < _FEWEST_ROWS:
        raise DataFileInvalid(f"{path.name} has {rows} rows; at least {_FEWEST_ROWS} are needed")
    markers = frozenset[str]().union(*(facts.markers for facts in columns.values() if facts.uses_markers))
    target = guess_target(columns[request.target], markers)
    situation = Situation(
        target=request.target,
        id_column=_id_column(columns, request),
        time_column=_time_column(columns, request.target),
        markers=markers,
        copies_of_target=_copies(path, columns, request.target, target),
    )
    return _describe(columns, request, situation, target)


def _read(path: Path) -> dict[str, ColumnFacts]:
    with open_table(path) as (header, rows):
        columns = [ColumnFacts(name) for name in header]
        for row in rows:
            for facts, cell in zip(columns, row, strict=True):
                facts.add(cell)
    return {facts.name: facts for facts in columns}


def _require_column(columns: Mapping[str, ColumnFacts], name: str, option: str) -> None:
    if name not in columns:
        message = f"the file has no column {name!r}{did_you_mean(name, columns)}"
        raise Invalid(message, [Reason(option, message, name, one_of(columns))])


def _id_column(columns: Mapping[str, ColumnFacts], request: Request) -> str | None:
    if request.id_column is None:
        candidates = [name for name, facts in columns.items() if looks_like_id(facts)]
        return next((name for name in candidates if name != request.target), None)
    _require_column(columns, request.id_column, "--id")
    facts = columns[request.id_column]
    if facts.empty:
        message = f"column {facts.name!r} cannot be the id: it is empty in {facts.empty} rows"
        raise Invalid(message, [Reason("--id", message, f"{facts.empty} empty", "a value in every row")])
    if facts.repeated is not None:
        message = f"column {facts.name!r} cannot be the id: {facts.repeated!r} occurs more than once"
        raise Invalid(message, [Reason("--id", message, facts.repeated, "a different value in every row")])
    return facts.name


def _time_column(columns: Mapping[str, ColumnFacts], target: str) -> str | None:
    complete = (
        facts.name
        for facts in columns.values()
        if facts.dtype == "timestamp" and not facts.missing(MARKERS) and facts.name != target
    )
    return next(complete, None)


def _copies(
    path: Path, columns: Mapping[str, ColumnFacts], target: str, guess: TargetGuess
) -> frozenset[str]:
    """Columns whose value is the target's in other words: each value goes with one class, and back."""
    suspects = {
        name: dict[str, str]()
        for name, facts in columns.items()
        if guess.classes and name != target and len(facts.counts) == len(guess.classes) and not facts.crowded
    }
    if not suspects:
        return frozenset()
    with open_table(path) as (header, rows):
        at = {name: header.index(name) for name in (*suspects, target)}
        for row in rows:
            for name in tuple(suspects):
                if suspects[name].setdefault(row[at[name]], row[at[target]]) != row[at[target]]:
                    del suspects[name]
    return frozenset(name for name, mapping in suspects.items() if len(set(mapping.values())) == len(mapping))


def _describe(
    columns: Mapping[str, ColumnFacts], request: Request, situation: Situation, target: TargetGuess
) -> Inferred:
    rows = columns[request.target].rows
    entries = [_entry(facts, situation, target) for facts in columns.values()]
    if not any(entry["role"] == "feature" for entry in entries):
        notes = "; ".join(f"{entry['name']}: {entry.get('note', entry['role'])}" for entry in entries)
        raise DataFileInvalid(f"no column is left to learn from ({notes})")
    contract: dict[str, object] = {"minimum_rows": min(_USUAL_MINIMUM, max(_FEWEST_ROWS, rows // 2))}
    if situation.markers:
        contract["missing_values"] = sorted(situation.markers)
    contract["columns"] = entries
    document: dict[str, object] = {
        "v": 1,
        "name": request.name,
        "purpose": f"Predict {request.target}. Say here what the predictions are used for.",
        "owners": [request.owner],
        "contract": contract,
        "target": {"name": request.target} | ({"positive": target.positive} if target.positive else {}),
        "training": {"entry": "train:train", "limit_seconds": 300, "seed": 7},
        "evaluation": {"task": target.task, "split": {"by": "hash", "test_fraction": 0.3}},
        "promotion": {
            "environments": [
                {"name": "staging", "approval": "auto"},
                {"name": "production", "approval": "one", "expires_hours": 72},
            ]
        },
    }
    seen = {name: _seen(facts, situation.markers) for name, facts in columns.items()}
    return Inferred(document, seen, rows, target.classes, target.warnings)


def _entry(facts: ColumnFacts, situation: Situation, target: TargetGuess) -> dict[str, object]:
    judgement = judge(facts, situation)
    is_target = judgement.role == "target"
    entry: dict[str, object] = {"name": facts.name, "role": judgement.role}
    entry["dtype"] = target.dtype if is_target else facts.dtype
    if judgement.role == "ignored" or facts.missing(situation.markers):
        entry["nullable"] = True
    if judgement.role == "id":
        entry["unique"] = True
    if is_target and facts.dtype == "string":
        entry["categories"] = list(target.classes)
    if judgement.role == "feature":
        entry |= _limits(facts, situation.markers)
    if judgement.note:
        entry["note"] = judgement.note
    return entry


def _limits(facts: ColumnFacts, markers: frozenset[str]) -> dict[str, object]:
    """What later data must keep to: only what this much data makes nearly certain."""
    if facts.dtype in {"integer", "number"}:
        low, high = facts.range
        is_flag = facts.dtype == "integer" and (low, high) == (0, 1)
        return {"minimum": 0, "maximum": 1} if is_flag else {"minimum": 0} if low >= 0 else {}
    values = facts.values(markers)
    if (
        facts.dtype == "string"
        and len(values) <= _FEW_CATEGORIES
        and min(values.values()) >= _ROWS_PER_CATEGORY
    ):
        return {"categories": sorted(values)}
    return {}


def _seen(facts: ColumnFacts, markers: frozenset[str]) -> str:
    missing = facts.missing(markers)
    suffix = f", {missing / facts.rows:.1%} missing" if missing else ""
    if facts.dtype in {"integer", "number"}:
        low, high = facts.range
        return f"{low:g} to {high:g}{suffix}"
    values = facts.values(markers)
    return f"{_examples([value for value, _ in values.most_common()])}{suffix}"


def _examples(values: Sequence[str]) -> str:
    short = [value[:20] for value in values[:_SHOWN_VALUES]]
    more = f" and {len(values) - len(short)} more" if len(values) > len(short) else ""
    return ", ".join(short) + more

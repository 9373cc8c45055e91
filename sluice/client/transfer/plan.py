"""What a transfer knows: both servers, what was found, and which thing there is which thing here.

All state is kept on the target, as tags: a transfer may be killed anywhere and started again, from another
machine too. `sluice.imported.run_id` (…`model_id`, …`version`) is set when a thing is made;
`sluice.imported.state`, the digest of what was copied, when all of it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sluice.client.errors import ClientError, NotReachable, Refused
from sluice.client.transfer.report import Outcome, Report
from sluice.client.transfer.server import MlflowServer, is_missing
from sluice.client.transport import Json

PREFIX = "sluice.imported."
RUN, MODEL, VERSION, STATE, FROM = (
    f"{PREFIX}{name}" for name in ("run_id", "model_id", "version", "state", "from")
)
PARENT = "mlflow.parentRunId"


class Known(NamedTuple):
    """A thing on the source and what stands for it on the target. `state`: what was copied last."""

    source_id: str
    target_id: str
    source_uri: str
    target_uri: str
    digest: str
    refers: tuple[str, ...]
    state: str
    fresh: bool
    gone: bool


@dataclass(frozen=True)
class Selection:
    """Names; both empty: everything. Models bring the runs that their versions were made from."""

    experiments: Sequence[str] = ()
    models: Sequence[str] = ()

    @property
    def everything(self) -> bool:
        return not (self.experiments or self.models)


@dataclass
class Plan:
    """`verify` reads every copied file back; `deep` looks into things that seem unchanged."""

    source: MlflowServer
    target: MlflowServer
    report: Report
    scratch: Path
    pool: ThreadPoolExecutor
    verify: bool = True
    deep: bool = False
    runs: dict[str, Known] = field(default_factory=dict)
    models: dict[str, Known] = field(default_factory=dict)

    def settle(self, kind: str, label: str, work: Callable[[], Outcome]) -> None:
        """Do it and count what came of it: a refusal is a note and a failure, and the transfer goes on.

        It does not without a connection, or when a token has run out.
        """
        try:
            outcome = work()
        except NotReachable:
            raise
        except ClientError as error:
            if isinstance(error, Refused) and error.problem.status == 401:  # noqa: PLR2004 - not signed in
                raise
            self.report.note(f"{label}: {error}")
            outcome = "failed"
        self.report.settle(kind, outcome)

    @contextmanager
    def without(self, note: str) -> Iterator[None]:
        """What a server does not have is left out, and told."""
        try:
            yield
        except Refused as refused:
            if not is_missing(refused):
                raise
            self.report.note(note)

    def run_id(self, source_id: str) -> str:
        return self.runs[source_id].target_id if source_id in self.runs else ""

    def model_id(self, source_id: str) -> str:
        return self.models[source_id].target_id if source_id in self.models else ""

    def state_of(self, known: Known) -> str:
        """The digest of a thing together with what its references have become."""
        became = [self.run_id(one) or self.model_id(one) for one in known.refers]
        return hashlib.sha256(f"{known.digest}{became}".encode()).hexdigest()

    def needs_copy(self, known: Known) -> bool:
        return not known.gone and (self.deep or known.state != self.state_of(known))


def known_by(name: str, source: Json, target: Json, held: Json | None, refers: Sequence[str]) -> Known:
    """A run or logged model as both servers tell of it; `name` is its id's, `held` what there was before."""
    here, there = source["info"], target["info"]
    return Known(
        source_id=here[name],
        target_id=there[name],
        source_uri=here["artifact_uri"],
        target_uri=there["artifact_uri"],
        digest=digest_of(source),
        refers=tuple(refers),
        state=tags_of(target.get("data") or {} if name == "run_id" else there).get(STATE, ""),
        fresh=held is None,
        gone=there.get("lifecycle_stage") == "deleted",
    )


def tags_of(data: Mapping[str, object]) -> dict[str, str]:
    return pairs(data.get("tags"))


def pairs(entries: object) -> dict[str, str]:
    """[{"key", "value"}] as a mapping."""
    listed: Iterable[Json] = entries if isinstance(entries, list) else ()
    return {str(one["key"]): str(one.get("value", "")) for one in listed}


def news(wanted: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    """What has to be written."""
    return {key: value for key, value in wanted.items() if held.get(key) != value}


def as_list(values: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in values.items()]


def digest_of(document: Json) -> str:
    """The same for the same content, in whatever order lists of entries come."""
    return hashlib.sha256(json.dumps(_ordered(document), sort_keys=True).encode()).hexdigest()


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: _ordered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value

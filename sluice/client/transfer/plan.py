"""What a transfer knows: both servers, what was found, and which thing there is which thing here.

All state is kept on the target, as tags: a transfer may be killed anywhere and started again, from another
machine too. `sluice.imported.run_id` (…`model_id`, …`version`) is set when a thing is made;
`sluice.imported.state`, the digest of what was copied, when all of it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sluice.client.errors import ClientError, NotReachable, Refused
from sluice.client.transfer.report import Outcome, Report
from sluice.client.transfer.server import MlflowServer
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
    gone: bool = False


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

    def run_id(self, source_id: str) -> str:
        known = self.runs.get(source_id)
        return known.target_id if known else ""

    def model_id(self, source_id: str) -> str:
        known = self.models.get(source_id)
        return known.target_id if known else ""

    def state_of(self, known: Known) -> str:
        """The digest of a thing together with what its references have become."""
        became = [self.run_id(one) or self.model_id(one) for one in known.refers]
        return hashlib.sha256(f"{known.digest}{became}".encode()).hexdigest()

    def needs_copy(self, known: Known) -> bool:
        return not known.gone and (self.deep or known.state != self.state_of(known))


def tags_of(data: Mapping[str, object]) -> dict[str, str]:
    return pairs(data.get("tags"))


def pairs(entries: object) -> dict[str, str]:
    """[{"key", "value"}] as a mapping."""
    listed: Iterable[Json] = entries if isinstance(entries, list) else ()
    return {str(one["key"]): str(one.get("value", "")) for one in listed}


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

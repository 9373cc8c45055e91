"""Makes a dataset version from what the champion was trained on and the labels that came since."""

from __future__ import annotations

from typing import Any

from functions.assemble_dataset.assemble import Wanted, assemble
from sluice.stores.deployment import deployment
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """Assembled | no_labels | no_base; the same request twice leads to one dataset and one training."""
    wanted = Wanted.from_event(event["detail"])
    outcome = assemble(deployment(), wanted)
    note(project=wanted.project, report_id=wanted.report_id)
    return {"outcome": outcome}

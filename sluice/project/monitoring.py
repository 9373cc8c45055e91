"""When served predictions are compared with what the model was made from, and what may follow."""

from typing import Annotated

from pydantic import Field

from sluice.domain.counts import QUALITY_METRICS, Task
from sluice.project.section import Fraction, Section

Share = Annotated[float, Field(gt=0, le=1)]


class RetrainingPolicy(Section):
    """All must hold before drift starts a training by itself: drift, worse labelled quality, new labels."""

    enabled: bool = False
    """Whether drift may start a training at all."""
    input_alarms_in_a_row: int = Field(default=2, ge=1)
    """This many windows in a row with an input alarm, or one with a prediction alarm, are drift."""
    quality_metric: str | None = None
    """Which metric must be outside its interval: brier, log_loss or rmse, by task, unless said otherwise."""
    minimum_new_labels: int = Field(default=500, ge=20)
    """Labels received since the model was trained, or since it was last asked to be."""

    def deciding_metric(self, task: Task) -> str:
        return self.quality_metric or QUALITY_METRICS[task][0]


class Monitoring(Section):
    """A window closes at `window_rows` rows, or after `window_hours` with at least `minimum_rows`."""

    window_rows: int = Field(default=1000, ge=100)
    """Scored rows that close a window."""
    window_hours: int = Field(default=24, ge=1)
    """Hours after which a window with enough rows closes anyway."""
    minimum_rows: int = Field(default=1000, ge=100)
    """With fewer, a window proves nothing and its report says so."""
    minimum_labels: int = Field(default=300, ge=20)
    """With fewer labels, a window's quality is not judged; they count for the next one."""
    reference_fraction: Share = 1.0
    """Windows are compared with the newest part of the dataset, in file order, of this size."""
    warn_psi: float = Field(default=0.1, gt=0)
    """A column that moved this far is named, without an alarm."""
    alarm_psi: float = Field(default=0.25, gt=0)
    """Population stability index after its sampling noise was taken off."""
    alarm_p: Fraction = 0.01
    """An alarm needs a Benjamini-Hochberg p below this as well."""
    quality_confidence: Fraction = 0.99
    """Of the interval in which a window's labelled quality is expected."""
    retraining: RetrainingPolicy = RetrainingPolicy()

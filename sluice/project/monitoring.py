"""When served predictions are compared with what the model was trained on, and what may follow."""

from pydantic import Field

from sluice.project.section import Section


class RetrainingPolicy(Section):
    """All must hold before drift starts a training by itself."""

    enabled: bool = False
    input_alarms_in_a_row: int = Field(default=2, ge=1)
    """This many windows with an input alarm, or one with a prediction alarm."""
    minimum_new_labels: int = Field(default=500, ge=20)
    """Labels received since the last training."""


class Monitoring(Section):
    """A window closes at `window_rows` rows, or after `window_hours` with at least `minimum_rows`."""

    window_rows: int = Field(default=1000, ge=100)
    window_hours: int = Field(default=24, ge=1)
    minimum_rows: int = Field(default=1000, ge=100)
    retraining: RetrainingPolicy = RetrainingPolicy()

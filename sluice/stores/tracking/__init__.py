"""MLflow's tracking store and model registry over one DynamoDB table (docs/tables.md, Tracking)."""

from sluice.stores.tracking.store import Tracking, open_tracking

__all__ = ["Tracking", "open_tracking"]

"""From one MLflow server to another, over the public REST protocol: nothing of either's inside is known."""

from sluice.client.transfer.address import server_called
from sluice.client.transfer.plan import Selection
from sluice.client.transfer.report import Report, Watcher
from sluice.client.transfer.server import MlflowServer, basic, bearer
from sluice.client.transfer.transfer import transfer

__all__ = ["MlflowServer", "Report", "Selection", "Watcher", "basic", "bearer", "server_called", "transfer"]

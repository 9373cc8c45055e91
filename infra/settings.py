"""What a synthesis is given besides the stage: where the built assets lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Build:
    """Folders made by infra.packaging before synthesis: one for each function and for each layer."""

    functions: Path
    layers: Path

    def function_asset(self, room: str) -> Path:
        return self.functions / room

    def layer_asset(self, layer: str) -> Path:
        return self.layers / layer

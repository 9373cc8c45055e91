"""What the cloud layers weigh, resolved and not built: files are linked from uv's cache, counted, dropped.

Lambda unpacks a function and its layers into at most 250 MB; a budget leaves room for what a release adds.
"""

import tempfile
from pathlib import Path

from infra.packaging.elf import stripped_size
from infra.packaging.layers import LAYERS, is_stripped, resolve_cloud_layer

MEGABYTE = 1_000_000
# Unpacked and stripped, in megabytes.
BUDGETS = {"base": 14, "onnx": 115, "data": 95, "train": 232, "crypto": 16, "interface": 10}
# For the layers of one function: what Lambda takes (250 MiB), less the function's own code and all bytecode.
LIMIT = 247


def cloud_layer_size(root: Path, layer: str) -> float:
    """Megabytes of the layer as Lambda would unpack it. Downloads what uv's cache does not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        packages = Path(scratch) / "python"
        resolve_cloud_layer(root, layer, packages, link_mode="hardlink")
        files = (path for path in packages.rglob("*") if path.is_file())
        kept = (path for path in files if not is_stripped(path.relative_to(packages)))
        return sum(stripped_size(path) for path in kept) / MEGABYTE


def over_budget(sizes: dict[str, float], pairs: set[tuple[str, ...]]) -> list[str]:
    """Sentences on layers, or sets of layers of one function, that weigh too much."""
    said = [
        f"layer {layer} weighs {size:.0f} MB, its budget is {BUDGETS[layer]} MB"
        for layer, size in sizes.items()
        if size > BUDGETS[layer]
    ]
    totals = {layers: sum(sizes[layer] for layer in layers) for layers in pairs}
    return said + [
        f"{' + '.join(layers)} weigh {total:.0f} MB, Lambda takes {LIMIT} MB"
        for layers, total in totals.items()
        if total > LIMIT
    ]


def measure(root: Path) -> dict[str, float]:
    """Every layer's size."""
    return {layer: cloud_layer_size(root, layer) for layer in LAYERS}

"""What a release must not change: tables and buckets by logical id, with their keys.

`python -m tests.infra.stateful` records it anew, which is for new resources only.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from infra.packaging.synthesis import synthesize
from tests.infra.conftest import ROOT, Assembly, Resource

RECORD = Path(__file__).with_name("stateful.json")
KEPT = {
    "AWS::DynamoDB::Table": ("KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"),
    "AWS::S3::Bucket": ("ObjectLockEnabled", "BucketName"),
}


def stateful(assembly: Assembly) -> dict[str, Any]:
    """`stack/logical id` -> type and the properties that cannot change without a replacement."""
    return {
        f"{stack}/{logical_id}": _kept(resource)
        for stack, logical_id, resource in assembly.resources()
        if resource["Type"] in KEPT
    }


def _kept(resource: Resource) -> dict[str, Any]:
    properties = resource["Properties"]
    kept = {name: properties[name] for name in KEPT[resource["Type"]] if name in properties}
    return {"Type": resource["Type"], **kept}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        assembly = Assembly(folder, synthesize(ROOT, folder, {"stage": "dev", "layers": "stub"}))
        RECORD.write_text(json.dumps(stateful(assembly), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

"""The child's first file: confine this process, then call what it was started for.

Started as `python -P -s child.py FOLDER`; FOLDER/job.json says what to call and what may be read.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path


def main() -> int:
    folder = Path(sys.argv[1])
    wish = json.loads((folder / "job.json").read_text())["confinement"]
    sys.path[:0] = wish["sys_path"]
    sys.dont_write_bytecode = True
    confinement = importlib.import_module("sluice.isolation.confinement")
    confinement.limit_resources(wish["limits"])
    steps = confinement.confine(user=wish["user"], readable=wish["readable"], writable=[str(folder)])
    (folder / "confinement.json").write_text(json.dumps(steps))
    module, _, function = wish["target"].partition(":")
    try:
        getattr(importlib.import_module(module), function)(folder)
    except MemoryError:
        print("the memory limit was reached", flush=True)  # noqa: T201 - captured by the parent
        return int(confinement.EXIT_MEMORY)
    except Exception:  # noqa: BLE001 - what the target does not expect is the platform's own mistake
        traceback.print_exc(file=sys.stdout)
        return int(confinement.EXIT_FAULT)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads and exit hooks of somebody else's code have no say

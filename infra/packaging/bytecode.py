"""Bytecode beside the sources. A function cannot write where its code lies: without this, every cold start
would compile all that it imports. Never checked against the source there (PEP 552): neither changes.
"""

import compileall
import importlib.util
import marshal
import py_compile
import subprocess
import sys
from functools import cache
from pathlib import Path

_UNCHECKED = (0b01).to_bytes(4, "little")


def runs(python: str) -> bool:
    """Whether bytecode that this interpreter makes is of use to the one named, as in "3.13"."""
    return python == f"{sys.version_info.major}.{sys.version_info.minor}"


def bytecode_of(name: Path, source: bytes) -> dict[Path, bytes]:
    """The compiled file that Python looks for beside a module; of no other file any."""
    if name.suffix != ".py":
        return {}
    return {Path(importlib.util.cache_from_source(str(name))): _compiled(str(name), source)}


@cache
def _compiled(name: str, source: bytes) -> bytes:
    """Many assets share most of their modules. The name of the file is set right where it is imported."""
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    return head + marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def compile_packages(packages: Path) -> None:
    """Everything below `packages`. What does not compile is never imported."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(packages, maxlevels=30, quiet=2, invalidation_mode=mode)


def compile_for_this_host(packages: Path) -> None:
    """All but tests below `packages`, for this interpreter; what does not compile is never imported."""
    options = ["-qq", "-j", "0", "-x", r"/tests?/", "--invalidation-mode", "unchecked-hash"]
    command = [sys.executable, "-W", "ignore", "-m", "compileall", *options, str(packages)]
    subprocess.run(command, check=False)

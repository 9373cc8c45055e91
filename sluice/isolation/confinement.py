"""What a process gives up before it runs somebody else's code: as much as the system lets it.

On Linux: resource limits, no new privileges, no capabilities, Landlock (files, and TCP where the
kernel knows how), an empty network namespace. Elsewhere: limits and the user.
Every step that the platform refuses is reported, none is fatal: on Lambda the sandbox itself has
no other tenant and the function's role has next to nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence

_LINUX = sys.platform == "linux"
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_REFER, _ABI_TRUNCATE, _ABI_NETWORK, _ABI_DEVICES, _ABI_SCOPES = 2, 3, 4, 5, 6
#: Landlock's rights: read file, read directory, execute; and all that an ABI knows.
_READ = 1 << 2 | 1 << 3 | 1 << 0
_FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_TCP = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11
#: What a child exits with when it has no memory left.
EXIT_MEMORY = 77
#: What a child exits with when the platform's own part of it fails.
EXIT_FAULT = 78


def hide_process() -> None:
    """Nobody but root reads this process's memory and environment from now on."""
    if _LINUX:
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Meanwhile descendants whose parent ends become children of this process, so that it can end them."""
    if _LINUX:
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        if _LINUX:
            _libc().prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def limit_resources(limits: Mapping[str, float]) -> None:
    """Processor seconds, private memory and file size in bytes; no core dumps."""
    seconds = int(limits["seconds"]) + 5
    wanted = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_DATA: int(limits["memory"]),
        resource.RLIMIT_FSIZE: int(limits["file"]),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 512,
    }
    for name, value in wanted.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(name, (value, value))


def confine(*, user: int | None, readable: Sequence[str], writable: Sequence[str]) -> list[str]:
    """Give up network, privileges and files; gives the names of the steps that the platform allowed."""
    steps: list[str] = []
    if _LINUX and _leave_network():
        steps.append("network")
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user) if _LINUX else os.setgid(user)
        os.setresuid(user, user, user) if _LINUX else os.setuid(user)
        steps.append("user")
    if _LINUX:
        _drop_capabilities()
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        steps += ["capabilities", *_landlock(readable, writable)]
    return steps


def _leave_network() -> bool:
    """An own, empty network namespace; who is not root needs a user namespace for it."""
    wanted = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    return bool(_libc().unshare(wanted) == 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _drop_capabilities() -> None:
    libc = _libc()
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("=Ii", 0x20080522, 0)
    libc.capset(header, bytes(24))


def _landlock(readable: Sequence[str], writable: Sequence[str]) -> list[str]:
    libc = _libc()
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return []
    everything = _rights_of(abi)
    attributes = struct.pack("=Q", everything)
    attributes += struct.pack("=Q", _TCP) if abi >= _ABI_NETWORK else b""
    attributes += struct.pack("=Q", _SIGNALS_AND_ABSTRACT_SOCKETS) if abi >= _ABI_SCOPES else b""
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return []
    own_libraries = f"/proc/{os.getpid()}/maps"  # where threadpoolctl looks which ones are loaded
    for path in (*readable, own_libraries):
        _allow(ruleset, path, _READ)
    for path in writable:
        _allow(ruleset, path, everything)
    for path in ("/dev/null", "/dev/shm"):  # noqa: S108 - a device and semaphores
        _allow(ruleset, path, everything)
    done = libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    names = ["files", *(["tcp"] if abi >= _ABI_NETWORK else []), *(["signals"] if abi >= _ABI_SCOPES else [])]
    return names if done else []


def _rights_of(abi: int) -> int:
    count = 13 + (abi >= _ABI_REFER) + (abi >= _ABI_TRUNCATE) + (abi >= _ABI_DEVICES)
    return int((1 << count) - 1)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Rights beneath a path; what applies to directories only is left out for a file."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not os.path.isdir(path):  # noqa: PTH112 - the descriptor's own path, no new object
            rights &= _FILE_RIGHTS
        _libc().syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0)
        os.close(descriptor)

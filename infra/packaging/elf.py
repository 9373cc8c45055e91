"""Shared libraries without what only a debugger reads: some wheels ship more debug sections than code.

A loader maps segments (the program header) and never looks at sections. What lies behind the last segment can
be cut off: debug sections, symbol names, the section table. Needs no binutils for the target.
"""

import struct
from pathlib import Path

MAGIC = b"\x7fELF\x02\x01"  # 64 bit, little endian: arm64 and x86-64
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
# Offsets in the file header: program header's place, section header's place, and the counts behind them.
E_PHOFF, E_SHOFF, E_PHENTSIZE, E_SHNUM = 0x20, 0x28, 0x36, 0x3C


def stripped_size(path: Path) -> int:
    """Bytes of the file after `strip_library`; of any other file, its size."""
    return _end_of_segments(path.read_bytes()) or path.stat().st_size


def strip_library(path: Path) -> None:
    """Cut a 64-bit ELF file behind its last segment; anything else stays as it is."""
    content = bytearray(path.read_bytes())
    end = _end_of_segments(content)
    if end is None:
        return
    struct.pack_into("<Q", content, E_SHOFF, 0)
    struct.pack_into("<HH", content, E_SHNUM, 0, 0)
    path.write_bytes(content[:end])


def _end_of_segments(content: bytes | bytearray) -> int | None:
    """The offset behind the last segment; None for what is no such library."""
    if not content.startswith(MAGIC):
        return None
    place = struct.unpack_from("<Q", content, E_PHOFF)[0]
    size, count = struct.unpack_from("<HH", content, E_PHENTSIZE)
    if size != PROGRAM_HEADER.size or place + size * count > len(content):
        return None
    segments = [PROGRAM_HEADER.unpack_from(content, place + number * size) for number in range(count)]
    return max((offset + in_file for _, _, offset, _, _, in_file, _, _ in segments), default=None)

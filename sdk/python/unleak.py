"""Mends a leak of componentize-py 0.25.1 in the components that it makes.

When Python hands bytes (`list<u8>`) to an import, its runtime copies them into memory that is never freed
(`maybe_pop_list` in `runtime/src/lib.rs` allocates without `defer_deallocate`): a plugin that makes columns would run
out of memory after some hundred megabytes of them. The bytes object outlives the call, since the caller holds it, so
the copy isn't needed at all. The few instructions that allocate and copy are replaced, at the same length, by ones
that pass the bytes where they are."""

from __future__ import annotations

import re

_NOP = b"\x01"

#: `let dst = alloc(len, 1)`, up to `dst.copy_from_slice(src.as_bytes())`; calls are encoded in five bytes.
_ALLOCATE_AND_COPY = re.compile(
    rb"(?P<allocate>\x20\x00\x41\x01\x10.{5})"  # alloc(local 0, 1)
    rb"(?P<between>\x21\x04"  # local 4 = its result
    rb"\x20\x03\x41\x08\x6a\x20\x01\x10.{5}"  # as_bytes(local 1): pointer and length to the stack
    rb"\x20\x00\x20\x03\x28\x02\x0c\x22\x05\x47\x0d\x09)"  # the lengths are equal
    rb"(?P<copy>\x02\x40\x20\x00\x45\x0d\x00\x20\x04\x20\x03\x28\x02\x08\x20\x00\xfc\x0a\x00\x00\x0b)",
    re.DOTALL,
)
#: i32.const 0
_NOTHING = b"\x41\x00"
#: local 4 = the pointer to the bytes
_POINTER = b"\x20\x03\x28\x02\x08\x21\x04"


def unleaked(component: bytes) -> bytes | None:
    """The component without the leak; None if it isn't one that this version of componentize-py makes."""
    mended, places = _ALLOCATE_AND_COPY.subn(_mended, component)
    return mended if places == 1 else None


def _mended(match: re.Match[bytes]) -> bytes:
    allocate, copy = match["allocate"], match["copy"]
    return _NOTHING.rjust(len(allocate), _NOP) + match["between"] + _POINTER.ljust(len(copy), _NOP)

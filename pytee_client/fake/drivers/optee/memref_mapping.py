# SPDX-License-Identifier: BSD-2-Clause
"""How much of a call's memory OP-TEE maps in a Trusted Application."""

from __future__ import annotations

from dataclasses import dataclass
from mmap import PAGESIZE
from typing import TYPE_CHECKING

from ...structures import page_multiple

if TYPE_CHECKING:
    from ...structures import Param

__all__ = ["mapped_sizes"]


@dataclass(slots=True)
class _Mapping:
    """Whole pages of a block of memory; start and end are counted from its first page's."""

    block: int
    start: int
    end: int


def mapped_sizes(params: list[Param]) -> dict[int, int]:
    """Return, by slot, how many bytes are mapped of each memref that is not mapped whole.

    OP-TEE (seen in 4.5) sorts a call's memrefs by block, first page and number of pages, and
    makes one mapping of those of a block whose pages touch or overlap. It has that end where
    the last of them ends, and not where the one does that ends last: what contains another
    memref that begins in a later page is mapped only as far as that one's last page.

    What is beyond counts as nothing, though OP-TEE may have another block's mapping there.
    """
    memrefs = []
    for slot, param in enumerate(params):
        if param.memory is not None:
            first = param.memory.address % PAGESIZE + param.a
            start = first - first % PAGESIZE
            # An empty one has a page too.
            end = page_multiple(first + max(param.b, 1))
            memrefs.append((id(param.memory), start, end, first, slot))
    if len({block for block, *_ in memrefs}) == len(memrefs):
        return {}
    memrefs.sort()
    mappings: list[_Mapping] = []
    for block, start, end, *_ in memrefs:
        last = mappings[-1] if mappings else None
        if last is not None and last.block == block and start <= last.end:
            # Not the later of the two ends, see above.
            last.end = end
        else:
            mappings.append(_Mapping(block, start, end))
    sizes = {}
    for block, start, _, first, slot in memrefs:
        # The first page of each is mapped, whatever came after it.
        mapping = next(m for m in mappings if m.block == block and m.start <= start < m.end)
        if mapping.end - first < params[slot].b:
            sizes[slot] = mapping.end - first
    return sizes

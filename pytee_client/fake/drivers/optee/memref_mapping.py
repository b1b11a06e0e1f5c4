# SPDX-License-Identifier: BSD-2-Clause
"""How much memory of an operation OP-TEE maps for a Trusted Application."""

from __future__ import annotations

from dataclasses import dataclass
from mmap import PAGESIZE

from ...structures import Param, page_multiple

__all__ = ["mapped_sizes"]


@dataclass(slots=True)
class _Mapping:
    """Whole pages of a block; start and end are offsets from the start of its first page."""

    block: int
    start: int
    end: int


def mapped_sizes(params: list[Param]) -> dict[int, int]:
    """Return how many bytes of each memref are mapped, by slot, if not all are.

    OP-TEE (seen in 4.5) sorts the memrefs of an operation by block, first page and number of
    pages. It makes one mapping of memrefs in a block whose pages touch or overlap. The mapping
    ends with the last memref in that order, even if an earlier one ends later. So a memref that
    contains another one, which starts in a later page, is only mapped up to the last page of
    the other one.

    Memory beyond that counts as not mapped, though OP-TEE may map another block there.
    """
    memrefs = []
    for slot, param in enumerate(params):
        if param.memory is not None:
            first = param.memory.address % PAGESIZE + param.a
            start = first - first % PAGESIZE
            # An empty memref takes a page, too.
            end = page_multiple(first + max(param.b, 1))
            memrefs.append((id(param.memory), start, end, first, slot))
    if len({block for block, *_ in memrefs}) == len(memrefs):
        return {}
    memrefs.sort()
    mappings: list[_Mapping] = []
    for block, start, end, *_ in memrefs:
        last = mappings[-1] if mappings else None
        if last is not None and last.block == block and start <= last.end:
            # OP-TEE does not take the later end; see above.
            last.end = end
        else:
            mappings.append(_Mapping(block, start, end))
    sizes = {}
    for block, start, _, first, slot in memrefs:
        # The first page of each memref is always mapped.
        mapping = next(m for m in mappings if m.block == block and m.start <= start < m.end)
        if mapping.end - first < params[slot].b:
            sizes[slot] = mapping.end - first
    return sizes

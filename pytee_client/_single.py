# SPDX-License-Identifier: BSD-2-Clause
"""The base of objects that can't be copied."""

from __future__ import annotations


class Single:
    """An object that can't be copied or pickled: a second owner would end what the first has."""

    def __reduce_ex__(self, protocol: object) -> str:
        # copy.copy(), copy.deepcopy() and pickle all come here.
        name = type(self).__name__
        article = "an" if name[0] in "AEIOU" else "a"
        raise TypeError(
            f"{article} {name} can't be copied or pickled: {self._instead()}; another process"
            " has to make its own"
        )

    def _instead(self) -> str:
        """Say what to do instead."""
        return "make another"

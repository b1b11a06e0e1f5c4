# SPDX-License-Identifier: BSD-2-Clause
"""What was measured on the host itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostFigures:
    """Figures of the host, which depend on it.

    Attributes:
        import_milliseconds: processor time of importing pytee_client, over a bare interpreter's;
            the median of many starts.
        import_least_milliseconds: the same by the quickest start of each: what a host that does
            other things too would have taken without them.
        import_wall_milliseconds: the median by the clock on the wall.
        heavy_modules: those that an import should not load, and does.
        modules: all that it loads of others, by their names.
        fake_value_microseconds: processor time of a value call on the fake.
        fake_memref_microseconds: the same of one with a temporary memref of 4 KiB.
    """

    import_milliseconds: float
    import_least_milliseconds: float
    import_wall_milliseconds: float
    heavy_modules: list[str]
    modules: list[str]
    fake_value_microseconds: float
    fake_memref_microseconds: float

    def lines(self) -> list[str]:
        """Return them as people read them."""
        return [
            f"import pytee_client over bare Python: {self.import_milliseconds:.1f} ms of the "
            f"processor, {self.import_least_milliseconds:.1f} ms in the quickest run, "
            f"{self.import_wall_milliseconds:.1f} ms by the clock",
            f"modules of others that it loads: {', '.join(self.modules)}",
            f"a call on the fake: {self.fake_value_microseconds:.1f} us with a value, "
            f"{self.fake_memref_microseconds:.1f} us with a temporary memref of 4 KiB",
        ]

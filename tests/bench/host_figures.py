# SPDX-License-Identifier: BSD-2-Clause
"""What was measured on the host itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostFigures:
    """Figures of the host, which depend on it.

    Attributes:
        import_milliseconds: processor time of importing pytee_client, over a bare interpreter's,
            with its byte code there already; of many starts the quickest, as for the fake: what a
            host does beside it only adds.
        import_median_milliseconds: the same, of the median start.
        heavy_modules: those that an import should not load, and does.
        modules: all that it loads of others, by their names.
        fake_value_microseconds: processor time of a value call on the fake.
        fake_memref_microseconds: the same of one with a temporary memref of 4 KiB.
        fake_change_milliseconds: the same of one whose application changes a block of 10 MiB, by
            the pattern of the bytes that it changes.
    """

    import_milliseconds: float
    import_median_milliseconds: float
    heavy_modules: list[str]
    modules: list[str]
    fake_value_microseconds: float
    fake_memref_microseconds: float
    fake_change_milliseconds: dict[str, float]

    def lines(self) -> list[str]:
        """Return them as people read them."""
        return [
            f"import pytee_client over bare Python: {self.import_milliseconds:.1f} ms of the "
            f"processor, {self.import_median_milliseconds:.1f} ms in the median run",
            f"modules of others that it loads: {', '.join(self.modules)}",
            f"a call on the fake: {self.fake_value_microseconds:.1f} us with a value, "
            f"{self.fake_memref_microseconds:.1f} us with a temporary memref of 4 KiB",
            "a call on the fake that changes 10 MiB: "
            + ", ".join(
                f"{milliseconds:.1f} ms for {pattern}"
                for pattern, milliseconds in self.fake_change_milliseconds.items()
            ),
        ]

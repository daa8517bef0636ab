# SPDX-License-Identifier: GPL-2.0
"""Walks over the kernel's memory on the running machine, chase.json, as tables."""

from __future__ import annotations

from typing import Any

from .walks import Walks

PATTERN = "chase"


class KernelWalks:
    """What kmbench.ko measured, by kind of memory and footprint (bytes).

    why: why there is nothing; "" if there is. walks: what of it is as in a virtual
    machine: mappings, counters, and what is missing.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        found = document["kernel_walks"]
        self.why: str = found["unavailable"] or ""
        self._found = [w for w in found["walks"] if w["pattern"] == PATTERN]
        self._hz = (found["clock"] or {}).get("hz")
        self.walks = Walks({"walks": found["walks"], "user_walks": [], "allocator": [], "regions": [],
                            "kernel": document["kernel"], "geometry": {"name": ""}})

    def unit(self) -> str:
        """Of latencies()."""
        return "nanoseconds" if self._hz else "ticks"

    def _each(self, walk: dict[str, Any]) -> float:
        return float(walk["ticks"] / walk["loads"] * (1e9 / self._hz if self._hz else 1))

    def latencies(self) -> list[list[str]]:
        """A row a kind: what an access of a chase takes, see unit(), at the footprints of
        walks.few_footprints()."""
        rows = []
        for kind in dict.fromkeys(w["kind"] for w in self._found):
            of = {w["bytes"]: self._each(w) for w in self._found
                  if w["kind"] == kind and not w["unavailable"]}
            rows.append([kind, *(f"{of[b]:.2f}" if b in of else "-"
                                 for b in self.walks.few_footprints())])
        return rows

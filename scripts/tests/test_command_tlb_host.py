# SPDX-License-Identifier: GPL-2.0
"""make tlb WHERE=host, on the machine at hand."""

from __future__ import annotations

from checkout import Checkout
from kmblib import results
from kmblib.errors import Code
from kmblib.latencies import CONTROL, PATTERN, SMALL, Curves


def test_running_machine_is_walked(copy: Checkout) -> None:
    """It says first what it does; more lines than the caches hold take longer, and a line
    in each page longer than side by side."""
    before = copy.runs()
    ended = copy.run("tlb", WHERE="host")
    assert ended.status == Code.GOOD, ended.stderr
    assert ended.stderr.startswith("kmbench: about to walk over memory of a process")
    run, = copy.runs() - before
    assert {"chase.json", "chase.svg", "report.txt", "tool.log"} == {p.name for p in run.iterdir()}
    assert ended.stdout == f"{(run / 'report.txt').read_text()}\nkept in {run}\n"
    document = results.load(run / "chase.json")
    assert document["command"] == "make tlb WHERE=host" and document["verdict"] == "pass"
    small, control = (Curves(document["measured"]).latency(k, PATTERN) for k in (SMALL, CONTROL))
    assert small[max(small)] > 2 * small[min(small)]
    assert small[max(small)] > control[max(control)]
    assert not copy.half_made()

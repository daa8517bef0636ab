# SPDX-License-Identifier: GPL-2.0
"""The parts of a host run that need no module: the kernel's log, the announcement,
who owns the results, and how a forced run is marked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from kmblib import errors, host, report, results, vm
from kmblib.bench import Amount
from kmblib.errors import Broken, CannotTell, Failed
from kmblib.kernel_log import text_of
from kmblib.system import System

Document = dict[str, Any]
_REASON = "cpufreq governor powersave on 2 of 2 CPUs: the frequency changes"


@pytest.fixture(name="system")
def _system(tmp_path: Path) -> System:
    """A machine with as much as a results file needs to know."""
    for name, text in {"proc/meminfo": "MemTotal:  2097152 kB\n", "proc/stat": "cpu0 1\n",
                       "proc/cmdline": "quiet\n"}.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    return System(tmp_path / "root", "6.1.0-x")


def _job(system: System, run: Path, *forced: str) -> host.Job:
    return host.Job(system, Amount(("pair/task",)), forced, run)


def _recorded(data: Path) -> Document:
    measurement: Document = results.load(data / "bench.json")["boots"][0]["measurement"]
    return measurement


def test_what_is_about_to_happen_is_said(system: System, tmp_path: Path,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    """Kernel, headers, module, CPU, how long; on standard error."""
    host.announce(_job(system, tmp_path))
    out, said = capsys.readouterr()
    assert out == "" and f"CPU {max(os.sched_getaffinity(0))}," in said
    for word in ("6.1.0-x", f"{system.headers}", "load kmbench.ko", "pair/task", "120 at most",
                 "unload"):
        assert word in said


@pytest.mark.parametrize("forced", [(), (_REASON,)])
def test_forced_result_is_marked(system: System, data: Path, tmp_path: Path,
                                 forced: tuple[str, ...]) -> None:
    """In the fingerprint, in the head and as the first of Cost; else nowhere."""
    document = host._document(_job(system, tmp_path, *forced), _recorded(data), None)
    results.write(tmp_path / "bench.json", document)
    assert document["fingerprint"]["forced"] == list(forced)
    assert ("FORCE=1" in document["command"]) == bool(forced)
    text = report.render(tmp_path)
    first = text.split("Cost\n----\n")[1].splitlines()[0]
    assert first.startswith("FORCED in spite of cpufreq governor" if forced else "In ticks")
    assert ("Cost: measured, though distorted, tables below." in text) == bool(forced)
    assert all(len(line) <= report.WIDTH for line in text.splitlines())


def test_report_of_a_host_names_no_virtual_machine(system: System, data: Path,
                                                   tmp_path: Path) -> None:
    """The one of the recorded guest does: the control."""
    results.write(tmp_path / "bench.json",
                  host._document(_job(system, tmp_path), _recorded(data), None))
    text = report.render(tmp_path)
    assert "QEMU emulator" not in text and "1 CPU, 2048 MiB, no virtual machine" in text
    assert "6.1.0-x, 6.1.0-x, of the running machine" in text
    assert "sudo make bench WHERE=host SCENARIOS=pair/task" in text
    results.write(tmp_path / "bench.json", results.load(data / "bench.json"))
    assert "QEMU emulator" in report.render(tmp_path)


def test_failure_has_no_figures(system: System, data: Path, tmp_path: Path) -> None:
    """Even where the tool had measured before the kernel complained."""
    document = host._document(_job(system, tmp_path), _recorded(data), Failed("BUG: x"))
    results.write(tmp_path / "bench.json", document)
    assert (document["verdict"], document["reason"], document["boots"]) == ("fail", "BUG: x", [])
    assert "Cost: FAILED. BUG: x" in report.render(tmp_path)


@pytest.mark.parametrize("change", [
    {"qemu": "7.2"}, {"accelerator": "tcg"}, {"clock": "virtual"}, {"cpus": 0}, {"forced": None}])
def test_fingerprint_is_of_a_host_or_of_a_guest(system: System, data: Path, tmp_path: Path,
                                                change: Document) -> None:
    """Never something between; unchanged it is valid."""
    document = host._document(_job(system, tmp_path), _recorded(data), None)
    results.check(document, "x")
    document["fingerprint"].update(change)
    with pytest.raises(Broken, match="^x: not valid at fingerprint"):
        results.check(document, "x")


def test_results_are_the_checkout_owner_s(system: System, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the run fails."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    monkeypatch.setattr(results, "RUNS", tmp_path / "results/runs")
    (tmp_path / "results").mkdir()
    os.chown(tmp_path / "results", 12345, 12346)
    with pytest.raises(Broken), host.new_run(system) as run:
        (run / "tool.log").write_text("x")
        raise Broken("x")
    for path in (run, run / "tool.log", run.parent):
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


@pytest.mark.parametrize("record, text", [
    (b"6,339,5140900,-;x86/mm: Checked W+X mappings: passed; no W+X pages found.\n",
     "x86/mm: Checked W+X mappings: passed; no W+X pages found."),
    (b"6,412,9331889,-;virtio_blk virtio0: [vda] 1 blocks\n SUBSYSTEM=virtio\n DEVICE=+virtio:0\n",
     "virtio_blk virtio0: [vda] 1 blocks"),
    (b"4,7,1,-,caller=T1;WARNING: x\n", "WARNING: x")])
def test_record_of_the_kernel_log_is_its_text(record: bytes, text: str) -> None:
    """Records as /dev/kmsg gives them; the badness is looked for at a line's begin."""
    assert text_of(record) == text
    assert bool(vm.badness(text_of(record))) == text.startswith("WARNING")


@pytest.mark.parametrize("status, error", [(1, Failed), (2, Broken), (3, CannotTell),
                                           (-9, Broken), (77, Broken)])
def test_exit_status_of_the_tool(status: int, error: type[errors.KmbError]) -> None:
    """As the commands' own; a signal is no verdict on the kernel."""
    assert errors.of(status) is error

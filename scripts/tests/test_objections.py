# SPDX-License-Identifier: GPL-2.0
"""What speaks against measuring a running machine: each reason, and its control,
on machines that are made of files."""

from __future__ import annotations

import argparse
import gzip
import re
from pathlib import Path
from typing import Optional

import pytest
from kmblib import host, objections
from kmblib.errors import Broken
from kmblib.system import System

_RELEASE = "6.1.0-56-amd64"
_BUILD = f"lib/modules/{_RELEASE}/build"
_ROOT_MAY = "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"
# Files of a machine and what they say; None: it is not there.
Files = dict[str, Optional[str]]
# A machine that nothing speaks against.
_GOOD: Files = {
    "proc/self/status": _ROOT_MAY,
    "proc/modules": "",
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet",
    "proc/meminfo": "MemTotal:       16303428 kB\nMemFree: 1 kB\n",
    "proc/stat": "cpu  1 2\ncpu0 1\ncpu1 1\nintr 5\n",
    "proc/sys/kernel/modules_disabled": "0",
    "sys/module/module/parameters/sig_enforce": "N",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance",
    f"{_BUILD}/Makefile": "",
    f"boot/config-{_RELEASE}": 'CONFIG_CC_VERSION_TEXT="gcc-12"\nCONFIG_SLUB_DEBUG=y\n'
                               "CONFIG_DEBUG_PAGEALLOC=y\nCONFIG_PAGE_OWNER=y\n"
                               "# CONFIG_KASAN is not set\nCONFIG_HAVE_ARCH_KCSAN=y\n",
}
_CONFIG = f"boot/config-{_RELEASE}"


def _machine(top: Path, changes: Files) -> System:
    """The good machine with other files, or (None) without some."""
    for name, text in {**_GOOD, **changes}.items():
        if text is not None:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text + "\n")
    return System(top, _RELEASE)


def _config(*lines: str) -> Files:
    return {_CONFIG: f"{_GOOD[_CONFIG]}" + "\n".join(lines)}


def _words(words: str) -> Files:
    return {"proc/cmdline": f"{_GOOD['proc/cmdline']} {words}"}


@pytest.mark.parametrize("changes", [
    {},
    {f"sys/devices/system/cpu/cpu{n}/cpufreq/scaling_governor": None for n in (0, 1)},
    {"sys/kernel/security/lockdown": None, "sys/module/module/parameters/sig_enforce": None},
], ids=["all is well", "no cpufreq", "no lockdown and no signatures"])
def test_nothing_speaks_against_a_good_machine(tmp_path: Path,
                                               changes: Files) -> None:
    """The control of all below."""
    machine = _machine(tmp_path, changes)
    assert not objections.impossible(machine)
    assert not objections.distorting(machine)


_IMPOSSIBLE: dict[str, tuple[Files, str]] = {
    "no root": ({"proc/self/status": _ROOT_MAY.replace("0\t0\t0\t0", "1000\t1000\t1000\t1000")},
                "not root, .*; sudo make bench WHERE=host"),
    "container": ({"proc/self/status": "Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb"},
                  "root, but without CAP_SYS_MODULE, .*; run outside of it"),
    "no status": ({"proc/self/status": None}, "not root, .*"),
    "no modules": ({"proc/modules": None}, "this kernel cannot load modules .*; boot one that can"),
    "modules disabled": ({"proc/sys/kernel/modules_disabled": "1"},
                         "kernel.modules_disabled is 1, .* until the next boot"),
    "only signed": ({"sys/module/module/parameters/sig_enforce": "Y"},
                    "module.sig_enforce is on, and kmbench.ko is unsigned; boot without .*"),
    "locked down": ({"sys/kernel/security/lockdown": "none [integrity] confidentiality"},
                    r"the kernel is locked down \(integrity\), and kmbench.ko is unsigned; .*"),
    "no headers": ({f"{_BUILD}/Makefile": None},
                   f"no headers in .*/{_BUILD}; install the package linux-headers-{_RELEASE}"),
    "loaded": ({"sys/module/kmbench/refcnt": "0"},
               "kmbench.ko is loaded already: another run is under way, or rmmod kmbench first"),
}


@pytest.mark.parametrize("name", _IMPOSSIBLE)
def test_impossible_machine_is_refused(tmp_path: Path, name: str) -> None:
    """With one reason, and what would be right."""
    changes, said = _IMPOSSIBLE[name]
    reason, = objections.impossible(_machine(tmp_path, changes))
    assert re.fullmatch(said, reason)


@pytest.mark.parametrize("debug", objections.DEBUG, ids=lambda debug: str(debug.option))
def test_debug_kernel_is_told(tmp_path: Path, debug: objections.Debug) -> None:
    """Every row, switched on in its own way; in a kernel without it, it is not."""
    option, words = debug.option, ""
    lines = [f"CONFIG_{option}=y"]
    if debug.default == objections.NO_OPTION:
        words = f"{debug.words[0]}=1"
    elif debug.default and not debug.default.startswith("!"):
        lines.append(f"CONFIG_{debug.default}=y")
    by = words or lines[-1].removesuffix("=y")
    on = {**_config(*lines), **_words(words)}
    assert objections.distorting(_machine(tmp_path / "on", on)) \
        == [f"a debug kernel, {by}: {debug.why}"]
    off: Files = {**on, _CONFIG: str(on[_CONFIG]).replace(f"CONFIG_{option}=y", f"CONFIG_{option}=n")}
    assert not objections.distorting(_machine(tmp_path / "off", off))


@pytest.mark.parametrize("words, told", [
    ("slub_debug", "slub_debug"), ("slub_debug=FZ", "slub_debug=FZ"), ("slub_debug=-", ""),
    ("slub_debug=O", ""), ("slab_debug=P,kmalloc-64", "slab_debug=P,kmalloc-64"),
    ("slub_debug=- slub_debug=U", "slub_debug=U"), ("slub_debug=U slub_debug=-", ""),
    ("not_slub_debug=FZ", ""), ("slub_debugger", ""),
    ("debug_pagealloc=on", "debug_pagealloc=on"), ("debug_pagealloc=off", ""),
    ("debug_pagealloc=0", ""), ("page_owner=1", "page_owner=1"), ("page_owner=N", ""),
    ("page_poison=on", ""), ("kmemleak=on", ""),
])
def test_command_line_decides(tmp_path: Path, words: str, told: str) -> None:
    """The last word holds; one for what is not built in does nothing."""
    said = objections.distorting(_machine(tmp_path, _words(words)))
    assert [reason.split(": ")[0] for reason in said] == ([f"a debug kernel, {told}"] if told else [])


@pytest.mark.parametrize("off, words, told", [
    ("", "", "CONFIG_DEBUG_KMEMLEAK"), ("", "kmemleak=off", ""),
    ("CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF=y", "", ""),
    ("CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF=y", "kmemleak=on", "kmemleak=on"),
])
def test_what_is_off_by_default(tmp_path: Path, off: str, words: str, told: str) -> None:
    """An option may switch another off at boot."""
    changes = {**_config("CONFIG_DEBUG_KMEMLEAK=y", off), **_words(words)}
    said = objections.distorting(_machine(tmp_path, changes))
    assert [reason.split(": ")[0] for reason in said] == ([f"a debug kernel, {told}"] if told else [])


def test_configuration_is_the_running_kernel_s(tmp_path: Path) -> None:
    """Its own word counts before a file in /boot, and that before the headers'."""
    bad = "CONFIG_KASAN=y"
    headers: Files = {_CONFIG: None, f"{_BUILD}/include/config/auto.conf": bad}
    assert objections.distorting(_machine(tmp_path / "headers", headers))
    assert not objections.distorting(_machine(tmp_path / "boot", {**headers, **_config()}))
    machine = _machine(tmp_path / "proc", {})
    (machine.root / "proc/config.gz").write_bytes(gzip.compress(bad.encode()))
    assert objections.distorting(machine)


def test_governors_are_counted(tmp_path: Path) -> None:
    """Each kind is one line."""
    path = "sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor"
    machine = _machine(tmp_path, {path.format(1): "powersave", path.format(2): "powersave",
                                  path.format(3): "schedutil"})
    first, second = objections.distorting(machine)
    assert first.startswith("cpufreq governor powersave on 2 of 4 CPUs: ")
    assert second.startswith("cpufreq governor schedutil on 1 of 4 CPUs: ")
    assert machine.fingerprint(())["governors"] == ["performance", "powersave", "schedutil"]


@pytest.mark.parametrize("top", ["sys/kernel/tracing", "sys/kernel/debug/tracing"])
def test_tracing_is_told(tmp_path: Path, top: str) -> None:
    """One line for each switch that is on; none where it is off."""
    files: Files = {f"{top}/current_tracer": "nop", f"{top}/events/kmem/enable": "0"}
    assert not objections.distorting(_machine(tmp_path / "off", files))
    events, = objections.distorting(_machine(tmp_path / "events", {
        **files, f"{top}/events/kmem/enable": "X"}))
    assert re.fullmatch(f"tracing is on, /{top}/events/kmem/enable is X: .*; echo 0 > .*", events)
    tracer, = objections.distorting(_machine(tmp_path / "tracer", {
        **files, f"{top}/current_tracer": "function"}))
    assert tracer.endswith(f"echo nop > /{top}/current_tracer")


@pytest.mark.parametrize("config, words, on", [
    ("", "", 0), ("CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y", "", 1),
    ("CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y", "init_on_alloc=0", 0), ("", "init_on_alloc=1", 1),
    ("", "init_on_alloc=1 init_on_alloc=off", 0)])
def test_whether_allocations_are_zeroed(tmp_path: Path, config: str, words: str, on: int) -> None:
    """The configuration says it, and the command line outweighs it."""
    assert _machine(tmp_path, {**_config(config), **_words(words)}).init_on_alloc() == on


def test_fingerprint_is_the_machine_s(tmp_path: Path) -> None:
    """Memory, processors and compiler are read, not assumed."""
    found = _machine(tmp_path, {}).fingerprint(("why",))
    assert (found["mem_mib"], found["cpus"], found["compiler"]) == (15921, 2, "gcc-12")
    assert found["forced"] == ["why"]


_SLOW: Files = {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand"}
_BOTH: Files = {**_SLOW, **_words("slub_debug"), "proc/modules": None, f"{_BUILD}/Makefile": None}


def test_all_reasons_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, those of the options first; force does not help."""
    for force in (False, True):
        with pytest.raises(Broken, match="^nothing was built or loaded; --force does not help"):
            host.admit(_machine(tmp_path, _BOTH), ["KERNEL=6.1"], force)
        said = capsys.readouterr().err.splitlines()
        assert [line.split(" ")[1] for line in said] == ["impossible:"] * 3 + ["distorting:"] * 2
        assert said[0] == "kmbench: impossible: KERNEL=6.1"


def test_force_passes_what_distorts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And only that; it is told all the same, and kept."""
    machine = _machine(tmp_path / "slow", _SLOW)
    with pytest.raises(Broken, match=r"--force \(FORCE=1\) measures all the same"):
        host.admit(machine, [], False)
    refused = capsys.readouterr().err
    forced, = host.admit(machine, [], True)
    assert capsys.readouterr().err == refused == f"kmbench: distorting: {forced}\n"
    assert host.admit(_machine(tmp_path / "good", {}), [], True) == ()


@pytest.mark.parametrize("values, named", [
    ({}, []), ({"clock": "real"}, []), ({"clock": "virtual"}, ["CLOCK=virtual"]),
    ({"kernel": "6.1", "mem": "1G"}, ["KERNEL=6.1", "MEM=1G"]),
    ({"kdir": "/x", "cpus": "2"}, ["KDIR=/x", "CPUS=2"])])
def test_options_of_a_virtual_machine_clash(values: dict[str, str], named: list[str]) -> None:
    """Nobody could tell what was meant."""
    none = {"kernel": "", "kdir": "", "clock": "", "mem": "", "cpus": ""}
    said = host.clashes(argparse.Namespace(**{**none, **values}))
    assert [reason.split(" ")[0] for reason in said] == named

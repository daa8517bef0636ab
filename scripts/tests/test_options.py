# SPDX-License-Identifier: GPL-2.0
"""Values that a user gives: each wrong one is named, with what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kmblib import kernels, options
from kmblib.errors import Broken


def _machine(**values: str) -> options.Machine:
    args = options.parser("")
    options.add(args, "clock", "mem", "cpus")
    return options.machine(args.parse_args([f"--{k}={v}" for k, v in values.items()]))


@pytest.fixture(autouse=True)
def _no_make_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user exports must not get in."""
    for name in ("KERNEL", "KDIR", "CLOCK", "MEM", "CPUS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("values, machine", [
    ({}, options.Machine("virtual", 1024, 1)),
    ({"mem": "512M"}, options.Machine("virtual", 512, 1)),
    ({"mem": "256M"}, options.Machine("virtual", 256, 1)),
    ({"clock": "real", "mem": "2G", "cpus": "4"}, options.Machine("real", 2048, 4)),
])
def test_good_values_are_taken(values: dict[str, str], machine: options.Machine) -> None:
    """The control of the wrong ones below."""
    assert _machine(**values) == machine


@pytest.mark.parametrize("values, said", [
    ({"clock": "wall"}, "no CLOCK=wall; there are: virtual real"),
    ({"mem": "255M"}, "MEM=255M is too small to boot; at least 256M"),
    ({"mem": "0G"}, "MEM=0G is too small to boot; at least 256M"),
    ({"mem": "1T"}, "MEM=1T is no amount of memory; write it as 512M or 2G"),
    ({"mem": "512"}, "MEM=512 is no amount of memory; write it as 512M or 2G"),
    ({"mem": "-1G"}, "MEM=-1G is no amount of memory; write it as 512M or 2G"),
    ({"mem": "1.5G"}, "MEM=1.5G is no amount of memory; write it as 512M or 2G"),
    ({"cpus": "0", "clock": "real"}, "CPUS=0 is no number of processors; 1 or more"),
    ({"cpus": "two", "clock": "real"}, "CPUS=two is no number of processors; 1 or more"),
    ({"cpus": "2"}, "CPUS=2 with CLOCK=virtual: instructions are counted exactly on one "
                    "processor only; CPUS=1 or CLOCK=real"),
])
def test_wrong_value_is_named(values: dict[str, str], said: str) -> None:
    """Before anything is built or booted."""
    with pytest.raises(Broken, match=f"^{re.escape(said)}$"):
        _machine(**values)


def test_variable_of_make_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an option outweighs it."""
    monkeypatch.setenv("MEM", "512M")
    assert _machine().mem_mib == 512
    assert _machine(mem="1G").mem_mib == 1024


def test_unknown_kernel_is_answered_with_those_there_are() -> None:
    """The table's keys, not a second list."""
    with pytest.raises(Broken, match="^no KERNEL=5.4; there are: "
                       f"{re.escape(' '.join(kernels.KERNELS))} .*KDIR="):
        kernels.find("5.4", None)


def test_kernel_and_tree_exclude_each_other() -> None:
    """Nobody could tell which was meant."""
    with pytest.raises(Broken, match="^KERNEL=6.1 and KDIR=/x exclude each other; give one$"):
        kernels.find("6.1", "/x")


@pytest.mark.parametrize("missing", ["Makefile", "Kconfig", "mm/Kconfig", "mm/slab_common.c", ""])
def test_directory_that_is_no_kernel_tree(tmp_path: Path, missing: str) -> None:
    """Each of the files that make a tree; with none missing it is one."""
    for name in {"Makefile", "Kconfig", "mm/Kconfig", "mm/slab_common.c"} - {missing}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION = -x\n")
    if missing:
        with pytest.raises(Broken, match=f"^KDIR={tmp_path} is no kernel tree .*; name the top"):
            kernels.find(None, str(tmp_path))
    else:
        kernel = kernels.find(None, str(tmp_path))
        assert (kernel.version, kernel.is_tree, kernel.source) == ("7.3.4-x", True, tmp_path)


def test_makefile_without_a_version_is_no_kernel_tree(tmp_path: Path) -> None:
    """Some other project that has all the names."""
    for name in ("Makefile", "Kconfig", "mm/Kconfig", "mm/slab_common.c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("all:\n")
    with pytest.raises(Broken, match=f"^KDIR={tmp_path} "):
        kernels.find(None, str(tmp_path))

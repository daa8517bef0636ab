# SPDX-License-Identifier: GPL-2.0
"""Architectures and configurations that a user names, the command lines that
become of them, and what a machine lacks. Nothing is built."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from kmblib import arches, configs, farm, kunit, proc, qemu
from kmblib.errors import Broken
from kmblib.kernels import Kernel


def _program(directory: Path, name: str, text: str = "exit 0") -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/bash\n{text}\n")
    (directory / name).chmod(0o755)


def test_unknown_names_are_answered_with_those_there_are() -> None:
    """The tables' own keys."""
    with pytest.raises(Broken, match="^no ARCH=vax; there are: um x86_64 arm64 riscv64$"):
        kunit.target("vax", "")
    known = re.escape(" ".join(configs.known()))
    with pytest.raises(Broken, match=f"^no CONFIG=debugger; there are: {known}$"):
        kunit.target("", "debugger")
    assert {"default", "debug", "slub_tiny", "init_on_alloc_0", "init_on_alloc_1",
            "64k_pages"} <= set(configs.known())


def test_base_fragments_are_no_configurations() -> None:
    """They are for every kernel of an architecture."""
    assert configs.QEMU_BASE.exists()
    assert configs.QEMU_BASE.stem not in configs.known()


@pytest.mark.parametrize("arch, have, said", [
    ("arm64", ("qemu-system-aarch64",), "ARCH=arm64 needs aarch64-linux-gnu-gcc; "
     "apt-get install gcc-aarch64-linux-gnu"),
    ("arm64", ("aarch64-linux-gnu-gcc",), "ARCH=arm64 needs qemu-system-aarch64; "
     "apt-get install qemu-system-arm"),
    ("riscv64", (), "ARCH=riscv64 needs riscv64-linux-gnu-gcc and qemu-system-riscv64; "
     "apt-get install gcc-riscv64-linux-gnu qemu-system-misc"),
    ("x86_64", (), "ARCH=x86_64 needs qemu-system-x86_64; apt-get install qemu-system-x86"),
])
def test_missing_program_is_named_with_its_package(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, have: tuple[str, ...],
        said: str) -> None:
    """With a PATH that has only the others."""
    (tmp_path / "bin").mkdir()
    for name in have:
        _program(tmp_path / "bin", name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(Broken, match=f"^{re.escape(said)}$"):
        kunit.target(arch, "")


def test_with_all_programs_nothing_is_missing(tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """The control; and UML needs none."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in arches.ARCHES["riscv64"].packages:
        _program(tmp_path / "bin", name)
    assert kunit.target("riscv64", "").arch.kunit == "riscv"
    assert kunit.target("", "").arch.name == "um"


def test_packages_are_in_the_group_of_their_architecture() -> None:
    """scripts/setup installs what arches.require() asks for."""
    words = [line.split("#")[0].split() for line in
             (farm.REPO / "scripts/packages.txt").read_text().splitlines()]
    listed = {w[0]: w[1:] for w in words if w}
    for arch in arches.ARCHES.values():
        for package in arch.packages.values():
            assert listed[package] in ([], [arch.name])


def test_setup_asks_for_a_group_only_when_it_is_named(tmp_path: Path) -> None:
    """As an argument or in ARCH=; the control is neither."""
    script = tmp_path / "setup"
    script.write_bytes((farm.REPO / "scripts/setup").read_bytes())
    script.chmod(0o755)
    (tmp_path / "packages.txt").write_text("dpkg\nkmbench-none  vax  # compiler\n")
    for argument, arch, status in (("", "", 0), ("vax", "", 2), ("", "vax", 2), ("um", "um", 0)):
        done = subprocess.run([script, *filter(None, [argument])], capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "KMBENCH_NO_INSTALL": "1",
                                   "ARCH": arch})
        assert (done.returncode, "kmbench-none" in done.stderr) == (status, status == 2)
    done = subprocess.run([script, "va"], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stderr) == (2, "kmbench: no group 'va'; there are: vax \n")


def _work(kernel: Kernel, tmp_path: Path, arch: str, config: str) -> kunit.Work:
    of = kunit.Target(arches.find(arch), configs.find(config))
    merged = configs.merge(of.config, of.arch, of.place(kernel))
    return kunit.Work(kernel, of, merged, Path("kunit.py"), tmp_path)


@pytest.mark.parametrize("arch, words", [
    ("um", ["--arch=um"]), ("x86_64", ["--arch=x86_64"]),
    ("arm64", ["--arch=arm64", "--cross_compile=aarch64-linux-gnu-"]),
    ("riscv64", ["--arch=riscv", "--cross_compile=riscv64-linux-gnu-"])])
def test_architecture_as_kunit_py_calls_it(kernel: Kernel, tmp_path: Path, arch: str,
                                           words: list[str]) -> None:
    """riscv64 is riscv there."""
    assert _work(kernel, tmp_path, arch, "default").common() == [*words, f"--build_dir={tmp_path}"]


@pytest.mark.parametrize("arch, config, strict, words", [
    ("um", "default", "", []),
    ("um", "init_on_alloc_1", "0", ["init_on_alloc=1"]),
    ("um", "smp", "", ["ncpus=2", "seccomp=on"]),
    ("x86_64", "smp", "", ["panic=-1"]),
    ("x86_64", "numa", "", ["panic=-1", "numa=fake=3264M"]),
    ("um", "debug", "", ["page_poison=1", "slub_debug=FU"]),
    ("x86_64", "debug", "", ["panic=-1", "page_poison=1"]),
    ("um", "default", "1", ["kmalloc_kunit.strict=1"])])
def test_words_of_the_command_line(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                   arch: str, config: str, strict: str, words: list[str]) -> None:
    """QEMU is told of its processors, UML's kernel is."""
    monkeypatch.setenv("KMBENCH_STRICT", strict)
    assert _work(kernel, tmp_path, arch, config).asked() == words


@pytest.mark.parametrize("arch, config, name", [
    ("um", "default", ""), ("um", "init_on_alloc_1", ""), ("um", "debug", "-um-debug"),
    ("x86_64", "default", "-x86_64-default"), ("x86_64", "init_on_alloc_0", "-x86_64-default"),
    ("arm64", "64k_pages", "-arm64-64k_pages")])
def test_what_only_boots_differently_is_not_built_again(
        kernel: Kernel, tmp_path: Path, arch: str, config: str, name: str) -> None:
    """And UML's default keeps the directory that it always had."""
    work = _work(kernel, tmp_path, arch, config)
    assert work.target.build_name(kernel, work.merged) == f"{kernel.key}{name}"


def test_build_depends_on_options_but_not_on_the_boot(kernel: Kernel, tmp_path: Path) -> None:
    """What is built is taken for the same, or not."""
    default, boots, debug = (kunit._inputs(_work(kernel, tmp_path, "um", name))
                             for name in ("default", "init_on_alloc_1", "debug"))
    assert default and default == boots and default != debug


def test_options_that_are_not_taken_are_named(kernel: Kernel, tmp_path: Path) -> None:
    """From what kunit.py says; another failure is left to its own message."""
    work, log = _work(kernel, tmp_path, "um", "slub_tiny"), tmp_path / "log"
    log.write_text("ERROR:root:Not all Kconfig options selected in kunitconfig were in the "
                   "generated .config.\nThis is probably due to unsatisfied dependencies.\n"
                   "Missing: CONFIG_SLUB_TINY=y\nNote: many Kconfig options\n")
    with pytest.raises(Broken, match=f"^CONFIG=slub_tiny ARCH=um: Linux {re.escape(kernel.version)}"
                                     " does not take CONFIG_SLUB_TINY=y$"):
        kunit._not_taken(work, log)
    log.write_text("make: *** [Makefile:1: all] Error 2\n")
    kunit._not_taken(work, log)


def test_launcher_drops_accelerators_and_nothing_else(tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """A QEMU that prints its arguments is called as kunit.py of 7.3 calls it."""
    _program(tmp_path / "bin", "qemu-system-aarch64", 'printf "%s\\n" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    arch = arches.ARCHES["arm64"]
    front = kunit._launcher(arch, qemu.Emulator(arch.emulator), tmp_path / "front")
    done = subprocess.run(
        [front / arch.emulator, "-m", "1024", "-append", "a=1 b", "-accel", "kvm", "-accel", "hvf",
         "-accel", "tcg", "-serial", "stdio"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["-m", "1024", "-append", "a=1 b", "-accel", "tcg",
                                        "-serial", "stdio"]


def test_objects_of_another_checkout_are_not_taken(tmp_path: Path) -> None:
    """Two checkouts may share a cache; the control is the same checkout."""
    built = tmp_path / farm.HOME / "kunit/objects.o"
    for checkout, kept in ((None, False), ("/other", False), (str(farm.REPO), True)):
        built.parent.mkdir(parents=True, exist_ok=True)
        built.write_text("")
        if checkout:
            (tmp_path / ".kmbench-checkout").write_text(checkout)
        kunit.forget_other_checkout(tmp_path)
        assert built.exists() == kept


def test_error_of_a_build_is_not_a_warning(tmp_path: Path) -> None:
    """The linker of UML warns before it says what is wrong."""
    (tmp_path / "log").write_text(
        "ERROR:root:/usr/bin/ld: warning: vdso.o: missing .note.GNU-stack section\n"
        "/usr/bin/ld: objects.o: undefined reference to `kmb_take'\nmake: *** Error 1\n")
    assert proc.first_error(tmp_path / "log").endswith("undefined reference to `kmb_take'")

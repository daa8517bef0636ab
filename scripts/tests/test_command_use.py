# SPDX-License-Identifier: GPL-2.0
"""Commands that cannot do what they are told: exit code 2, one line that names
the value and what would be right, and nothing left behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from checkout import Checkout
from kmblib import bench, farm, proc

# command, its variables, and the whole of what it says.
_WRONG = {
    "no such kernel": ("bench", {"KERNEL": "5.4"}, "kmbench: no KERNEL=5.4; there are: "
                       "6.1 6.12 7.3 (or KDIR=/path/to/a/kernel/tree)"),
    "no such kernel for kunit": ("kunit", {"KERNEL": "banana"}, "kmbench: no KERNEL=banana; "
                                 "there are: 6.1 6.12 7.3 (or KDIR=/path/to/a/kernel/tree)"),
    "no kernel tree": ("kunit", {"KDIR": "/proc"}, "kmbench: KDIR=/proc is no kernel tree "
                       "(Makefile, Kconfig and mm/ are looked for); name the top of a source tree"),
    "kernel and tree": ("bench", {"KERNEL": "6.1", "KDIR": "/proc"}, "kmbench: KERNEL=6.1 and "
                        "KDIR=/proc exclude each other; give one"),
    "unknown clock": ("bench", {"CLOCK": "wall"}, "kmbench: no CLOCK=wall; there are: virtual real"),
    "too little memory": ("bench", {"MEM": "16M"}, "kmbench: MEM=16M is too small to boot; "
                          "at least 256M"),
    "no memory size": ("run", {"MEM": "lots"}, "kmbench: MEM=lots is no amount of memory; "
                       "write it as 512M or 2G"),
    "processors and virtual clock": ("bench", {"CPUS": "2"}, "kmbench: CPUS=2 with CLOCK=virtual: "
                                     "instructions are counted exactly on one processor only; "
                                     "CPUS=1 or CLOCK=real"),
    "unknown geometry": ("tlb", {"GEOMETRY": "zen9"}, "kmbench: no GEOMETRY=zen9; there are: generic "
                         "neoverse-n1 sapphire-rapids skylake-sp zen3 zen4; or a file that ends in "
                         ".json"),
    "too much memory for the model": ("tlb", {"MEM": "4G"}, "kmbench: MEM=4096M: the model knows "
                                      "memory below 3 GiB; at most 3072M"),
    "unknown architecture of walks": ("tlb", {"ARCH": "arm64"}, "kmbench: ARCH=arm64: make tlb "
                                      "knows x86_64 (default), by a model of a TLB, and riscv64, "
                                      "by its PMU in QEMU"),
    "geometry for a PMU": ("tlb", {"ARCH": "riscv64", "GEOMETRY": "zen3"}, "kmbench: GEOMETRY=zen3 "
                           "with ARCH=riscv64: no TLB is modelled there; leave it out"),
    "unknown place": ("bench", {"WHERE": "moon"}, "kmbench: no WHERE=moon; there are: vm host"),
    "unknown place of walks": ("tlb", {"WHERE": "moon"}, "kmbench: no WHERE=moon; there are: vm host"),
    "kernel on the running machine": ("tlb", {"WHERE": "host", "KERNEL": "6.1"}, "kmbench: KERNEL=6.1 "
                                      "is for a virtual machine, and WHERE=host measures the "
                                      "running kernel; leave one out"),
    "architecture of the running machine": (
        "tlb", {"WHERE": "host", "ARCH": "riscv64"}, "kmbench: ARCH=riscv64 is for a virtual machine, "
        "and WHERE=host measures the running kernel; leave one out"),
    "geometry of a real TLB": ("tlb", {"WHERE": "host", "GEOMETRY": "zen3"}, "kmbench: GEOMETRY=zen3 "
                               "is for a virtual machine, and WHERE=host measures the running "
                               "kernel; leave one out"),
    "order that is none": ("frag", {"ORDER": "11"}, "kmbench: ORDER=11 is no order of blocks; 1 to 10"),
    "more than all blocks": ("frag", {"MOVABLE": "101"}, "kmbench: MOVABLE=101 is no per cent of "
                             "the broken blocks; 0 to 100"),
    "occupants that are none": ("frag", {"OCCUPANTS": "pigs"}, "kmbench: no OCCUPANTS=pigs; there are: "
                                "anon cache"),
    "occupants of nothing": ("frag", {"OCCUPANTS": "cache"}, "kmbench: OCCUPANTS=cache without MOVABLE=: "
                             "nothing that can be moved breaks a block; say how many per cent of them it "
                             "does, as MOVABLE=50"),
    "TLB of a level": ("frag", {"GEOMETRY": "zen9"}, "kmbench: no GEOMETRY=zen9; there are: generic "
                       "neoverse-n1 sapphire-rapids skylake-sp zen3 zen4; or a file that ends in "
                       ".json"),
    "kernel and file": ("gate", {"KERNEL": "6.1", "NEW": "x"}, "kmbench: NEW= with KERNEL= or KDIR=: "
                        "a file, or a kernel to measure; leave one out"),
    "file without a base": ("gate", {"NEW": "x"}, "kmbench: BASE= is missing; name the file that "
                            "NEW= is compared with"),
    "base that is none": ("gate", {"BASE": "/nonexistent"}, "kmbench: /nonexistent: No such file or "
                          "directory; make baseline OUT=FILE makes one"),
    "comparison without a base": ("ab", {"BASE": ""}, "kmbench: BASE= is missing; a kernel as 6.1, a directory, "
                                  "or a revision of KDIR="),
    "comparison with nothing": ("ab", {"BASE": "6.1"}, "kmbench: nothing to compare with: NEW=, PATCH= "
                                "or KDIR= is missing"),
    "comparison with two": ("ab", {"BASE": "6.1", "NEW": "6.12", "PATCH": "x"},
                            "kmbench: NEW= and PATCH= exclude each other; give one"),
    "patch that is none": ("ab", {"BASE": "6.1", "PATCH": "/none"}, "kmbench: PATCH=/none: no such file; "
                           "name one of git format-patch or diff -u"),
    "comparison with no kernel": (
        "ab", {"BASE": "6.3", "NEW": "6.1"}, "kmbench: BASE=6.3: no kernel of the distribution (6.1 "
        "6.12 7.3), no directory, and no revision without KDIR="),
    "comparison with no tree": (
        "ab", {"BASE": "/proc", "NEW": "6.1"}, "kmbench: BASE=/proc is no kernel tree (Makefile, Kconfig and "
        "mm/ are looked for); name the top of a source tree"),
    "comparison with two bases": ("ab", {"BASE": "6.1", "KERNEL": "6.12", "NEW": "7.3"}, "kmbench: BASE=6.1 and "
                                  "KERNEL=6.12 both name the base; leave one out"),
    "bisection by make": ("ab", {"BASE": "6.1", "NEW": "6.12", "BISECT": "1"}, "kmbench: BISECT=1: make cannot "
                          "exit with 125; use `git bisect run scripts/ab --bisect --kdir ...`"),
    "parts in real time": ("ab", {"BASE": "6.1", "NEW": "6.12", "CLOCK": "real", "PARTS": "exact"},
                           "kmbench: PARTS=exact with CLOCK=real: promises and times are all that is "
                           "compared there; leave one out"),
    "part that is none": ("ab", {"BASE": "6.1", "NEW": "6.12", "PARTS": "exact speed"},
                          "kmbench: no PARTS=speed; there are: kunit exact tlb frag"),
    "fragment that is none": ("ab", {"BASE": "6.1", "NEW": "6.12", "CONFIG_FRAGMENT": "/none"},
                              "kmbench: CONFIG_FRAGMENT=/none: no such file; one with lines as "
                              "CONFIG_X=y"),
    "compaction or not": ("frag", {"COMPACT": "yes"}, "kmbench: COMPACT=yes is neither 0 nor 1"),
    "level that is none": ("frag", {"LEVELS": "0.5,1.5"}, "kmbench: LEVELS=0.5,1.5: '1.5' is no "
                           "unusable free space index; 0 to 1, as 0,0.5,0.9"),
    "force in a guest": ("bench", {"FORCE": "1"}, "kmbench: FORCE=1 with WHERE=vm: only "
                         "WHERE=host refuses anything; leave it out"),
    "patch to nowhere": ("patch", {"KERNEL": "6.1"}, "kmbench: OUT= is missing; name the file "
                         "that the patch goes to"),
    "patch for no tree": ("patch", {"OUT": "/dev/null"}, "kmbench: KDIR= is missing; name the "
                          "tree that the patch is for"),
    "patch into no directory": ("patch", {"KERNEL": "6.1", "OUT": "/nonexistent/x"},
                                "kmbench: OUT=/nonexistent/x: there is no directory /nonexistent; "
                                "make it or name a file elsewhere"),
    "patch to a directory": ("patch", {"KERNEL": "6.1", "OUT": "/"}, "kmbench: OUT=/ is a "
                             "directory; name a file in it"),
    "packages to nowhere": ("deb", {"KERNEL": ""}, "kmbench: OUT= is missing; name the directory that the "
                            "packages go to"),
    "pages to a file": ("docs", {"OUT": "/dev/null"}, "kmbench: OUT=/dev/null is a file; name a "
                        "directory elsewhere"),
    "baseline to nowhere": ("baseline", {"KERNEL": "6.1", "OUT": "/nonexistent/x"}, "kmbench: OUT=/nonexistent/x "
                            "cannot be written; name a file in a directory that exists, and is yours to write to"),
    "variable of another command": ("bench", {"ARCH": "arm64", "KMBENCH_GIVEN": "ARCH", "KMBENCH_OPTIONS": "ARCH OUT MEM"},
                                    "kmbench: ARCH=arm64: make bench takes no ARCH; there are: MEM"),
    "no mutants of it": ("mutants", {"KERNEL": "6.12"}, "kmbench: KERNEL=6.12: no mutants of "
                         "Linux 6.12; there are some of: 6.1 7.3"),
}


@pytest.mark.parametrize("name", _WRONG)
def test_wrong_value_is_named(copy: Checkout, name: str) -> None:
    """The value comes through the environment, as make hands it down."""
    command, variables, line = _WRONG[name]
    before = copy.runs()
    ended = copy.run(command, **variables)
    assert (ended.status, ended.stderr, ended.stdout) == (2, f"{line}\n", "")
    assert copy.runs() == before


@pytest.mark.parametrize("variables, line", [
    ({"PROFILE": "quik"}, "kmbench: no PROFILE=quik; there are: quick standard full"),
    ({"SHARE": "abc"}, "kmbench: SHARE=abc is no per cent of the available memory; 1 to 90"),
    ({"SHARE": "91"}, "kmbench: SHARE=91 is no per cent of the available memory; 1 to 90"),
])
def test_value_that_the_tool_knows_is_refused_before_a_boot(
        copy: Checkout, variables: dict[str, str], line: str) -> None:
    """The guest, whose tool would refuse it as well, has no console yet."""
    before = copy.runs()
    ended = copy.run("bench", MEM="512M", **variables)
    assert (ended.status, ended.said, ended.stdout) == (2, [line], "")
    assert "init_on_alloc=" not in ended.stderr and copy.runs() == before


def test_variable_that_the_command_takes_is_none_too_many(copy: Checkout) -> None:
    """The control: it goes on to the next thing that is wrong. What only the environment has was not typed."""
    for given in ("MEM", ""):
        ended = copy.run("bench", MEM="16M", ARCH="arm64", KMBENCH_GIVEN=given, KMBENCH_OPTIONS="ARCH OUT MEM")
        assert ended.stderr == "kmbench: MEM=16M is too small to boot; at least 256M\n"


def test_share_is_that_of_the_tool() -> None:
    """The limit that is looked at before a build."""
    assert f"#define RUN_SHARE_MAX\t{bench.SHARE_MAX}\n" in (farm.REPO / "userspace/cmd_run.c").read_text()


def test_patch_into_the_tree_is_refused(copy: Checkout) -> None:
    """The tree is never written to."""
    tree = next(copy.cache.glob("source/*"))
    ended = copy.run("patch", KDIR=str(tree), OUT=f"{tree}/kmalloc.patch")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr == (f"kmbench: OUT={tree}/kmalloc.patch lies in the tree, which is never "
                            "written to; name a file elsewhere\n")


def test_unknown_option_is_named(copy: Checkout) -> None:
    """argparse's usage would be more than one line."""
    ended = copy.run("bench", "--kernle", "6.1")
    assert ended.status == 2
    assert ended.stderr == "kmbench: unrecognized arguments: --kernle 6.1; see --help\n"


def test_running_machine_is_no_virtual_one(copy: Checkout) -> None:
    """Whatever else speaks against it is told, too; force does not help."""
    before = copy.runs()
    ended = copy.run("bench", WHERE="host", KERNEL="6.1", FORCE="1")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.said[0] == ("kmbench: impossible: KERNEL=6.1 is for a virtual machine, and "
                             "WHERE=host measures the running kernel; leave one out")
    assert ended.said[-1] == ("kmbench: nothing was built or loaded; --force does not help "
                              "against what is impossible")
    assert ended.stderr.splitlines() == ended.said and copy.runs() == before


@pytest.mark.parametrize("word, level, status", [
    ("KERNL=6.1", "0", 2), ("KERNEL=6.1", "0", 0), ("-j1", "0", 0), ("KSELFTEST_COST_SH_ARGS=x", "0", 0),
    ("KERNL=6.1", "1", 0)])
def test_mistyped_variable_of_make_is_named(word: str, level: str, status: int) -> None:
    """Without it the default would be measured; the controls are what make knows, and what another
    make hands down."""
    done = subprocess.run(["make", "-C", farm.REPO, "-n", "--no-print-directory", "kunit", word],
                          capture_output=True, text=True, check=False,
                          env=proc.clean_env({"MAKELEVEL": level}))
    assert done.returncode == status, done.stderr
    assert ("no variable KERNL; there are: ARCH" in done.stderr) == (status == 2)
    assert len(done.stderr.splitlines()) == status // 2


def test_help_is_no_error(copy: Checkout) -> None:
    """The control of the ones above: a command can end well."""
    ended = copy.run("bench", "--help")
    assert (ended.status, ended.stderr) == (0, "")
    assert "--scenarios" in ended.stdout


def test_unknown_scenario_is_answered_with_near_names(copy: Checkout) -> None:
    """What the tool says in the guest is what the command says."""
    before = copy.runs()
    ended = copy.run("bench", SCENARIOS="pair/tusk/GFP_KERNEL/64", MEM="512M", CLOCK="real")
    assert ended.status == 2, ended.stderr
    assert ended.said == ["kmbench: no scenario matches 'pair/tusk/GFP_KERNEL/64'; "
                          "no context 'tusk'; near: pair/task/GFP_KERNEL/64"]
    assert not [p for run in copy.runs() - before for p in run.glob("*.json")]
    assert not copy.half_made()


def test_tool_on_a_machine_without_the_module(copy: Checkout) -> None:
    """The dynamic tool, as it would run on the user's own machine."""
    if Path("/dev/kmbench").exists():
        pytest.skip("kmbench.ko is loaded: /dev/kmbench is there")
    tool = next(copy.cache.glob("tool/*/kmbench"))
    done = subprocess.run([tool, "run"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("kmbench: /dev/kmbench: No such file or directory; "
                           "load kmbench.ko first (insmod kmbench.ko)\n")


def test_setup_names_missing_packages_and_installs_none(tmp_path: Path, copy: Checkout) -> None:
    """A package of a made-up name; the control is an empty list."""
    script, packages = tmp_path / "setup", tmp_path / "packages.txt"
    script.write_bytes((farm.REPO / "scripts/setup").read_bytes())
    script.chmod(0o755)
    for text, status, said in (
            ("dpkg\nkmbench-no-such-package  # for nothing\n", 2,
             "kmbench: missing packages: kmbench-no-such-package (KMBENCH_NO_INSTALL is set: "
             "install them and run again)\n"),
            ("dpkg  # is always there\n", 0, "")):
        packages.write_text(text)
        done = subprocess.run([script], capture_output=True, text=True, check=False,
                              env=copy.environment(KMBENCH_NO_INSTALL="1"))
        assert (done.returncode, done.stderr, done.stdout) == (status, said, "")

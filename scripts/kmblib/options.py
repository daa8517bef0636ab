# SPDX-License-Identifier: GPL-2.0
"""The options that commands share. Each is also a variable of make."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Misuse
from .farm import REPO

CLOCKS = ("virtual", "real")
PLACES = ("vm", "host")
# Less does not boot: the image, the initramfs and a kernel's own tables.
MEM_MIN_MIB = 256
# What each option is, wherever that is the same.
_TEXTS = {
    "kernel": "a kernel of the distribution: 6.1 (default), 6.12, 7.3",
    "kdir": "a kernel tree of your own instead; never written to",
    "arch": "what to run on: um (default: UML), x86_64, arm64, riscv64 (QEMU)",
    "config": "a configuration of kunit/configs (default: default)",
    "rows": "which rows of the matrix: globs as '6.1/um/*' (default: all)",
    "clock": "virtual (default: instructions, exact) or real (time, noisy)",
    "scenarios": "which cells: names or globs, separated by spaces (default: all)",
    "profile": "how much of everything: quick (default), standard, full",
    "share": "per cent of the available memory that may be held at once (default: 10)",
    "order": "of the blocks that are to be scarce: 1 to 10 (default: 9)",
    "levels": "unusable free space indices to reach, as 0,0.5,0.9 (default: six)",
    "movable": "per cent of the broken blocks that compaction can mend (default: 0)",
    "occupants": "what breaks those: anon (default), anonymous memory; cache, page cache",
    "compact": "1: have the kernel compact memory after each level; 0 (default): wait",
    "geometry": "the TLB to model: a name (default: generic) or the path of a file",
    "mem": "memory of the virtual machine, as 512M or 2G (default: 1G)",
    "cpus": "processors of the virtual machine (default: 1)",
    "init_on_alloc": "1: the kernel zeroes every allocation; 0 (default): it does not",
    "only": "which: names or globs, separated by spaces (default: all)",
    "run": "a directory of results/runs (default: the newest)",
    "format": "text (default), for a mail; markdown, as GitHub reads it; html, one page",
    "out": "the file to write",
    "patch": "patches on top of the base, separated by spaces, the first one first",
    "config_fragment": "a file with lines as CONFIG_X=y, on top of the configuration of both",
    "where": "vm (default), or host: the running machine, which needs root",
}


def parser(description: str) -> argparse.ArgumentParser:
    """A parser whose errors are one line and whose exit code is 2."""

    class Parser(argparse.ArgumentParser):
        """As argparse, but it raises."""

        def error(self, message: str) -> None:  # type: ignore[override]
            raise Misuse(f"{message}; see --help")

        def parse_known_args(self, *args: Any, **kwargs: Any) -> Any:
            _refuse_strangers(self)
            return super().parse_known_args(*args, **kwargs)

    return Parser(description=description, allow_abbrev=False)


def _refuse_strangers(args: argparse.ArgumentParser) -> None:
    """Misuse where make was given a variable that this command has no option for: it would be as
    if it had not been. What is run from here is another command."""
    words = {word[2:].replace("-", "_").upper() for word in args.format_help().split() if word[:2] == "--"}
    known = sorted(words & set(os.environ.get("KMBENCH_OPTIONS", "").split()))
    for name in os.environ.pop("KMBENCH_GIVEN", "").split():
        if name not in known:
            raise Misuse(f"{name}={os.environ.get(name, '')}: make {args.prog} takes no {name}; there are: "
                         f"{' '.join(known) or 'none'}")


def add(args: argparse.ArgumentParser, *names: str, **own: str) -> None:
    """Add shared options; the default of each is make's variable of that name. own: what one
    means here, where that is not the same in each command."""
    texts = {**_TEXTS, **own}
    for name in names:
        default = os.environ.get(name.upper(), "").strip()
        args.add_argument(f"--{name.replace('_', '-')}", default=default,
                          metavar=name.upper(), help=texts[name])


def directory(variable: str, given: str) -> Path:
    """Check the directory that a variable names for what is written: not one of the
    repository's."""
    path = Path(given).resolve()
    if path.is_relative_to(REPO):
        raise Misuse(f"{variable}={given} is in the repository; name a directory elsewhere")
    if path.exists() and not path.is_dir():
        raise Misuse(f"{variable}={given} is a file; name a directory elsewhere")
    return path


@dataclass(frozen=True)
class Machine:
    """What the virtual machine is like.

    clock: "virtual" or "real". mem_mib: MiB of memory. cpus: processors.
    """

    clock: str
    mem_mib: int
    cpus: int


def _mem_mib(text: str) -> int:
    match = re.fullmatch(r"(\d+)([MG])", text or "1G")
    if not match:
        raise Misuse(f"MEM={text} is no amount of memory; write it as 512M or 2G")
    mib = int(match[1]) * (1024 if match[2] == "G" else 1)
    if mib < MEM_MIN_MIB:
        raise Misuse(f"MEM={text} is too small to boot; at least {MEM_MIN_MIB}M")
    return mib


def machine(args: argparse.Namespace, clock: str = "", cpus_default: int = 1) -> Machine:
    """Check --clock, --mem and --cpus before anything is built or booted.

    clock: the only one that a command knows, which then has no --clock.
    """
    clock = clock or args.clock or CLOCKS[0]
    if clock not in CLOCKS:
        raise Misuse(f"no CLOCK={clock}; there are: {' '.join(CLOCKS)}")
    if not re.fullmatch(r"[1-9]\d{0,2}", args.cpus or "1"):
        raise Misuse(f"CPUS={args.cpus} is no number of processors; 1 or more")
    cpus = int(args.cpus or cpus_default)
    if clock == "virtual" and cpus > 1:
        raise Misuse(f"CPUS={cpus} with CLOCK=virtual: instructions are counted exactly "
                     "on one processor only; CPUS=1 or CLOCK=real")
    return Machine(clock, _mem_mib(args.mem), cpus)


def init_on_alloc(args: argparse.Namespace) -> int:
    """Check --init-on-alloc."""
    if args.init_on_alloc not in ("", "0", "1"):
        raise Misuse(f"INIT_ON_ALLOC={args.init_on_alloc} is neither 0 nor 1")
    return int(args.init_on_alloc or 0)


def add_force(args: argparse.ArgumentParser) -> None:
    """Add --force, which FORCE=1 switches on."""
    args.add_argument("--force", action="store_true",
                      default=os.environ.get("FORCE", "").strip() not in ("", "0"),
                      help="on the running machine: measure even what distorts, and mark the result")


def where(args: argparse.Namespace) -> str:
    """Check --where and --force: "vm" or "host"."""
    place: str = args.where or PLACES[0]
    if place not in PLACES:
        raise Misuse(f"no WHERE={place}; there are: {' '.join(PLACES)}")
    if getattr(args, "force", False) and place != "host":
        raise Misuse(f"FORCE=1 with WHERE={place}: only WHERE=host refuses anything; leave it out")
    return place

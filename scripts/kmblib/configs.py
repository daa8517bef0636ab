# SPDX-License-Identifier: GPL-2.0
"""Configurations of the kernel under test: fragments of kunit/configs/.

A fragment is what kunit.py takes: options, one a line. What it says goes for
the options of kunit/.kunitconfig, too. Its comments may also say

    # boot: WORDS       added to the kernel's command line
    # cpus: N           processors of the machine
    # memory: MIB       of the machine, if QEMU emulates it
    # only: GLOB        SUITE or SUITE.CASE, where all of them would take too long
    # timeout: SECONDS  that the suites may take

A fragment without options costs no build: the default one is booted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .arches import Arch
from .errors import Broken
from .farm import REPO
from .place import Place, declared, where

CONFIGS = REPO / "kunit/configs"
BASE = REPO / "kunit/.kunitconfig"
# What is left out of machines that QEMU emulates, to build them sooner.
QEMU_BASE = CONFIGS / "base/qemu.config"
DEFAULT = "default"

_OPTION = re.compile(r"(?:# )?(CONFIG_\w+)(?:=(?:\S+|\".*\")| is not set)")
_DIRECTIVE = re.compile(r"# (\w+): (.+)")
_DIRECTIVES = ("boot", "cpus", "memory", "only", "timeout")


@dataclass(frozen=True)
class Config:
    """A configuration.

    options: its lines by the option's name. boot: words of the command line.
    cpus: processors. memory: MiB of the machine, 0: as kunit.py has it. only: a
    glob of suites, or of suites and cases, that are run; "": all. timeout: seconds
    that they may take.
    """

    name: str
    options: dict[str, str]
    boot: tuple[str, ...] = ()
    cpus: int = 1
    memory: int = 0
    only: str = ""
    timeout: int = 0


def options(path: Path) -> dict[str, str]:
    """The lines of a fragment that are options, by name."""
    found = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = _OPTION.fullmatch(line.strip())
        if match:
            found[match[1]] = line.strip()
        elif line.strip() and not line.startswith("#"):
            raise Broken(f"{path}:{number}: no option and no comment: {line}")
    return found


def _directives(path: Path) -> dict[str, str]:
    found = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = _DIRECTIVE.fullmatch(line)
        if match and match[1] not in _DIRECTIVES:
            raise Broken(f"{path}:{number}: no directive {match[1]}; there are: "
                         f"{' '.join(_DIRECTIVES)}")
        if match:
            found[match[1]] = match[2]
    return found


def _number(path: Path, said: dict[str, str], name: str, default: int) -> int:
    text = said.get(name, str(default))
    if not text.isdigit():
        raise Broken(f"{path}: {name}: {text} is no number")
    return int(text)


def read(path: Path) -> Config:
    """A configuration from its file."""
    said = _directives(path)
    return Config(path.stem, options(path), tuple(said.get("boot", "").split()),
                  _number(path, said, "cpus", 1), _number(path, said, "memory", 0),
                  said.get("only", ""), _number(path, said, "timeout", 0))


def known() -> list[str]:
    """The names that CONFIG= may have."""
    return [DEFAULT, *sorted(path.stem for path in CONFIGS.glob("*.config"))]


def find(name: str) -> Config:
    """The configuration that CONFIG= names."""
    if (name or DEFAULT) == DEFAULT:
        return Config(DEFAULT, {})
    if name not in known():
        raise Broken(f"no CONFIG={name}; there are: {' '.join(known())}")
    return read(CONFIGS / f"{name}.config")


@dataclass(frozen=True)
class Merged:
    """What is built.

    text: all options. own: whether it differs from the default configuration
    of the same architecture. without: why an option was left out, by name. instead:
    words of the command line that stand for such, as far as they can.
    """

    text: str
    own: bool
    without: dict[str, str]
    instead: tuple[str, ...] = ()


def merge(config: Config, arch: Arch, place: Place) -> Merged:
    """All options of a configuration on one architecture and kernel.

    What matrix.toml says a kernel does not have is left out; anything else
    that it does not take is an error, found when it is built.
    """
    gone = [entry for entry in declared("without") if where(entry).holds(place)]
    names = {entry["option"] for entry in gone}
    base = {**(options(QEMU_BASE) if arch.emulator else {}), **options(BASE)}
    base = {name: line for name, line in base.items() if name not in names}
    own = {name: line for name, line in config.options.items() if name not in names}
    said = [entry for entry in gone if entry["option"] in {*config.options, *options(BASE)}]
    return Merged("".join(f"{line}\n" for line in {**base, **own}.values()), bool(own),
                  {entry["option"]: entry["why"] for entry in said},
                  tuple(word for entry in said for word in entry.get("instead", "").split()))

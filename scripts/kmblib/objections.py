# SPDX-License-Identifier: GPL-2.0
"""What speaks against measuring the running machine: two tables.

What makes it impossible, and what would distort the figures. All of it is
told at once, before anything is built.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Callable

from . import results
from .system import OFF, System

_CAP_SYS_MODULE = 16
# Of what only the command line switches on.
NO_OPTION = "NEVER"
COMMAND = f"sudo {results.command_of('bench', WHERE='host')}"


def _no_rights(system: System) -> str:
    status = system.text("proc/self/status")
    uid = re.search(r"^Uid:\s+\d+\s+(\d+)", status, re.M)
    capabilities = re.search(r"^CapEff:\s+([0-9a-f]+)$", status, re.M)
    if not uid or uid[1] != "0":
        return f"not root, and a module has to be loaded; {COMMAND}"
    if not capabilities or not int(capabilities[1], 16) >> _CAP_SYS_MODULE & 1:
        return "root, but without CAP_SYS_MODULE, as in a container; run outside of it"
    return ""


def _no_modules(system: System) -> str:
    if not system.exists("proc/modules"):
        return "this kernel cannot load modules (CONFIG_MODULES is off); boot one that can"
    if system.text("proc/sys/kernel/modules_disabled") == "1":
        return "kernel.modules_disabled is 1, and no module can be loaded until the next boot"
    return ""


def _only_signed(system: System) -> str:
    if system.text("sys/module/module/parameters/sig_enforce") == "Y":
        return ("module.sig_enforce is on, and kmbench.ko is unsigned; boot without "
                "module.sig_enforce")
    level = re.search(r"\[(\w+)\]", system.text("sys/kernel/security/lockdown"))
    if level and level[1] != "none":
        return (f"the kernel is locked down ({level[1]}), and kmbench.ko is unsigned; "
                "boot without lockdown= and Secure Boot")
    return ""


def _no_headers(system: System) -> str:
    if (system.headers / "Makefile").is_file():
        return ""
    return (f"no headers in {system.headers}; install the package "
            f"linux-headers-{system.release}")


def _loaded(system: System) -> str:
    if not system.exists("sys/module/kmbench"):
        return ""
    return "kmbench.ko is loaded already: another run is under way, or rmmod kmbench first"


_UNLOADABLE: tuple[Callable[[System], str], ...] = (
    _no_rights, _no_modules, _only_signed, _no_headers)
_IMPOSSIBLE = (*_UNLOADABLE, _loaded)


@dataclass(frozen=True)
class Debug:
    """An option of the kernel that makes its allocator another one.

    option: of the configuration. why: what it does to a measurement. default:
    the option that switches it on at boot, after a "!" off; "" where it is on
    by itself. words: names on the command line, whose values outweigh that;
    off: those that mean off.
    """

    option: str
    why: str
    default: str = ""
    words: tuple[str, ...] = ()
    off: str = OFF

    def _at_boot(self, system: System) -> str:
        if not self.default:
            return f"CONFIG_{self.option}"
        off = self.default.startswith("!")
        if system.has(self.default.lstrip("!")) == off:
            return ""
        return f"CONFIG_{self.option if off else self.default}"

    def on(self, system: System) -> str:
        """What has switched it on; "" if it is off."""
        if not system.has(self.option):
            return ""
        word = system.word(*self.words)
        if not word:
            return self._at_boot(system)
        return "" if re.fullmatch(self.off, word.partition("=")[2], re.I) else word


DEBUG = (
    Debug("KASAN", "each access is checked, and what is freed is kept for a while"),
    Debug("KCSAN", "accesses are watched, and some delayed on purpose"),
    Debug("KMSAN", "each access is checked, and each allocation marked"),
    Debug("KCOV", "each branch is recorded"),
    Debug("GCOV_KERNEL", "each branch is counted"),
    Debug("LOCKDEP", "each lock that is taken is checked against all others"),
    Debug("DEBUG_ATOMIC_SLEEP", "each allocation that may sleep is checked"),
    Debug("DEBUG_PREEMPT", "each access to a CPU's own slab is checked"),
    Debug("DEBUG_OBJECTS_FREE", "each block that is freed is searched"),
    Debug("DEBUG_VM", "pages and their flags are checked at each step"),
    Debug("DEBUG_SLAB", "each object is filled and checked"),
    Debug("DEBUG_KMEMLEAK", "each block is entered into a tree",
          "!DEBUG_KMEMLEAK_DEFAULT_OFF", ("kmemleak",), "off"),
    Debug("DEBUG_PAGEALLOC", "each page that is freed is unmapped",
          "DEBUG_PAGEALLOC_ENABLE_DEFAULT", ("debug_pagealloc",)),
    Debug("SLUB_DEBUG", "each object is checked, and no fast path is taken",
          "SLUB_DEBUG_ON", ("slub_debug", "slab_debug"), "[-o]"),
    Debug("PAGE_POISONING", "each page that is freed is filled",
          NO_OPTION, ("page_poison",)),
    Debug("PAGE_OWNER", "the stack is recorded for each page",
          NO_OPTION, ("page_owner",)),
    Debug("MEM_ALLOC_PROFILING", "each allocation is counted for its caller",
          "MEM_ALLOC_PROFILING_ENABLED_BY_DEFAULT", ("sysctl.vm.mem_profiling",)),
)


def _governors(system: System) -> list[str]:
    counts = Counter(system.governors())
    return [f"cpufreq governor {name} on {count} of {counts.total()} CPUs: the frequency changes "
            "while it is measured; cpupower frequency-set -g performance"
            for name, count in sorted(counts.items()) if name != "performance"]


def _traced(system: System) -> list[str]:
    """Tracing that somebody left on, or is looking at."""
    top = next((t for t in ("sys/kernel/tracing", "sys/kernel/debug/tracing")
                if system.exists(f"{t}/current_tracer")), "")
    found = [(f"{top}/events/kmem/enable", "0"), (f"{top}/current_tracer", "nop")] if top else []
    return [f"tracing is on, /{path} is {system.text(path)}: each call is recorded; "
            f"echo {off} > /{path}" for path, off in found if system.text(path) not in ("", off)]


def impossible(system: System) -> list[str]:
    """Why it cannot be measured at all."""
    return [reason for objection in _IMPOSSIBLE if (reason := objection(system))]


def unloadable(system: System) -> list[str]:
    """Why no module that is built here can be loaded."""
    return [reason for objection in _UNLOADABLE if (reason := objection(system))]


def distorting(system: System) -> list[str]:
    """Why its figures would not be those of a kernel as people run it."""
    switched = [(debug, debug.on(system)) for debug in DEBUG]
    return [f"a debug kernel, {by}: {debug.why}" for debug, by in switched if by] \
        + _governors(system) + _traced(system)

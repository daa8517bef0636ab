# SPDX-License-Identifier: GPL-2.0
"""The running machine, as its files tell: what a host run is built and measured on."""

from __future__ import annotations

import functools
import gzip
import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import results

# As kstrtobool() in the kernel reads "no".
OFF = r"[0nf].*|of.*"


@dataclass(frozen=True)
class System:
    """A machine whose kernel runs.

    root: where its files are; not "/" in a test only. release: uname -r.
    """

    root: Path = Path("/")
    release: str = platform.release()

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return (self.root / path).exists()

    def text(self, path: str) -> str:
        """What a file says; "" where it is not there or may not be read."""
        try:
            return (self.root / path).read_text(errors="replace").strip()
        except OSError:
            return ""

    @property
    def headers(self) -> Path:
        """What a module for this kernel is built against."""
        return self.root / "lib/modules" / self.release / "build"

    @functools.lru_cache(maxsize=None)
    def config(self) -> str:
        """The kernel's configuration, from the first place that has it; "" for none."""
        packed = self.root / "proc/config.gz"
        if packed.exists():
            return gzip.decompress(packed.read_bytes()).decode()
        built = f"lib/modules/{self.release}/build"
        places = (f"boot/config-{self.release}", f"{built}/.config",
                  f"{built}/include/config/auto.conf")
        return next((text for place in places if (text := self.text(place))), "")

    def has(self, option: str) -> bool:
        """Whether an option of the configuration is built in."""
        return re.search(rf"^CONFIG_{option}=y$", self.config(), re.M) is not None

    def word(self, *names: str) -> str:
        """The last word of one of these names on the command line, with its value;
        "" where there is none."""
        wanted = [word for word in self.text("proc/cmdline").split()
                  if word.partition("=")[0] in names]
        return wanted[-1] if wanted else ""

    def init_on_alloc(self) -> int:
        """Whether the kernel zeroes every allocation."""
        word = self.word("init_on_alloc")
        if not word:
            return int(self.has("INIT_ON_ALLOC_DEFAULT_ON"))
        return int(not re.fullmatch(OFF, word.partition("=")[2], re.I))

    def governors(self) -> list[str]:
        """The cpufreq governor of each processor; empty where there is no cpufreq."""
        files = self.root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
        return [self.text(str(f.relative_to(self.root))) for f in files]

    def mem_mib(self) -> int:
        """Memory, MiB."""
        match = re.search(r"^MemTotal: +(\d+) kB$", self.text("proc/meminfo"), re.M)
        return int(match[1]) // 1024 if match else 0

    def cpus(self) -> int:
        """Processors that are online."""
        return len(re.findall(r"^cpu\d", self.text("proc/stat"), re.M))

    def fingerprint(self, forced: tuple[str, ...]) -> dict[str, Any]:
        """What ran, for a results file; forced: what spoke against it."""
        config = self.config()
        return {"arch": platform.machine(),
                "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
                "compiler": results.compiler(config), "accelerator": "none", "clock": "real",
                "mem_mib": self.mem_mib(), "cpus": self.cpus(),
                "governors": sorted(set(self.governors())), "forced": list(forced)}

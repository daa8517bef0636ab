# SPDX-License-Identifier: GPL-2.0
"""A private tree of a kernel, in one configuration, for broken allocators: changed, built, run,
and changed back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from . import adopted, cache, catalogue, configs, farm, kunit, proc, qemu
from .catalogue import Mutant
from .errors import Broken
from .kernels import Kernel
from .kunit import Target
from .progress import Step, step

# A kernel that complains without end is heard so far: bytes.
_HEARD = 4 << 20
_COPIES = ".kmbench-copies"


def original(kernel: Kernel, name: str) -> str:
    """The text of a file of a kernel."""
    try:
        return (kernel.source / name).read_text()
    except OSError as error:
        raise Broken(f"{name}: {error.strerror}") from error


def _stays_in_mm(name: str) -> bool:
    """Whether nothing outside mm/ is compiled of a file; some of its headers are used elsewhere."""
    return name.startswith("mm/") and not name.endswith(".h")


class Tree:
    """A private tree of a kernel, a configuration's build directory, and how to
    change it."""

    def __init__(self, kernel: Kernel, logs: Path, target: Target) -> None:
        self.kernel = kernel
        self.logs = logs
        self.target = target
        merged = configs.merge(target.config, target.arch, target.place(kernel))
        self.farm = farm.plant(kernel, "mutants/tree")
        name = target.build_name(kernel, merged)
        self.build = cache.root() / f"mutants/build/{name}"
        self._adopt_objects(name)
        self._work = kunit.Work(kernel, target, merged, self.kunit_py, self.build)
        self._emulator = qemu.sound(qemu.Emulator(target.arch.emulator))
        # Changed files that others than mm/ may have: of this mutant; and of all since the last whole build.
        self._elsewhere, self._stale = set[str](), set[str]()

    def _adopt_objects(self, name: str) -> None:
        """Begin with what `make kunit` has compiled, if it has."""
        have = cache.root() / f"kunit/{name}"
        if not self.build.exists() and (have / ".kmbench-inputs").exists():
            with cache.lock(f"kunit-{name}"):
                adopted.copy(have, f"mutants/build/{name}", self.farm)
        self.build.mkdir(parents=True, exist_ok=True)

    @property
    def kunit_py(self) -> Path:
        """The tree's own parser."""
        return self.farm / "tools/testing/kunit/kunit.py"

    def original(self, name: str) -> str:
        """The text of a file of the kernel."""
        return original(self.kernel, name)

    @property
    def _kbuild(self) -> Path:
        # kbuild prefers it to the Makefile beside it, which is a link to ours.
        return self.farm / farm.HOME / "kunit/Kbuild"

    def restore(self) -> None:
        """Undo all changes. A link would be older than the object: a copy is not."""
        copies = self.farm / _COPIES
        for name in copies.read_text().splitlines() if copies.exists() else ():
            cache.write_if_changed(self.farm / name, self.original(name))
        self._kbuild.unlink(missing_ok=True)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """The tree with a mutant applied, while in the block."""
        texts = catalogue.mutated(mutant, self.original)
        self._elsewhere = {name for name in texts if mutant.scope != "tests" and not _stays_in_mm(name)}
        self._stale |= self._elsewhere
        try:
            if mutant.scope == "tests":
                self._put_in_front(texts)
            else:
                self._replace(texts)
            yield
        finally:
            self.restore()

    def _replace(self, texts: dict[str, str]) -> None:
        copies = self.farm / _COPIES
        known = set(copies.read_text().splitlines()) if copies.exists() else set()
        copies.write_text("\n".join(sorted(known | set(texts))) + "\n")
        for name, text in texts.items():
            cache.write_if_changed(self.farm / name, text)

    def _put_in_front(self, texts: dict[str, str]) -> None:
        """Have the suites, and nothing else, see changed headers."""
        lines = [f"include $(srctree)/{farm.HOME}/kunit/Makefile"]
        for name, text in texts.items():
            copy = f"{farm.HOME}/mutant/{name}"
            cache.write_if_changed(self.farm / copy, text)
            lines.append(f"ccflags-y += -include $(srctree)/{copy}")
        self._kbuild.write_text("\n".join(lines) + "\n")

    def configure(self) -> None:
        """Configure and build the tree as it stands, by kunit.py."""
        fragment = self.build / "kmbench.kunitconfig"
        cache.write_if_changed(fragment, self._work.merged.text)
        kunit.forget_other_checkout(self.build)
        with step(f"build {self._work.what} in a tree of its own") as current:
            proc.run(self._work.build_argv(fragment), self.logs / "build.log",
                     what="kunit.py build", step=current)

    def in_mm(self) -> bool:
        """Whether nothing changed since the last whole build that others than mm/ are compiled of."""
        return not self._stale

    def make_mm(self, current: Step) -> None:
        """Build what changed in mm/, and link, which takes half as long as a whole build; Broken
        when it does not compile. configure() has prepared all, and has left nothing to do in any
        other of 400 directories."""
        # What it is linked of, archives, are lists of names that stay the same. With all that make
        # would else tell a second make, it needs none, which would not know -o.
        (self.build / "vmlinux.o").unlink(missing_ok=True)
        self._make(current, ["-C", self.build, f"--include-dir={self.farm}", "-rR",
                             "--no-print-directory", "-o", "prepare", "single-goals=./mm/"])

    def make(self, current: Step) -> None:
        """Build what changed, wherever that is; Broken when it does not compile."""
        self._make(current, ["-C", self.farm, f"O={self.build}"])
        # It will be changed back.
        self._stale = set(self._elsewhere)

    def _make(self, current: Step, how: list[Path | str]) -> None:
        arch = self.target.arch
        proc.run(["make", *how, f"ARCH={arch.kunit}", f"CROSS_COMPILE={arch.cross}", f"-j{os.cpu_count()}",
                  *([] if arch.emulator else ["linux"])], self.logs / "build.log", what="make", step=current)

    def _argv(self, args: str) -> tuple[list[str], dict[str, str]]:
        """The command that runs the suites, and its environment. kunit.py itself takes
        another second, and an emulator's options are known to nobody else."""
        words = [*self._work.boot(), *args.split()]
        if self.target.arch.emulator:
            argv, env = self._work.exec_argv(words, self._emulator)
            return argv, {**env, "PYTHONUNBUFFERED": "1"}
        return [str(self.build / "linux"), f"uml_dir={self.build}/uml/", "kunit.enable=1", "mem=1G",
                "console=tty", "kunit_shutdown=halt", *words], {}

    def run(self, args: str, log: Path, timeout: float, current: Step) -> bool:
        """Run the suites as kunit.py does; returns whether they ended in time."""
        argv, env = self._argv(args)
        with log.open("wb") as out, proc.child(argv, stdout=out, cwd=self.build,
                                               env=env) as process:
            ended = proc.wait(process, current, timeout) is not None
        with log.open("rb+") as file:
            file.truncate(min(file.seek(0, os.SEEK_END), _HEARD))
        return ended

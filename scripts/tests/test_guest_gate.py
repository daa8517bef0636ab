# SPDX-License-Identifier: GPL-2.0
"""The committed baselines are those of the kernels they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from kmblib import baseline, bench, cache, gate, kernels
from kmblib.errors import Code
from kmblib.options import Machine


def _is_there(name: str) -> bool:
    """Whether a kernel need not be built first, which takes six minutes."""
    distro = kernels.KERNELS[name]
    return bool(distro.stock) or any(
        cache.root().glob(f"vm/{distro.exact}_*/arch/x86/boot/bzImage"))


@pytest.mark.parametrize("name", [name for name in kernels.KERNELS if name != kernels.DEFAULT])
def test_kernel_has_the_figures_of_its_baseline(tmp_path: Path, name: str) -> None:
    """Measured now, twice: no figure is beyond its limit. The default kernel is
    test_command_gate.py's."""
    if not _is_there(name):
        pytest.skip(f"the kernel of {name} for the virtual machine is not in the cache; "
                    f"`make gate KERNEL={name}` builds it and does the same")
    kernel = kernels.find(name, None)
    job = bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(), tmp_path)
    verdict = gate.compare(baseline.load(baseline.path_of(kernel)), baseline.measure(job))
    assert verdict.code() == Code.GOOD, verdict.sentence()

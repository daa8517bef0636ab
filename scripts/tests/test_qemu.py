# SPDX-License-Identifier: GPL-2.0
"""When a failure under one QEMU is heard under another before a kernel is blamed."""

from __future__ import annotations

from kmblib import qemu


def test_the_installed_qemu_tells_its_version() -> None:
    """The rule below depends on a number that is really read."""
    assert qemu.INSTALLED.major() >= 5
    assert str(qemu.INSTALLED.major()) in qemu.INSTALLED.version()


def test_a_failure_under_kvm_is_the_kernels() -> None:
    """The flaw is in QEMU's translator, which KVM does not use."""
    assert qemu.newer_if_suspect(qemu.INSTALLED, "kvm") is None


def test_a_sound_qemu_is_believed() -> None:
    """The other QEMU is itself sound, so that nothing is tried a third time."""
    newer = qemu.newer_if_suspect(qemu.INSTALLED, "tcg-icount")
    if newer is None:
        assert qemu.INSTALLED.major() >= 8
    else:
        assert newer.major() >= 8
        assert qemu.newer_if_suspect(newer, "tcg-icount") is None

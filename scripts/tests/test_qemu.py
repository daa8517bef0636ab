# SPDX-License-Identifier: GPL-2.0
"""When a failure under one QEMU is heard under another before a kernel is blamed."""

from __future__ import annotations

import pytest
from kmblib import qemu, vm
from kmblib.errors import Failed


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


def test_what_must_not_hit_the_flaw_has_another_qemu() -> None:
    """Whatever is installed; that of another architecture has no such flaw."""
    assert qemu.sound(qemu.INSTALLED).major() >= 8
    assert qemu.sound(qemu.RISCV64) == qemu.RISCV64


@pytest.mark.parametrize("versions, sound", [
    ([(6, 1)], False), ([(7, 3)], False), ([(6, 1), (7, 3)], False), ([(6, 2)], True),
    ([(6, 12)], True), ([(6, 19), (7, 0)], True), ([(7, 3), (6, 12)], True)])
def test_kernels_that_are_compared_have_one_emulator(versions: list[tuple[int, int]], sound: bool) -> None:
    """A sound one, where one of them would have it by itself; the installed one else."""
    chosen = qemu.for_figures(qemu.INSTALLED, versions)
    assert chosen == (qemu.sound(qemu.INSTALLED) if sound else qemu.INSTALLED)


_DYING = ("BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
          "RSP: 0018:ffa0000000013cd0 EFLAGS: {}\n")


@pytest.mark.parametrize("flags, blamed", [("048c8602", True), ("00010246", False),
                                           ("00000000", False), ("00200086", False)])
def test_flags_that_cannot_be_are_the_emulators(flags: str, blamed: bool) -> None:
    """Seen with Linux 6.12 under QEMU 7.2: a call of nothing, with bits set that no processor
    has. With flags that can be it is the kernel's."""
    with pytest.raises(Failed) as raised:
        vm.judge(vm.Ended(False, 60, _DYING.format(flags), "", b""))
    assert qemu.blames_flags(str(raised.value)) == blamed
    assert "NULL pointer" in str(raised.value)

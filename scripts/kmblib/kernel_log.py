# SPDX-License-Identifier: GPL-2.0
"""What the running kernel says while something is done to it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_RECORD_MAX = 8192


def text_of(record: bytes) -> str:
    """The text of a record, without the numbers before it and the keys behind it."""
    return record.decode(errors="replace").splitlines()[0].partition(";")[2]


class KernelLog:
    """The records that are logged from now on. lost: some were overwritten."""

    def __init__(self, device: Path = Path("/dev/kmsg")) -> None:
        self.lost = False
        self._fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._fd, 0, os.SEEK_END)

    def __enter__(self) -> KernelLog:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None,
                 _where: TracebackType | None) -> None:
        os.close(self._fd)

    def _record(self) -> str:
        """The next record's text; "" where it was overwritten."""
        try:
            return text_of(os.read(self._fd, _RECORD_MAX))
        except BrokenPipeError:
            self.lost = True
            return ""

    def new(self) -> str:
        """What has been logged since it was opened or last asked, a line a record."""
        lines = []
        with suppress(BlockingIOError):
            while True:
                lines.append(self._record())
        return "\n".join(lines)

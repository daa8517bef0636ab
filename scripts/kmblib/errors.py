# SPDX-License-Identifier: GPL-2.0
"""How a command ends: its exit code, and one line that says why."""

from __future__ import annotations

import signal
import sys
import traceback
from enum import IntEnum
from types import FrameType
from typing import Callable, NoReturn


class Code(IntEnum):
    """Exit codes of every command of kmbench."""

    GOOD = 0
    FAILED = 1
    BROKEN = 2
    CANNOT_TELL = 3


# Of git bisect: this commit cannot be judged; 128 and more end the bisection.
_SKIP, _MISUSE, _INTERRUPTED = 125, 129, 130


class KmbError(Exception):
    """Ends a command with one line: what, which value, what would be right."""

    code = Code.BROKEN


class Failed(KmbError):
    """The kernel under test failed or regressed."""

    code = Code.FAILED


class Broken(KmbError):
    """Wrong use, or a set-up that does not work."""

    code = Code.BROKEN


class Misuse(Broken):
    """Wrong use: an option, or a file that one names. No other kernel makes that right."""


class CannotTell(KmbError):
    """Inconclusive, not comparable, not deterministic, interrupted."""

    code = Code.CANNOT_TELL


def of(status: int) -> type[KmbError]:
    """The error that an exit status other than 0 stands for."""
    errors: dict[int, type[KmbError]] = {Code.FAILED: Failed, Code.CANNOT_TELL: CannotTell}
    return errors.get(status, Broken)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def command(main: Callable[[], Code]) -> NoReturn:
    """Run a command's main() and turn its end into an exit code.

    SIGTERM and SIGHUP are treated as Ctrl-C, so that every `finally` runs:
    no process, no half-made thing in the cache is left behind.
    """
    sys.exit(_ended(main))


def bisected(main: Callable[[], Code]) -> NoReturn:
    """The same for `git bisect run`: what is no verdict on the kernel is 125, which has
    git try another commit. Wrong use is 129, and an interrupt 130, which end the bisection."""
    code = _ended(main, misuse=_MISUSE, interrupted=_INTERRUPTED)
    sys.exit(code if code in (Code.GOOD, Code.FAILED, _MISUSE, _INTERRUPTED) else _SKIP)


def _ended(main: Callable[[], Code], misuse: int = Code.BROKEN, interrupted: int = Code.CANNOT_TELL) -> int:
    """The exit code of a command's main(), after a line on stderr for each but GOOD and
    those that it returns."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        return main()
    except Misuse as error:
        print(f"kmbench: {error}", file=sys.stderr)
        return misuse
    except KmbError as error:
        print(f"kmbench: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("kmbench: interrupted; what was written by then is kept", file=sys.stderr)
        return interrupted
    except OSError as error:
        print(f"kmbench: {error}", file=sys.stderr)
        return Code.BROKEN
    except Exception:  # pylint: disable=broad-exception-caught
        # Python's own exit code for this is 1: that the kernel failed.
        traceback.print_exc()
        print("kmbench: a bug of kmbench's scripts; the traceback stands above", file=sys.stderr)
        return Code.BROKEN

# SPDX-License-Identifier: GPL-2.0
"""What the commands in scripts/ are made of: one noun a file."""

import os
import sys
import traceback
from types import TracebackType


def _no_verdict(kind: type[BaseException], error: BaseException,
                trace: TracebackType | None) -> None:
    """Python exits with 1 after an exception; here that says the kernel failed."""
    if isinstance(error, ModuleNotFoundError):
        print(f"kmbench: no Python module {error.name}; `make setup` installs it",
              file=sys.stderr)
    else:
        traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(2)


sys.excepthook = _no_verdict

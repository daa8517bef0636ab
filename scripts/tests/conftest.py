# SPDX-License-Identifier: GPL-2.0
"""What the tests share: where kmblib is, the order of tests, guests, a checkout."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Where a user keeps results is not where tests look for those of a checkout.
os.environ.pop("KMBENCH_RESULTS", None)

# pylint: disable=wrong-import-position
import checkout  # noqa: E402
import lab  # noqa: E402
from kmblib import kernels  # noqa: E402

DATA = Path(__file__).parent / "data"


def pytest_configure(config: pytest.Config) -> None:
    """The marker by which a test orders the guests that it looks at; and SIGINT for
    the commands that tests interrupt, which a shell's background has ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "guests(*names): guests of lab.GUESTS to boot")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option for another kernel than the default one."""
    parser.addoption("--kernel", choices=list(kernels.KERNELS), default=kernels.DEFAULT,
                     help="the kernel under test; the default one: %(default)s")


def _rank(item: pytest.Item) -> int:
    """Quick tests first, then commands, then guests."""
    name = item.path.name
    return 2 if name.startswith("test_guest_") else int(name.startswith("test_command_"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests last."""
    items.sort(key=_rank)


@pytest.fixture(scope="session")
def data() -> Path:
    """The directory of recordings."""
    return DATA


@pytest.fixture(scope="session")
def kernel(request: pytest.FixtureRequest) -> kernels.Kernel:
    """The kernel that is under test here: the default one, unless --kernel says another."""
    return kernels.find(request.config.getoption("--kernel"), None)


@pytest.fixture(scope="session")
def kunit_py(kernel: kernels.Kernel) -> Path:
    """The kunit.py of that kernel."""
    return kernel.source / "tools/testing/kunit/kunit.py"


@pytest.fixture(scope="session")
def guests(request: pytest.FixtureRequest, kernel: kernels.Kernel,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Lab]:
    """The guests of all collected tests, which boot two at a time."""
    names = [name for item in request.session.items
             for mark in item.iter_markers("guests") for name in mark.args]
    with lab.Lab(kernel, tmp_path_factory.mktemp("guests")) as booted:
        for name in dict.fromkeys(names):
            booted.start(name)
        yield booted


@pytest.fixture(scope="session")
def copy(kernel: kernels.Kernel,
         tmp_path_factory: pytest.TempPathFactory) -> Iterator[checkout.Checkout]:
    """A checkout with a cache of its own, which tests may break off and soil."""
    top = tmp_path_factory.mktemp("checkout")
    yield checkout.make(kernel, top)
    # Farm and half a build are many files; pytest would keep three of each.
    shutil.rmtree(top)

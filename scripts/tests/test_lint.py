# SPDX-License-Identifier: GPL-2.0
"""Each linter of our own finds what it is for, and nothing in what is right."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kmblib import lint, results
from kmblib.errors import Code
from kmblib.tally import Tally


@pytest.fixture(name="repo")
def _repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that is linted in place of this one."""
    monkeypatch.setattr(lint, "REPO", tmp_path)
    return tmp_path


def _put(repo: Path, name: str, text: str) -> list[str]:
    (repo / name).parent.mkdir(parents=True, exist_ok=True)
    (repo / name).write_text(text)
    return [name]


@pytest.mark.parametrize("name, include, allowed", [
    ("kunit/a_kunit.c", "../module/tables.h", True),
    ("kunit/a_kunit.c", "objects.h", True),
    ("kunit/a_kunit.c", "../module/measure.h", False),
    ("kunit/a_kunit.c", "../module/uapi/kmbench.h", False),
    ("kunit/a_kunit.c", "../userspace/cmd.h", False),
    ("kunit/ktap/selftest.c", "../promises.h", True),
    ("kunit/ktap/runner.c", "../objects.h", False),
    ("kunit/ktap/include/kunit/test.h", "../../runner.h", False),
    ("module/main.c", "uapi/kmbench.h", True),
    ("module/main.c", "measure.h", True),
    ("module/main.c", "../kunit/objects.h", False),
    ("module/uapi/kmbench.h", "../tables.h", False),
    ("userspace/device.c", "../module/uapi/kmbench.h", True),
    ("userspace/device.c", "../module/tables.h", False),
    ("userspace/tests/test_cli.c", "../../module/uapi/kmbench.h", True),
    ("userspace/tests/test_cli.c", "../../module/limits.h", False),
    ("userspace/tlb/tlb.h", "geometry.h", True),
    ("userspace/tlb/tlb.h", "module/uapi/kmbench_tlb.h", True),
    ("userspace/tlb/tlb.h", "module/uapi/kmbench.h", False),
    ("userspace/tlb/tlb.c", "../json_out.h", False),
    ("userspace/tests/test_tlb.c", "userspace/tlb/tlb.h", True),
])
def test_includes_follow_the_one_direction(name: str, include: str, allowed: bool) -> None:
    """Neighbours and what the table allows; nothing against it."""
    text = f'#include <linux/slab.h>\n#  include "{include}"\n'
    assert lint.foreign_includes(name, text) == ([] if allowed else [include])


def test_include_in_a_file_is_reported_by_name(repo: Path) -> None:
    """The linter as a whole, not only its rule."""
    names = _put(repo, "module/x.c", '#include "../kunit/objects.h"\n')
    assert lint._includes(names) == 'module/x.c: includes "../kunit/objects.h", which it must not know'
    assert not lint._includes(_put(repo, "module/x.c", '#include "measure.h"\n'))


@pytest.mark.parametrize("field, found", [
    ({"type": "integer"}, ["/x"]), ({"type": "integer", "description": "bytes"}, []),
    ({"$ref": "#/$defs/y"}, []), ({"const": 1}, []),
    ({"type": "object", "properties": {"z": {"type": "string"}}}, ["/x/z"]),
])
def test_field_without_description_is_found(field: dict[str, object], found: list[str]) -> None:
    """A number without a unit is worth nothing."""
    assert list(lint.undescribed({"properties": {"x": field}})) == found


@pytest.mark.parametrize("inside", ["items", "oneOf", "additionalProperties"])
def test_field_is_found_wherever_it_is(inside: str) -> None:
    """Rows of a list and alternatives have fields, too."""
    deep = {"type": "object", "properties": {"z": {"type": "string"}}}
    field = {"description": "x", inside: [deep] if inside == "oneOf" else deep}
    assert len(list(lint.undescribed({"properties": {"x": field}}))) == 1
    described = {"type": "object", "properties": {"z": {"type": "string", "description": "z"}}}
    field = {"description": "x", inside: [described] if inside == "oneOf" else described}
    assert not list(lint.undescribed({"properties": {"x": field}}))


def test_schema_that_is_none_is_found(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one is the control."""
    assert not lint._schema([])
    (repo / "schema.json").write_text(json.dumps({"type": "nonsense"}))
    monkeypatch.setattr(lint, "SCHEMA", repo / "schema.json")
    assert lint._schema([]).startswith("results/schema.json: ")
    assert results.SCHEMA.is_file()


@pytest.mark.parametrize("name, most", [("Makefile", 100), ("module/x.c", 600), ("a.py", 600)])
def test_long_file_is_found(repo: Path, name: str, most: int) -> None:
    """One line too many, and the control with just as many as may be."""
    assert lint._length(_put(repo, name, "\n" * (most + 1))) == (
        f"{name}: {most + 1} lines, at most {most}")
    assert not lint._length(_put(repo, name, "\n" * most))


def test_missing_licence_is_found(repo: Path) -> None:
    """In the first two lines; data is exempt."""
    assert lint._spdx(_put(repo, "module/x.c", "int x;\n\n// SPDX-License-Identifier: x\n"))
    assert not lint._spdx(_put(repo, "module/x.c", "// SPDX-License-Identifier: GPL-2.0\n"))
    assert not lint._spdx(_put(repo, "scripts/tests/data/x.c", "int x;\n"))


def test_version_outside_of_compat_is_found(repo: Path) -> None:
    """The one place where it may be asked for is the control."""
    text = "#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)\n"
    assert lint._versions(_put(repo, "kunit/x.c", text)).startswith("kunit/x.c: ")
    assert not lint._versions(_put(repo, "module/compat.h", text))


@pytest.mark.parametrize("tool, check, name, bad, good", [
    ("shellcheck", lint._shellcheck, "x", "#!/bin/bash\nrm $1\n", '#!/bin/bash\nrm "$1"\n'),
    ("shellcheck", lint._shellcheck, "x.sh", "#!/bin/sh\nrm $1\n", '#!/bin/sh\nrm "$1"\n'),
    ("shellcheck", lint._shellcheck, "scripts/completion/x", "# shellcheck shell=bash\nrm $1\n",
     '# shellcheck shell=bash\nrm "$1"\n'),
    ("codespell", lint._codespell, "x.c", "/* rec" "ieve */\n", "/* receive */\n"),
])
def test_linter_from_outside_can_fail(repo: Path, tool: str, check: object, name: str, bad: str,
                                      good: str) -> None:
    """Called with the right files and its exit code heeded."""
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    assert callable(check)
    assert check(_put(repo, name, bad))
    assert not check(_put(repo, name, good))


def test_linter_that_is_not_installed_is_skipped_by_name(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not passed, not failed."""
    monkeypatch.setattr(lint, "LINTS", (lint.Lint("x", lambda _: "", "kmbench-no-such-tool"),))
    tally = Tally()
    lint.run(tally)
    assert (tally.passed, tally.failed, tally.skipped) == (0, 0, 1)
    assert "skip lint: x: kmbench-no-such-tool is not installed" in capsys.readouterr().err


def test_problem_of_a_linter_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a clean one passes."""
    monkeypatch.setattr(lint, "LINTS", (lint.Lint("x", lambda _: "a problem"),
                                        lint.Lint("y", lambda _: "")))
    tally = Tally()
    lint.run(tally)
    assert (tally.passed, tally.failed, tally.code()) == (1, 1, Code.FAILED)

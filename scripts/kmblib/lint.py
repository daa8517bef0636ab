# SPDX-License-Identifier: GPL-2.0
"""What a reader should not have to check: a table of linters over the files
that git tracks (or would). A linter that is not installed is a named skip."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

import jsonschema

from . import proc
from .errors import KmbError
from .farm import REPO
from .results import SCHEMA
from .tally import Tally

# Which lines of each directory may include what of another.
_INCLUDES = {
    "kunit": r"\.\./module/(tables|compat|context)\.h",
    # Runs the suites, and knows none of them; the selftest is one.
    "kunit/ktap": r"\.\./promises\.h|\.\./\.\./module/compat\.h",
    "kunit/ktap/include/kunit": r"(?!)",
    "module": r"uapi/kmbench(_tlb)?\.h",
    "module/uapi": r"(?!)",
    "userspace": r"(\.\./)*module/uapi/kmbench(_tlb)?\.h|tlb/counts_json\.h",
    # What of the module only computes is tested there.
    "userspace/tests": r"(\.\./)*module/(uapi/kmbench(_tlb)?|spread)\.h|tlb/counts_json\.h",
    # The model of a TLB hears of the guest through its own mailbox alone.
    "userspace/tlb": r"module/uapi/kmbench_tlb\.h",
    "userspace/where": r"tlb/qemu_versions\.h",
}
_MAX_LINES = {"Makefile": 100}
_MAX_LINES_ELSE = 600
# Files of the shell that others source, and no first line tells.
_SOURCED = ("scripts/completion/", "scripts/kselftest/common.sh")
_CODE = (".c", ".h", ".py")
# checkpatch: there is no patch; 6.1 has no kzalloc_obj(), userspace no strscpy().
_NOT_HERE = ("FILE_PATH_CHANGES", "SPDX_LICENSE_TAG", "ALLOC_WITH_SIZEOF", "STRCPY")


class Absent(Exception):
    """A linter cannot look, for want of what the message names: a skip."""


@dataclass(frozen=True)
class Lint:
    """One check of files.

    check: returns the problems, "" for none. tool: what must be installed.
    """

    name: str
    check: Callable[[list[str]], str]
    tool: str = ""


def files() -> list[str]:
    """The repository's files, relative to its top."""
    text = proc.output(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"],
                       cwd=REPO, what="git ls-files")
    return sorted(f for f in text.splitlines() if (REPO / f).is_file())


def _under(names: list[str], tops: tuple[str, ...], suffixes: tuple[str, ...]) -> list[str]:
    return [f for f in names if f.split("/")[0] in tops and f.endswith(suffixes)]


def _scripts(names: list[str], interpreter: str) -> list[str]:
    """Files whose first line names an interpreter."""
    return [f for f in names if (REPO / f).open("rb").readline().startswith(b"#!")
            and interpreter in (REPO / f).open(errors="replace").readline()]


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, cwd=REPO, env=proc.clean_env(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace").strip() if done.returncode else ""


def _shellcheck(names: list[str]) -> str:
    return _run(["shellcheck", "-x", *_scripts(names, "bash"), *_scripts(names, "/bin/sh"),
                 *(f for f in names if f.startswith(_SOURCED))])


def _mypy(names: list[str]) -> str:
    commands = [f for f in _scripts(names, "python3") if not f.endswith(".py")]
    library = ["-p", "kmblib"]
    tests = [f for f in names if f.startswith("scripts/tests/") and f.endswith(".py")]
    problems = [_run(["env", "MYPYPATH=scripts:scripts/tests", "mypy", "--strict", "--config-file",
                      "scripts/mypy.ini", "--scripts-are-modules", *what])
                for what in (library, tests, *([c] for c in commands))]
    return "\n".join(p for p in problems if p)


def _codespell(names: list[str]) -> str:
    return _run(["codespell", "-L", "filp,taks", *(f for f in names if f != "COPYING" and "tests/data" not in f)])


def _spdx(names: list[str]) -> str:
    exempt = re.compile(r"COPYING|README|.*/debian/(copyright|source/format)|\.gitignore|.*\.(json|log|txt|j2|csv|md)|.*/data/.*")
    return "\n".join(f"{f}: no SPDX-License-Identifier in the first two lines" for f in names
                     if not exempt.fullmatch(f)
                     and "SPDX-License-Identifier" not in
                     "".join((REPO / f).read_text(errors="replace").splitlines(True)[:2]))


def _length(names: list[str]) -> str:
    code = [f for f in names if f.endswith(_CODE) or f in _MAX_LINES]
    counts = [(f, len((REPO / f).read_text().splitlines())) for f in code]
    return "\n".join(f"{f}: {count} lines, at most {_MAX_LINES.get(f, _MAX_LINES_ELSE)}"
                     for f, count in counts if count > _MAX_LINES.get(f, _MAX_LINES_ELSE))


def foreign_includes(name: str, text: str) -> list[str]:
    """Includes of a file that run against the one direction of dependency.

    A quoted include may name a neighbour, or what _INCLUDES allows for the
    file's directory.
    """
    home = str(Path(name).parent)
    allowed = _INCLUDES.get(home, _INCLUDES.get(name.split("/")[0], r"(?!)"))
    quoted = re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M)
    return [i for i in quoted if "/" in i and not re.fullmatch(allowed, i)
            and not (home.endswith("/tests") and i.startswith("userspace/"))]


def _includes(names: list[str]) -> str:
    code = _under(names, ("kunit", "module", "userspace"), (".c", ".h"))
    return "\n".join(f'{f}: includes "{i}", which it must not know' for f in code
                     for i in foreign_includes(f, (REPO / f).read_text()))


def _versions(names: list[str]) -> str:
    code = _under(names, ("kunit", "module"), (".c", ".h"))
    return "\n".join(f"{f}: asks for the kernel's version; only module/compat.h may"
                     for f in code if f != "module/compat.h"
                     and re.search(r"LINUX_VERSION|KERNEL_VERSION", (REPO / f).read_text()))


def undescribed(schema: Any, path: str = "") -> Iterator[str]:
    """Fields of a schema that say nothing of their meaning and unit."""
    for name, field in schema.get("properties", {}).items():
        if not {"description", "$ref", "const"} & field.keys() and field.get("type") != "object":
            yield f"{path}/{name}"
        yield from undescribed(field, f"{path}/{name}")
    more = schema.get("additionalProperties")
    items = schema.get("items")
    inner = [more, *schema.get("oneOf", ()), *(items if isinstance(items, list) else [items])]
    for field in inner:
        if isinstance(field, dict):
            yield from undescribed(field, path)
    for name, definition in schema.get("$defs", {}).items():
        yield from undescribed(definition, name)


def _schema(_names: list[str]) -> str:
    schema = json.loads(SCHEMA.read_text())
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        return f"results/schema.json: {error.message}"
    return "\n".join(f"results/schema.json: {f} has no description" for f in undescribed(schema))


def checkpatch(script: Path) -> Callable[[list[str]], str]:
    """checkpatch.pl of a kernel's source over all C; no error, no warning."""

    def check(names: list[str]) -> str:
        code = _under(names, ("kunit", "module", "userspace"), (".c", ".h"))
        # compat.h is the one place where a version may be asked for.
        common = ["perl", str(script), "--no-tree", "--terse", "--no-summary", "--show-types",
                  "--ignore", ",".join(_NOT_HERE), "-f"]
        compat = [*common[:-1], "--ignore", "LINUX_VERSION_CODE,CONSTANT_COMPARISON", "-f",
                  "module/compat.h"]
        rest = [f for f in code if f != "module/compat.h"]
        return "\n".join(filter(None, (_run([*common, *rest]), _run(compat))))

    return check


LINTS = (
    Lint("shellcheck", _shellcheck, "shellcheck"),
    Lint("mypy --strict", _mypy, "mypy"),
    Lint("codespell", _codespell, "codespell"),
    Lint("SPDX lines", _spdx),
    Lint("length of files", _length),
    Lint("direction of includes", _includes),
    Lint("kernel versions only in compat.h", _versions),
    Lint("results/schema.json", _schema),
)


def _outcome(lint: Lint, names: list[str]) -> tuple[str, str]:
    """What a linter complains of, and what is absent that it needs."""
    if lint.tool and not shutil.which(lint.tool):
        return "", f"{lint.tool} is not installed"
    try:
        return lint.check(names), ""
    except Absent as absent:
        return "", str(absent)
    except KmbError as error:
        return str(error), ""


def run(tally: Tally, more: tuple[Lint, ...] = ()) -> None:
    """Run all linters, those that take long first."""
    names, lints = files(), (*more, *LINTS)
    for lint, (problem, absent) in zip(lints, proc.side_by_side(
            lambda lint: _outcome(lint, names), lints)):
        if absent:
            tally.skip(f"lint: {lint.name}", absent)
        else:
            tally.add(f"lint: {lint.name}", problem)

# SPDX-License-Identifier: GPL-2.0
"""The results of a run: where they lie, what every file begins with, and that
each one is valid against results/schema.json before it is written."""

from __future__ import annotations

import datetime
import functools
import json
import os
import re
import shlex
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator

import fastjsonschema
import jsonschema

from . import proc
from .errors import Broken, Misuse
from .farm import REPO
from .kernels import Kernel

SCHEMA = REPO / "results/schema.json"
# Where runs are kept; elsewhere where this is installed, and not the user's to write to.
RUNS = Path(os.environ.get("KMBENCH_RESULTS") or REPO / "results/runs")
# What an installed suite is of, which no git can tell.
_VERSION = REPO / "scripts/version.txt"
# The documents that a report is made of, in its order; report.KINDS has how each is told.
KINDS = ("ab", "noise", "gate", "kunit", "ktap", "bench", "tlb", "frag", "chase", "pmu", "perf")
FORMAT_VERSION = 1
# A run's directory: its time, and what it is of.
RUN_NAME = re.compile(r"\d{8}-\d{6}-.+")
# boots / boot / measurement / measured / cells / cell
_ONE_LINE_DEPTH = 6


@functools.lru_cache(maxsize=None)
def tool_version() -> str:
    """The version of this suite: of the package that it was installed from, or git's
    description; unknown outside of both."""
    if _VERSION.exists():
        return _VERSION.read_text().strip()
    try:
        return proc.output(["git", "-c", "safe.directory=*", "describe", "--always",
                            "--dirty", "--tags"], cwd=REPO, what="git describe").strip()
    except (Broken, FileNotFoundError):
        return "unknown"


def _make_run(label: str) -> Path:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    for suffix in ("", *(f".{n}" for n in range(1, 100))):
        path = RUNS / f"{stamp}-{label}{suffix}"
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            continue
    raise Broken(f"{RUNS}: a hundred runs in one second; remove some")


@contextmanager
def new_run(what: Kernel | str) -> Iterator[Path]:
    """A fresh directory results/runs/<time>-<kernel, or what else it is of>/.

    It is gone afterwards if nothing was put into it.
    """
    path = _make_run(what if isinstance(what, str) else what.label)
    try:
        yield path
    finally:
        with suppress(OSError):
            path.rmdir()


def find_run(name: str, variable: str = "RUN") -> Path:
    """The run that a variable of make names (a path, or a name in results/runs), or the newest of
    those that are named after their time."""
    if name:
        for path in (Path(name), RUNS / name):
            if path.is_dir():
                return path
        raise Broken(f"no {variable}={name}; {_known_runs()}")
    runs = sorted(p for p in RUNS.glob("*") if RUN_NAME.fullmatch(p.name)
                  and any((p / f"{kind}.json").exists() for kind in KINDS))
    if not runs:
        raise Broken(f"no results in {RUNS}; `{command_of('run')}` makes some")
    return runs[-1]


def _known_runs() -> str:
    names = [p.name for p in sorted(RUNS.glob("*"))]
    return f"there are: {' '.join(names[-5:])}" if names else "there are none yet"


def command_of(target: str, **variables: str) -> str:
    """A make command with the variables that have a value; where the suite is installed, and
    there is no Makefile, the command of the package."""
    if _VERSION.exists():
        words = [word for name, value in variables.items() if value
                 for word in (f"--{name.lower().replace('_', '-')}", *([] if name == "FORCE" else [value]))]
        return shlex.join(["kmbench-suite", target, *words])
    given = [f"{name}={shlex.quote(value)}" for name, value in variables.items() if value]
    return " ".join(["make", target, *given])


def command(target: str, kernel: Kernel, **variables: str) -> str:
    """The make command that repeats a run of one kernel."""
    name, value = ("KDIR", str(kernel.source)) if kernel.is_tree else ("KERNEL", kernel.name)
    return command_of(target, **{name: value}, **variables)


def compiler(config: str) -> str:
    """The compiler that a kernel's .config names."""
    match = re.search(r'^CONFIG_CC_VERSION_TEXT="(.*)"$', config, re.M)
    return match[1] if match else "unknown"


def header(kind: str, kernel: Kernel | None, repeat: str) -> dict[str, Any]:
    """What every results file begins with; `kernel` if it is of a single one."""
    of = {} if kernel is None else {"kernel": {
        "label": kernel.label, "version": kernel.version,
        "origin": "tree" if kernel.is_tree else "distribution"}}
    return {
        "format": kind, "format_version": FORMAT_VERSION,
        "time": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "tool": {"version": tool_version()},
        "command": repeat,
        **of,
    }


def check_part(part: Any, name: str, what: str) -> None:
    """Broken unless a part matches the definition in the schema's $defs."""
    _check(part, name, what)


def check(document: Any, what: str) -> None:
    """Broken, with the first reason, unless a document matches the schema."""
    _check(document, "", what)


def _schema(part: str) -> dict[str, Any]:
    """The schema of whole documents, or of a part that its $defs names."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    return {"$ref": f"#/$defs/{part}", **{k: schema[k] for k in ("$schema", "$defs")}} \
        if part else schema


@functools.lru_cache(maxsize=None)
def _compiled(part: str) -> Callable[[Any], Any]:
    """A check that is made for this one schema: a hundred times as fast as one that
    reads it for each value, which took minutes for the profile full."""
    check_: Callable[[Any], Any] = fastjsonschema.compile(_schema(part))
    return check_


def _reason(document: Any, part: str) -> str:
    """Where and why a document is not valid; "" if it is."""
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft7Validator(_schema(part)).iter_errors(document))
    if not error:
        return ""
    place = "/".join(str(p) for p in error.absolute_path) or "top"
    return f"{place}: {error.message[:200]}"


def _check(document: Any, part: str, what: str) -> None:
    try:
        _compiled(part)(document)
    except fastjsonschema.JsonSchemaException as error:
        raise Broken(f"{what}: not valid at {_reason(document, part) or error}") from None


def _layout(value: Any, depth: int = 0) -> str:
    """JSON for people and diffs: what lies deeper than a cell is on its line."""
    if depth >= _ONE_LINE_DEPTH or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value)
    pad = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        rows = [f"{json.dumps(k)}: {_layout(v, depth + 1)}" for k, v in value.items()]
        return "{" + pad + f",{pad}".join(rows) + pad[:-1] + "}"
    return "[" + pad + f",{pad}".join(_layout(v, depth + 1) for v in value) + pad[:-1] + "]"


def write(path: Path, document: dict[str, Any]) -> None:
    """Validate a document and write it whole or not at all."""
    check(document, path.name)
    put(path, _layout(document) + "\n")


def writable(variable: str, path: Path) -> Path:
    """Check a file that is to be written at the end of something long; Misuse where it cannot be."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise Misuse(f"{variable}={path} cannot be written; name a file in a directory that exists, and is yours "
                     "to write to")
    return path


def put(path: Path, text: str) -> None:
    """Write a file, whole or not at all; Broken where that is not possible."""
    aside = path.with_name(f"{path.name}.part")
    try:
        aside.write_text(text)
        os.replace(aside, path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise Broken(f"{path}: {error.strerror}; name a file that can be written, in a directory that exists") from error


def parse(text: bytes, what: str) -> dict[str, Any]:
    """Read a results document and validate it; Broken when it is none."""
    try:
        document: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise Broken(f"{what}: not JSON: {error}") from error
    check(document, what)
    return document


def load(path: Path) -> dict[str, Any]:
    """Read a results file and validate it; Broken when it is none."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}; name a run that has it") from error


def verdict(path: Path) -> str:
    """The verdict of a results file; Broken where it has none. Does not validate it."""
    try:
        return str(json.loads(path.read_bytes())["verdict"])
    except (ValueError, LookupError, TypeError) as error:
        raise Broken(f"{path}: no results with a verdict: {error}") from error

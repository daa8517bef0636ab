# SPDX-License-Identifier: GPL-2.0
"""Directives of Sphinx by which Documentation/ has what is written elsewhere: the
promises of the suites, the kernel-doc of the ABI."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

from . import catalogue, kernels, proc, ktap, promises
from .farm import REPO

# The oldest Sphinx for which kernel-doc writes directives of the C domain as of today.
_SPHINX = "3.0.0"


def _mutants() -> dict[int, dict[str, list[str]]]:
    """Of each promise's number the mutants that break it, with the versions that have them."""
    found: dict[int, dict[str, list[str]]] = {}
    for version in catalogue.versions():
        for mutant in catalogue.load(catalogue.HOME / f"{version}.toml"):
            for nr in mutant.breaks:
                found.setdefault(nr, {}).setdefault(mutant.name, []).append(version)
    return found


def promises_rst() -> str:
    """All promises: what, where, which cases, which mutants."""
    cases, mutants = promises.cases(), _mutants()
    return "\n".join(_promise_rst(row, cases.get(row.nr, ()), mutants.get(row.nr, {}))
                     for row in promises.read())


def _literal(text: str) -> str:
    """A text of C as it stands, whatever reStructuredText would see in it."""
    return "".join(f"\\{c}" if c in "\\*`_|" else c for c in text)


def _promise_rst(row: ktap.Promise, cases: tuple[str, ...],
                 mutants: dict[str, list[str]]) -> str:
    lines = [f"**{row.nr} {row.kind}** {_literal(row.text)}",
             f"  Made in: {_literal(row.place)}",
             f"  Cases: {', '.join(f'``{c}``' for c in cases) or 'none'}"]
    if mutants:
        names = (f"``{name} ({', '.join(of)})``" for name, of in mutants.items())
        lines.append(f"  Broken by: {', '.join(names)}")
    return "\n\n".join([*lines, ""])


def kernel_doc_rst(path: Path) -> str:
    """What the kernel's own kernel-doc says of a header; Broken for a malformed comment."""
    script = kernels.find(None, None).source / "scripts/kernel-doc"
    return proc.output(["perl", script, "-Werror", "-rst", "-sphinx-version", _SPHINX, path],
                       what=f"kernel-doc of {path.name}", env={"KBUILD_VERBOSE": "0"})


class _Generated(SphinxDirective):
    """A directive whose content is reStructuredText made when the page is read."""

    def parsed(self, text: str, source: str) -> list[nodes.Node]:
        """The nodes of a text. source: the file that a warning is to name."""
        holder = nodes.section()
        holder.document = self.state.document
        nested_parse_with_titles(self.state, StringList(text.splitlines(), source), holder)
        return list(holder.children)

    def read_from(self, *patterns: str) -> list[Path]:
        """Files of the repository; the page is made again when one of them changes."""
        found = [Path(name) for p in patterns for name in sorted(glob.glob(str(REPO / p)))]
        for path in found:
            self.env.note_dependency(str(path))
        return found


class Promises(_Generated):
    """``.. promises::``"""

    def run(self) -> list[nodes.Node]:
        """The table of promises, as a list."""
        self.read_from("kunit/*.c", "scripts/mutants.d/*.toml")
        return self.parsed(promises_rst(), "kunit/promises.c")


class KernelDoc(_Generated):
    """``.. kernel-doc:: GLOB``: all files that have any."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """What the files describe, each under its name."""
        found = [p for p in self.read_from(self.arguments[0]) if "\n/**\n" in p.read_text()]
        if not found:
            raise self.error(f"no file {self.arguments[0]} has kernel-doc")
        parts = []
        for path in found:
            name = str(path.relative_to(REPO))
            parts.append(f"{name}\n{'-' * len(name)}\n\n{kernel_doc_rst(path)}\n")
        return self.parsed("\n".join(parts), self.arguments[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("promises", Promises)
    app.add_directive("kernel-doc", KernelDoc)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

# SPDX-License-Identifier: GPL-2.0
"""What is said of the tool elsewhere is what its own --help says: its manual page, its
completion. And each command of scripts/ has a --help."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from kmblib import build, docs, install, kernels, proc
from kmblib.errors import Misuse
from kmblib.farm import REPO

_COMPLETION = REPO / "scripts/completion/kmbench"
# Of argp, in each command.
_COMMON = {"--help", "--usage", "--version"}
# As --help begins a line on an option, and as the manual page does.
_HELP = re.compile(r"^  (?:-(?P<short>.),|   ) (?P<option>--[\w-]+)(?P<value>\S*)", re.M)
_MANUAL = re.compile(r"^\.\. option:: (?:-(?P<short>.), )?(?P<option>--[\w-]+)(?P<value>\S*)$", re.M)
Options = dict[str, tuple[str, str]]


@pytest.fixture(name="tool", scope="module")
def _tool(kernel: kernels.Kernel) -> Path:
    return build.tool(kernel) / "kmbench"


def _help(tool: Path, *words: str) -> str:
    return subprocess.run([tool, *words, "--help"], check=True, capture_output=True, text=True,
                          env=proc.clean_env()).stdout


def _commands(tool: Path) -> list[str]:
    listed = _help(tool).partition("Commands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w+) ", listed, re.M)


def _options(pattern: re.Pattern[str], text: str) -> Options:
    """Short name and value of each option, by its long name."""
    return {m["option"]: (m["short"] or "", m["value"]) for m in pattern.finditer(text)}


def _said(tool: Path) -> dict[str, Options]:
    """What each command says of its own options; "" is the tool itself."""
    return {name: _options(_HELP, _help(tool, *name.split())) for name in ("", *_commands(tool))}


def _manual(text: str, commands: list[str]) -> dict[str, Options]:
    """The same of the manual page, whose first section is of all commands."""
    sections = {m[1] or "": m[2] for m in re.finditer(
        r"^\.\. program:: kmbench(?: (\w+))?$(.*?)(?=^\.\. program::|\Z)", text, re.M | re.S)}
    common = _options(_MANUAL, sections.pop(""))
    device = {"--device": common.pop("--device")}
    assert set(sections) <= set(commands)
    return {"": common, **{
        name: {**common, **({} if name == "chase" else device),
               **_options(_MANUAL, sections.get(name, ""))} for name in commands}}


def test_manual_page_has_the_options_of_help(tool: Path) -> None:
    """All of them, with short name and value; the control is a page that lacks one."""
    text, said = (docs.HOME / "kmbench.rst").read_text(), _said(tool)
    assert len(said) == 8 and sum(map(len, said.values())) > 50
    assert _manual(text, _commands(tool)) == said
    for old, new in ((".. option:: --seed=N", ""), ("--max=KIB", "--max=MIB"), ("-l, --long", "--long")):
        assert old in text and _manual(text.replace(old, new), _commands(tool)) != said


def _completed(path: Path, *words: str) -> list[str]:
    """What bash offers for the last word, with a completion in a file."""
    code = ('source "$1"; shift; COMP_WORDS=(kmbench "$@"); COMP_CWORD=$#; _kmbench; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", code, "bash", path, *words], check=True, text=True,
                          capture_output=True, env={**proc.clean_env(), "PATH": "/usr/bin:/bin"})
    assert done.stderr == ""
    return done.stdout.split()


def _offered(path: Path, commands: list[str]) -> dict[str, set[str]]:
    return {name: set(_completed(path, *name.split(), "--")) for name in ("", *commands)}


def test_completion_offers_the_options_of_help(tool: Path, tmp_path: Path) -> None:
    """Those with a value end in =; the control is a completion that lacks one."""
    commands = _commands(tool)
    said = {name: {o + ("=" if value.startswith("=") else "") for o, (_s, value) in options.items()}
            for name, options in _said(tool).items()}
    assert set(_completed(_COMPLETION, "")) == set(commands)
    assert _offered(_COMPLETION, commands) == said
    worse = tmp_path / "kmbench"
    worse.write_text(_COMPLETION.read_text().replace("--seed= ", ""))
    assert _offered(worse, commands) != said


@pytest.mark.parametrize("words, offered", [
    (["ch"], ["check", "chase"]), (["run", "--prof"], ["--profile="]),
    (["run", "--profile", "=", "st"], ["standard"]), (["run", "--profile", "="],
                                                     ["quick", "standard", "full"]),
    (["chase", "--kind", "=", "anon-t"], ["anon-thp"]), (["tlb", "--kind", "=", "anon-t"], []),
    (["run", "--json", "=", "/etc/passw"], ["/etc/passwd"]), (["frag", "x"], []),
])
def test_completion_of_a_word(words: list[str], offered: list[str]) -> None:
    """bash takes = for a word."""
    assert [w for w in _completed(_COMPLETION, *words) if not w.endswith("-")] == offered


def test_completion_asks_the_module_for_cells(tmp_path: Path) -> None:
    """Here a program plays the tool; without one nothing is offered."""
    fake = tmp_path / "kmbench"
    fake.write_text('#!/bin/sh\n[ "$*" = "list --profile=full" ] && echo pair/a pair/b free/a\n')
    fake.chmod(0o755)
    code = f'PATH={tmp_path}; source {_COMPLETION}; '
    code += 'COMP_WORDS=(kmbench run pair); COMP_CWORD=2; _kmbench; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", code], check=True, text=True, capture_output=True)
    assert done.stdout.split() == ["pair/a", "pair/b"]
    assert _completed(_COMPLETION, "run", "pair") == []


def _programs() -> list[Path]:
    return sorted(p for p in (REPO / "scripts").iterdir() if p.is_file() and os.access(p, os.X_OK))


def test_each_command_has_a_help(tmp_path: Path) -> None:
    """On standard output, with its name in front, and nothing is done; the control is an
    option that there is not."""
    assert len(_programs()) > 15
    for path in _programs():
        done = subprocess.run([path, "-h"], check=False, text=True, capture_output=True, cwd=tmp_path,
                              env=proc.clean_env({"KMBENCH_CACHE": "/proc/none"}), timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), path
        assert done.stdout.lower().startswith(f"usage: {path.name}"), path
        assert len(done.stdout.splitlines()) > 2, path


def test_option_that_there_is_not_is_no_help() -> None:
    """Of a script in Python and of the one of the shell."""
    for name in ("bench", "setup"):
        done = subprocess.run([REPO / "scripts" / name, "--halp"], check=False, text=True,
                              capture_output=True, env=proc.clean_env(), timeout=60)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert "--halp" in done.stderr and len(done.stderr.splitlines()) == 1


def test_help_of_make_names_each_target() -> None:
    """And each variable that is handed down to the scripts."""
    makefile, text = (REPO / "Makefile").read_text(), (REPO / "scripts/help.txt").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    exported = re.search(r"^OPTIONS := ((?:.*\\\n)*.*)$", makefile, re.M)
    assert phony and exported
    aliases = {"help", "htmldocs"}
    missing = [t for t in phony[1].split() if t not in aliases and f"make {t} " not in text]
    missing += [v for v in exported[1].replace("\\", "").split() if not re.search(rf"\b{v}=", text)]
    assert missing == []


def test_relative_destdir_is_of_whoever_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of the directory that the tool is built in; where nothing can be written is told first."""
    monkeypatch.chdir(tmp_path)
    assert install.below("stage", "/usr/local") == tmp_path / "stage/usr/local"
    assert install.below("", "/usr/local") == Path("/usr/local")
    for destdir, prefix, said in (("", "opt", "^PREFIX=opt is no absolute path"), (str(REPO / "x"), "/opt", "^DESTDIR="),
                                  ("", "/dev/null/x", "^/dev/null/x: /dev/null cannot be written to")):
        with pytest.raises(Misuse, match=said):
            install.below(destdir, prefix)


def test_what_is_installed_into_a_prefix(kernel: kernels.Kernel, tmp_path: Path) -> None:
    """The tool, where it says; its manual page and its completion."""
    tool = install.to_prefix(kernel, install.below(str(tmp_path), "/opt"))
    assert tool == tmp_path / "opt/bin/kmbench"
    found = {str(p.relative_to(tmp_path / "opt")) for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {"bin/kmbench", "share/man/man1/kmbench.1",
                     "share/bash-completion/completions/kmbench"}
    page = (tmp_path / "opt/share/man/man1/kmbench.1").read_text()
    assert '.TH "KMBENCH" "1"' in page and "measure what kmalloc() costs" in page
    assert _help(tool).startswith("Usage: kmbench ")

# SPDX-License-Identifier: GPL-2.0
"""The suites' files as they stand in a kernel tree of one version.

What bridges kernels has no place there: tests of the version are decided, names
that stand for one thing only are replaced by it, questions that have one answer
only are not asked, and nothing is said of other versions or of the benchmark.
"""

from __future__ import annotations

import re
import subprocess

from .errors import Broken

_VERSION_TEST = re.compile(r"LINUX_VERSION_CODE (>=|<) KERNEL_VERSION\((\d+), (\d+), (\d+)\)")
_OTHER_VERSION = re.compile(r"\b[67]\.\d{1,2}\b")
_COMMENT = r"/\*(?:(?!\*/).)*\*/\n"
_ANSWER = re.compile(r"#define (KMB_\w+)[ \t\\\n]+\(([01])\)\n")
_ALIAS = re.compile(r"#define (k?mb_\w+|KMB_\w+) ([a-z]\w+)\n", re.I)
# A skip that depends on plain conditions, none of which is a call.
_SKIP = re.compile(r"\tif \(((?:[^;{}()]|IS_ENABLED\(\w+\))*)\)\n\t+kmb_skip\([^;]*?\);\n")
_EMPTY = re.compile(r"static void (\w+)\(struct kunit \*test\)\n{\n}\n\n")
_HAS = "KMB_HAS_NOLOCK"
# The suite of what a version does not have.
_ABSENT = {_HAS: "nolock_kunit"}

# Said of the repository, file by file: what, and what is said in a tree.
_REWORDED = {
    "compat.h": ((
        " * Every difference between Linux 6.1 and 7.3 that one source has to bridge.\n"
        " * No other file of kmbench asks for a kernel version.\n",
        " * Names and small helpers that all suites share.\n"),),
    "tables.h": ((
        " * KUnit and kmbench.ko iterate these rows; the tool and the scripts learn\n"
        " * their names at run time. One more size, mask or context is one more line\n"
        " * here (and, for a context, two functions in context.c).\n",
        " * All suites iterate these rows. One more size, mask or context is one more\n"
        " * line here (and, for a context, two functions in context.c).\n"), (
        "how far from common use; the benchmark's profiles go by it.",
        "how far from common use.")),
    ".kunitconfig": (("# UML before 6.11 unmaps", "# UML unmaps"),),
}
# What only older versions need: file, text, the first version without it.
_OUTDATED = ((".kunitconfig", re.compile(r"# UML unmaps (?:.*\n)*?# CONFIG_VMAP_STACK is not set\n"),
              (6, 11, 0)),)


def decided(text: str, version: tuple[int, ...], names: tuple[str, ...] = ()) -> str:
    """A source whose tests of the kernel's version are decided, by unifdef(1).

    names: macros that are defined, or with a "!" before them are not.
    """

    def decide(match: re.Match[str]) -> str:
        least = tuple(map(int, match.groups()[1:]))
        return str(int((version >= least) == (match[1] == ">=")))

    constant = _VERSION_TEST.sub(decide, text).replace("#include <linux/version.h>\n", "")
    options = [f"-U{name[1:]}" if name.startswith("!") else f"-D{name}" for name in names]
    done = subprocess.run(["unifdef", "-k", *options], input=constant, capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 1) or "LINUX_VERSION" in done.stdout:
        raise Broken(f"module/compat.h: unifdef cannot decide a version test: {done.stderr.strip()}")
    return _tidied(done.stdout)


def _tidied(text: str) -> str:
    """Without the gaps that something which was removed leaves."""
    text = text.replace("#if 1 && ", "#if ")
    text = re.sub(r"#if\w* [^\n]*\n\s*#endif\n", "", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _reworded(name: str, text: str) -> str:
    for old, new in _REWORDED.get(name, ()):
        if text.count(old) != 1:
            raise Broken(f"{name}: the patch rewords a text that is not there once: "
                         f"{old.strip().splitlines()[0]}")
        text = text.replace(old, new)
    return text


def _without(text: str, macro: str) -> str:
    """compat.h without a macro of one line and the comment before it."""
    return re.sub(rf"(?:{_COMMENT})?#define {macro}\b(?:[^\n]*\\\n)*[^\n]*\n", "", text, flags=re.S)


def _answered(text: str, yes: set[str]) -> str:
    """Without skips that never come: "if (... !KMB_X ...)" where KMB_X is true."""

    def kept(match: re.Match[str]) -> str:
        never = any(f"!{name}" in re.split(r"\s*&&\s*", match[1].strip()) for name in yes)
        return "" if never and "||" not in match[1] else match[0]

    text = _SKIP.sub(kept, text)
    for name in _EMPTY.findall(text):
        text = re.sub(rf"^\t{name}\(test\);\n", "", _EMPTY.sub("", text), flags=re.M)
    return text


def _replaced(texts: dict[str, str], aliases: dict[str, str]) -> dict[str, str]:
    if not aliases:
        return texts
    names = re.compile(rf"\b({'|'.join(aliases)})\b")
    return {n: names.sub(lambda m: aliases[m[1]], text) for n, text in texts.items()}


def _bare(compat: str, rest: dict[str, str]) -> tuple[str, dict[str, str]]:
    """compat.h and the other files without names that bridge nothing here."""
    answers = dict(_ANSWER.findall(compat))
    yes = {name for name, value in answers.items() if value == "1"}
    found = _ALIAS.findall(compat)
    names = [name for name, _ in found]
    aliases = {name: stands_for for name, stands_for in found if names.count(name) == 1}
    rest = _replaced({n: _answered(text, yes) for n, text in rest.items()}, aliases)
    used = "".join(rest.values())
    for name in (*aliases, *(n for n in answers if not re.search(rf"\b{n}\b", used))):
        compat = _without(compat, name)
    compat = _ANSWER.sub(r"#define \1 \2\n", compat)
    compat = re.sub(_COMMENT, lambda m: "" if _OTHER_VERSION.search(m[0]) else m[0], compat,
                    flags=re.S)
    return _tidied(compat), rest


def _drop_absent(texts: dict[str, str], macro: str) -> None:
    """Take out the suite of what this version does not have."""
    suite = _ABSENT[macro]
    del texts[f"{suite}.c"]
    texts["Makefile"] = texts["Makefile"].replace(f"kmalloc_kunit-y += {suite}.o\n", "")


def resolved(texts: dict[str, str], version: tuple[int, ...]) -> dict[str, str]:
    """All files, by name, for a tree of that version."""
    texts = {name: _reworded(name, text) for name, text in texts.items()}
    for name, outdated, since in _OUTDATED:
        if version >= since:
            texts[name] = outdated.sub("", texts[name])
    compat = decided(texts.pop("compat.h"), version)
    has = f"#define {_HAS}\n" in compat
    rest = {n: decided(text, version, (_HAS if has else f"!{_HAS}",))
            if _HAS in text or "LINUX_VERSION" in text else text for n, text in texts.items()}
    if not has:
        _drop_absent(rest, _HAS)
    compat, rest = _bare(_without(compat, _HAS), rest)
    rest = {n: re.sub(r"; since \d+\.\d+", "", text) for n, text in rest.items()}
    return {**rest, "compat.h": compat}

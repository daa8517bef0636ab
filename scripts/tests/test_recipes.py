# SPDX-License-Identifier: GPL-2.0
"""The recipes for CI systems: that they are what these systems read, and that the commands
in them are there, with the options that they are given."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Iterator

import jsonschema
import pytest
import yaml
from kmblib.farm import REPO

_RECIPES = REPO / "Documentation/recipes"
_TEXT, _TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}
_JOB = {"required": ["runs-on", "steps"], "additionalProperties": False, "properties": {
    "runs-on": {"const": "ubuntu-latest"}, "container": _TEXT, "timeout-minutes": {"type": "integer"},
    "env": {"type": "object", "additionalProperties": _TEXT},
    "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}}}}
_STEP = {"type": "object", "oneOf": [{"required": ["run"]}, {"required": ["uses"]}],
         "properties": {"run": _TEXT, "uses": {"type": "string", "pattern": r"^[\w-]+/[\w-]+@v\d+$"},
                        "with": {"type": "object"}, "env": {"type": "object"}, "if": _TEXT},
         "additionalProperties": False}
# What each system asks of a file: of its documentation, the part that is used.
_SCHEMAS: dict[str, Any] = {
    "github-actions.yml": {
        "type": "object", "required": ["name", "on", "jobs"], "additionalProperties": False,
        "$defs": {"step": _STEP}, "properties": {
            "name": _TEXT, "jobs": {"additionalProperties": _JOB},
            "on": {"type": "object", "additionalProperties": False, "properties": {
                "push": {"type": "null"}, "pull_request": {
                    "additionalProperties": False, "properties": {"paths": _TEXTS}}}}}},
    "gitlab-ci.yml": {
        "type": "object", "additionalProperties": {
            "oneOf": [{"required": ["script"]}, {"required": ["image"]}],
            "additionalProperties": False, "properties": {
                "extends": _TEXT, "image": _TEXT, "timeout": _TEXT, "rules": {"type": "array"},
                "variables": {"additionalProperties": _TEXT}, "cache": {"required": ["key", "paths"]},
                "before_script": _TEXTS, "script": _TEXTS, "after_script": _TEXTS,
                "artifacts": {"properties": {"when": {"enum": ["always", "on_failure", "on_success"]},
                                             "paths": _TEXTS, "reports": {"type": "object"}}}}}},
    "lava.yaml": {
        "type": "object", "required": ["metadata", "install", "run"], "additionalProperties": False,
        "properties": {
            "params": {"type": "object", "additionalProperties": _TEXT},
            "install": {"required": ["deps"], "additionalProperties": False, "properties": {"deps": _TEXTS}},
            "metadata": {"required": ["format", "name", "description"], "properties": {
                "format": {"const": "Lava-Test Test Definition 1.0"}}},
            "run": {"required": ["steps"], "additionalProperties": False, "properties": {"steps": _TEXTS}}}},
}


def _load(name: str) -> Any:
    document = yaml.safe_load((_RECIPES / name).read_text())
    # YAML 1.1 reads "on" as true.
    return {"on" if key is True else key: value for key, value in document.items()}


def _scripts(value: Any, key: str = "") -> Iterator[str]:
    """All that a shell runs."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _scripts(part, str(name))
    elif isinstance(value, list) and key.endswith(("script", "steps")):
        text = [part for part in value if isinstance(part, str)]
        yield from ["\n".join(text)] if text else []
        yield from (found for part in value if isinstance(part, dict) for found in _scripts(part))
    elif key == "run" and isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", sorted(_SCHEMAS))
def test_recipe_is_of_its_system(name: str) -> None:
    """And there is no other file."""
    jsonschema.validate(_load(name), _SCHEMAS[name])
    assert {path.name for path in _RECIPES.iterdir()} == set(_SCHEMAS)


@pytest.mark.parametrize("name, spoil", [
    ("github-actions.yml", lambda d: d["jobs"]["kmalloc"]["steps"].append({"script": "true"})),
    ("github-actions.yml", lambda d: d["jobs"]["kmalloc"].update({"timeout": 90})),
    ("github-actions.yml", lambda d: d["on"].update(pull_requests=None)),
    ("gitlab-ci.yml", lambda d: d["kmalloc"].update(scripts=["true"])),
    ("lava.yaml", lambda d: d["run"].update(step=["true"])),
    ("lava.yaml", lambda d: d["metadata"].update(format="1"))])
def test_other_file_would_be_seen(name: str, spoil: Any) -> None:
    """The control."""
    document = _load(name)
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, _SCHEMAS[name])


@pytest.mark.parametrize("name", sorted(_SCHEMAS))
def test_shell_of_a_recipe_is_clean(name: str, tmp_path: Path) -> None:
    """By shellcheck; what the system itself defines is no undefined variable."""
    texts = list(_scripts(_load(name)))
    assert texts
    for text in texts:
        (tmp_path / "script").write_text(f"#!/bin/sh\n{text}\n")
        done = subprocess.run(["shellcheck", "--exclude=SC2154,SC2164", tmp_path / "script"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(_SCHEMAS))
def test_commands_of_a_recipe_are_there(name: str) -> None:
    """Each with the options that it is given."""
    calls = re.findall(r"\bscripts/([a-z-]+)((?: --?[\w-]+(?: (?!--)\S+)?)*)", "\n".join(_scripts(_load(name))))
    assert calls
    for command, words in calls:
        done = subprocess.run([REPO / "scripts" / command, "--help"], capture_output=True, text=True,
                              check=True)
        assert all(option in done.stdout for option in re.findall(r"--[\w-]+", words)), command


def test_lava_gets_a_measurement_a_cell(tmp_path: Path) -> None:
    """What the recipe says of a recorded run, to a lava-test-case that only writes it down."""
    step, = (s for s in _load("lava.yaml")["run"]["steps"] if "bench.json" in s)
    run = tmp_path / "results/runs/1"
    run.mkdir(parents=True)
    shutil.copy(REPO / "scripts/tests/data/bench.json", run)
    (tmp_path / "lava-test-case").write_text('#!/bin/sh\necho "$@" >>said\n')
    (tmp_path / "lava-test-case").chmod(0o755)
    subprocess.run(["sh", "-euc", step], cwd=tmp_path, check=True,
                   env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = (tmp_path / "said").read_text().splitlines()
    assert "alloc-hardirq-GFP_ATOMIC-64 --result pass --measurement 1003 --units tsc-ticks" in said

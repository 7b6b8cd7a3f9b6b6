"""The containers: one image, one database and one folder of files for web and workers, and no secret in any file."""

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

import config

ROOT = Path(config.__file__).parent
FILES = ("docker-compose.yml", "compose.sqlite.yml")


@pytest.fixture(params=FILES)
def compose(request) -> dict[str, Any]:
    return yaml.safe_load((ROOT / request.param).read_text())


def test_web_and_worker_share_image_settings_and_files(compose):
    web, worker = compose["services"]["web"], compose["services"]["worker"]

    for part in ("image", "environment", "env_file", "volumes"):
        assert web[part] == worker[part], part
    (volume,) = web["volumes"]
    name, _, folder = volume.partition(":")
    assert name in compose["volumes"]
    assert web["environment"]["INSTANCE_PATH"] == folder
    assert web["environment"]["STORAGE_URL"].startswith(f"file:{folder}/")


def test_sqlite_lies_in_the_shared_volume():
    url = read("compose.sqlite.yml")["services"]["web"]["environment"]["DATABASE_URL"]

    assert url.startswith("sqlite:////data/")


def test_variants_differ_in_the_database_alone():
    large, small = (read(name)["services"] for name in FILES)

    assert set(large) - set(small) == {"postgres"}
    assert large["valkey"] == small["valkey"]
    for service in ("web", "worker"):
        assert without_database(large[service]) == without_database(small[service])


def test_ports_are_open_to_this_machine_alone(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:8000:8000"]}
    assert compose["services"]["web"]["environment"]["PUBLIC_URL"] == "${PUBLIC_URL:-http://127.0.0.1:8000}"


def test_every_secret_comes_from_the_environment_and_says_so_when_it_is_missing(compose):
    environment = compose["services"]["web"]["environment"]

    assert environment["MICROBLOG_ENV"] == "production"
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert re.search(r"://:\$\{REDIS_PASSWORD:\?[^}]*\./boot\.sh env[^}]*\}@", environment["REDIS_URL"])
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert str(value).startswith("${") or not re.search("SECRET|PASSWORD|TOKEN|AUTH", name), name


def test_boot_makes_every_secret_that_compose_asks_for(compose):
    asked = set(re.findall(r"\$\{(\w+):\?", yaml.dump(compose)))
    made = re.search(r"for name in ([A-Z_ ]+); do echo \"\$name=\$\(secret\)\"", (ROOT / "boot.sh").read_text())

    assert asked <= set(made[1].split())


def test_redis_keeps_what_it_is_given(compose):
    command = " ".join(compose["services"]["valkey"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "requirepass" in command


def test_what_is_asked_for_starts_in_order_and_comes_back(compose):
    services = compose["services"]

    for service in services.values():
        assert service["restart"] == "unless-stopped"
        for needed, wait in service.get("depends_on", {}).items():
            assert wait == {"condition": "service_healthy"}
            assert "healthcheck" in services[needed] or needed == "web"  # the web's stands in the Dockerfile
    assert set(services["worker"]["depends_on"]) == {"web"}
    assert "container_name" not in services["worker"]


def test_image_runs_without_root_and_installs_what_is_locked():
    text = (ROOT / "Dockerfile").read_text()
    joined = text.replace("\\\n", "")

    assert re.search(r"^USER [1-9]\d*", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert text.index("COPY requirements.txt") < text.index("COPY . .")
    assert "/health" in re.search(r"^HEALTHCHECK.*", joined, re.MULTILINE)[0]
    assert not re.search(r"^(?:ENV|ARG).*(?:SECRET|PASSWORD|TOKEN)", joined, re.MULTILINE)
    assert 'CMD ["./boot.sh", "web"]' in text


@pytest.mark.parametrize(
    "name", ["app", "launch", "migrations", "static", "templates", "boot.sh", "config.py", "microblog.py", ".flaskenv"]
)
def test_image_gets_what_the_app_needs(name):
    assert is_let_in(name)


@pytest.mark.parametrize(
    "name", [".env", ".env.production", "instance", ".git", ".venv", "tests", "secrets.txt", "microblog.db"]
)
def test_image_gets_nothing_that_is_kept_or_secret(name):
    assert not is_let_in(name)


def test_documentation_names_what_there_is():
    text = (ROOT / "docs/containers.md").read_text()

    for word in (*FILES, "--scale worker=3", "./boot.sh env", "tests/smoke.py", "DEMO=1", "PUBLIC_URL"):
        assert word in text


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text())


def without_database(service: dict[str, Any]) -> dict[str, Any]:
    environment = {name: value for name, value in service["environment"].items() if name != "DATABASE_URL"}
    needed = {name: wait for name, wait in service.get("depends_on", {}).items() if name != "postgres"}
    return {**service, "environment": environment, "depends_on": needed, "volumes": len(service["volumes"])}


def is_let_in(name: str) -> bool:
    """What .dockerignore says of a name in the root: the last line that fits decides."""
    is_in = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").strip("/")
        if line and not line.startswith("#") and fnmatch(name, pattern):
            is_in = line.startswith("!")
    return is_in

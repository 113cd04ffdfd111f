"""A real server in a process of its own, a real Chromium, and the people who use them."""

import fcntl
import gzip
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from tests.conftest import database_url_for

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "artefacts"
Sample = dict[str, list[dict[str, str]]]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
# The address of what is only copied, and where it keeps what `flask demo` printed.
NOWHERE, FACTS = "http://kept.invalid", "facts.json"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium, quiet and without its sandbox (tests run as root)."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is missing: apt-get install chromium"
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    return {"executable_path": chromium, "args": quiet}


@dataclass(frozen=True)
class Server:
    """A running installation: its address, its settings, and commands on it."""

    url: str
    env: dict[str, str]

    def flask(self, *args: str) -> str:
        """Run a command of the product against this installation."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", *args],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def code_of(self, username: str, secret: str) -> str:
        """The code on somebody's phone now.

        None is taken twice in its half minute, so the last one is forgotten instead of waited for.
        """
        engine = sa.create_engine(sa.make_url(self.env["JUYI_DATABASE_URL"]))
        with engine.begin() as connection:
            forget = sa.text("UPDATE staff SET otp_step = 0 WHERE username = :username")
            connection.execute(forget, {"username": username})
        engine.dispose()
        return pyotp.TOTP(secret).now()

    def lets_in(self, page: Page, sample: "Sample", username: str) -> None:
        """Fill in the page of signing in for somebody of the sample, and send it."""
        person = next(s for s in sample["staff"] if s["username"] == username)
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(person["password"])
        page.get_by_label("动态码或备用码").fill(self.code_of(username, person["otp_secret"]))
        page.get_by_role("button", name="登录").click()


@pytest.fixture(scope="session")
def serve(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, shelf: Path
) -> Iterator[Callable[..., Server]]:
    """`serve(name)` starts an installation of its own, empty or `of` what the shelf holds."""
    # Before the first of them starts: a server remembers how long each file was.
    compress_static()
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *, of: str = "empty") -> Server:
        instance = tmp_path_factory.mktemp(name)
        server = _installation(instance, f"{name}_{worker_id}")
        shutil.copytree(_kept(shelf, of), instance, dirs_exist_ok=True)
        if not server.env["JUYI_DATABASE_URL"].startswith("sqlite"):
            _fill(server, of)
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py", "wsgi:app"]
        with (instance / "server.log").open("wb") as log:
            processes.append(
                subprocess.Popen(command, cwd=ROOT, env=server.env, stdout=log, stderr=log)
            )
        _wait_until_ready(server.url, processes[-1], instance / "server.log")
        return server

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=40)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Where installations are kept to be copied: one place for all workers of this run."""
    here = tmp_path_factory.getbasetemp()
    return here if worker_id == "master" else here.parent


@pytest.fixture(scope="session")
def serve_sample(serve: Callable[..., Server]) -> Callable[[str], tuple[Server, Sample]]:
    """`serve_sample(name)` starts one with the sample, and says what the sample gives away."""

    def start(name: str) -> tuple[Server, Sample]:
        server = serve(name, of="sample")
        facts = Path(server.env["JUYI_INSTANCE_DIR"], FACTS).read_text("utf-8")
        return server, json.loads(facts.replace(NOWHERE, server.url))

    return start


@pytest.fixture(scope="session")
def sample(serve_sample: Callable[[str], tuple[Server, Sample]]) -> tuple[Server, Sample]:
    """An installation with the sample, served as people get it, and what the sample gives away."""
    return serve_sample("sample")


def _kept(shelf: Path, content: str) -> Path:
    """An installation of this content that is copied and never served; the first to ask makes it.

    Filling one takes ten times as long as copying it, keys and files and all.
    """
    kept = shelf / f"kept-{content}"
    with (shelf / f"{content}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            making = Path(tempfile.mkdtemp(dir=shelf))
            _fill(_on_sqlite(making), content)
            making.rename(kept)
    return kept


def _fill(server: Server, content: str) -> None:
    server.flask("db", "upgrade")
    if content == "sample":
        facts = server.flask("demo", "--json")
        Path(server.env["JUYI_INSTANCE_DIR"], FACTS).write_text(facts, encoding="utf-8")


def compress_static() -> None:
    """Put what `make run` compresses beforehand beside every style sheet, script and drawing.

    Another server may be reading them, so nothing is ever missing or half written.
    """
    for path in [p for kind in ("css", "js", "svg") for p in (ROOT / "static").rglob(f"*.{kind}")]:
        twin = path.with_name(f"{path.name}.{os.getpid()}")
        twin.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        twin.replace(path.with_name(f"{path.name}.gz"))


def _on_sqlite(instance: Path) -> Server:
    """What no address leads to."""
    (instance / "keys").mkdir()
    for key in ("secret.key", "code.key"):
        (instance / "keys" / key).write_text(secrets.token_hex(32))
    return _server(instance, NOWHERE, f"sqlite:///{instance / 'juyi.sqlite'}")


def _installation(instance: Path, name: str) -> Server:
    port = _free_port()
    server = _server(instance, f"http://127.0.0.1:{port}", database_url_for(instance, name))
    server.env.update(HOST="127.0.0.1", PORT=str(port))
    return server


def _server(instance: Path, url: str, database_url: str) -> Server:
    env = {
        **os.environ,
        "FLASK_APP": "wsgi",
        "JUYI_BASE_URL": url,
        "JUYI_INSTANCE_DIR": str(instance),
        "JUYI_DATABASE_URL": database_url,
    }
    return Server(url, env)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(120):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[dict[str, int]], Page]]:
    """`new_page(PHONE)` is a browser of its own that fails the test on any script or CSP error."""
    contexts = []
    problems: list[str] = []

    def open_page(size: dict[str, int]) -> Page:
        is_phone = size["width"] < 600
        context = browser.new_context(
            viewport=size, has_touch=is_phone, is_mobile=is_phone, locale="zh-CN"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if "Refused to" in m.text else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems, problems


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page for human eyes."""
    ARTEFACTS.mkdir(exist_ok=True)
    # Pictures below the first screen load only when one scrolls to them.
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

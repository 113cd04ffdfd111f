"""Settings, read once from the environment; what is missing is named all at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# How messages leave: see app/notices/gateways.py. Empty: not at all.
SMS = ("console", "file", "export")


class Misconfigured(Exception):  # noqa: N818 - it names a state, as `Refused` does
    """The settings do not allow a safe start; the message lists every reason."""


@dataclass(frozen=True)
class Config:
    """What one installation differs in from another.

    `secret_key` signs sessions, `code_key` peppers household codes; both are at least 32 bytes.
    `sms` is one of `SMS`, or empty: then nobody is told anything by message.
    """

    database_url: str
    redis_url: str | None
    base_url: str
    secret_key: str
    code_key: str
    instance_dir: Path
    sms: str = ""
    timezone: str = "Asia/Shanghai"
    testing: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Read the settings from `env` (default: the process environment)."""
        env = os.environ if env is None else env
        instance = Path(env.get("JUYI_INSTANCE_DIR") or ROOT / "instance").resolve()
        keys = Path(env.get("JUYI_KEYS_DIR") or instance / "keys")
        port = env.get("PORT") or "8000"
        config = cls(
            database_url=env.get("JUYI_DATABASE_URL") or f"sqlite:///{instance / 'juyi.sqlite'}",
            redis_url=env.get("JUYI_REDIS_URL") or None,
            base_url=(env.get("JUYI_BASE_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
            secret_key=env.get("JUYI_SECRET_KEY") or _key(keys / "secret.key"),
            code_key=_key(keys / "code.key"),
            instance_dir=instance,
            sms=(env.get("JUYI_SMS") or "").strip().lower(),
            timezone=env.get("JUYI_TIMEZONE") or "Asia/Shanghai",
        )
        config.check()
        return config

    def check(self) -> None:
        """Raise `Misconfigured` naming every setting that would hurt users."""
        problems = []
        if len(self.secret_key) < 32:
            problems.append("JUYI_SECRET_KEY or JUYI_KEYS_DIR/secret.key: at least 32 characters")
        if len(self.code_key) < 32:
            problems.append("JUYI_KEYS_DIR/code.key: at least 32 characters")
        if not self.base_url.startswith(("http://", "https://")):
            problems.append("JUYI_BASE_URL: must start with http:// or https://")
        if not self.database_url.startswith(("sqlite:///", "postgres")):
            problems.append("JUYI_DATABASE_URL: sqlite:///… or postgresql+psycopg://…")
        if self.sms not in {"", *SMS}:
            problems.append(f"JUYI_SMS={self.sms}: unknown; there are {', '.join(SMS)}")
        if problems:
            raise Misconfigured("Juyi cannot start:\n  " + "\n  ".join(problems))

    @property
    def is_secure(self) -> bool:
        """Whether residents reach us over TLS (cookies are then marked Secure)."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """Host (and port) of the public address; no other Host header is served."""
        return self.base_url.split("://", 1)[1].split("/", 1)[0]

    @property
    def sqlalchemy_url(self) -> str:
        """The database address with the driver we install (psycopg 3) named."""
        url = self.database_url
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url


def _key(path: Path) -> str:
    return path.read_text().strip() if path.is_file() else ""

"""Settings: read from the environment alone, and everything missing is named at once."""

from pathlib import Path

import pytest

from app.config import ROOT, Config, Misconfigured

KEY = "k" * 64


def _with_keys(folder: Path) -> dict[str, str]:
    (folder / "secret.key").write_text(f"{KEY}\n")
    (folder / "code.key").write_text("c" * 64)
    return {"JUYI_KEYS_DIR": str(folder), "JUYI_INSTANCE_DIR": str(folder)}


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        Config.from_env({"JUYI_KEYS_DIR": str(tmp_path), "JUYI_BASE_URL": "juyi.example"})
    for name in ("secret.key", "code.key", "JUYI_BASE_URL"):
        assert name in str(refused.value)


def test_there_is_no_key_to_fall_back_to(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"code\.key"):
        Config.from_env({"JUYI_KEYS_DIR": str(tmp_path), "JUYI_SECRET_KEY": KEY})


@pytest.mark.parametrize("name", ["secret.key", "code.key"])
def test_a_short_key_is_refused(tmp_path: Path, name: str) -> None:
    env = _with_keys(tmp_path)
    (tmp_path / name).write_text("k" * 31)
    with pytest.raises(Misconfigured, match=name):
        Config.from_env(env)


def test_an_installation_without_settings_is_embedded_and_local(tmp_path: Path) -> None:
    config = Config.from_env(_with_keys(tmp_path))
    assert config.database_url == f"sqlite:///{tmp_path / 'juyi.sqlite'}"
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.redis_url is None
    assert config.secret_key == KEY
    assert config.timezone == "Asia/Shanghai"
    assert not config.is_secure


def test_the_instance_lies_beside_the_program_unless_told_otherwise(tmp_path: Path) -> None:
    env = _with_keys(tmp_path)
    del env["JUYI_INSTANCE_DIR"]
    assert Config.from_env(env).instance_dir == ROOT / "instance"


def test_the_port_is_part_of_the_local_address(tmp_path: Path) -> None:
    config = Config.from_env({**_with_keys(tmp_path), "PORT": "8111"})
    assert config.base_url == "http://127.0.0.1:8111"
    assert config.host == "127.0.0.1:8111"


def test_a_public_address_makes_cookies_secure(tmp_path: Path) -> None:
    config = Config.from_env({**_with_keys(tmp_path), "JUYI_BASE_URL": "https://juyi.example.cn/"})
    assert config.base_url == "https://juyi.example.cn"
    assert config.host == "juyi.example.cn"
    assert config.is_secure


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_gets_the_driver_that_is_installed(
    tmp_path: Path, scheme: str
) -> None:
    env = {**_with_keys(tmp_path), "JUYI_DATABASE_URL": f"{scheme}://juyi@db/juyi"}
    assert Config.from_env(env).sqlalchemy_url == "postgresql+psycopg://juyi@db/juyi"


def test_another_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="JUYI_DATABASE_URL"):
        Config.from_env({**_with_keys(tmp_path), "JUYI_DATABASE_URL": "mysql://juyi@db/juyi"})


@pytest.mark.parametrize("sms", ["", "console", "file", "export", " Console "])
def test_a_way_out_for_messages_is_one_there_is(tmp_path: Path, sms: str) -> None:
    config = Config.from_env({**_with_keys(tmp_path), "JUYI_SMS": sms})
    assert config.sms == sms.strip().lower()


@pytest.mark.parametrize("sms", ["twilio", "aliyun", "tencent", "pigeon"])
def test_any_other_way_out_is_refused_with_the_list_of_those_there_are(
    tmp_path: Path, sms: str
) -> None:
    with pytest.raises(Misconfigured, match=f"JUYI_SMS={sms}.*console, file, export"):
        Config.from_env({**_with_keys(tmp_path), "JUYI_SMS": sms})

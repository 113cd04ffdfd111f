"""Loads the sample into an empty database and says where to look; part of `make run`.

`load` leaves a database that holds an area or an account alone. What `flask demo` gives away
(passwords, second factors, codes) is kept in instance/demo.json, readable by its owner only.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import create_engine, text

from app.config import Config


def main() -> None:
    """Do what the first argument says."""
    config = Config.from_env()
    kept = config.instance_dir / "demo.json"
    if sys.argv[1:] == ["load"]:
        load(config, kept)
    elif sys.argv[1:] == ["show"]:
        show(config, kept)
    else:
        sys.exit("deploy/sample.py load|show")


def load(config: Config, kept: Path) -> None:
    """Fill an empty database with the sample; any other is left as it is."""
    if not is_empty(config):
        return
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--json"]
    answer = subprocess.run(flask, check=True, stdout=subprocess.PIPE, text=True).stdout
    json.loads(answer)
    kept.unlink(missing_ok=True)
    handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(answer)


def is_empty(config: Config) -> bool:
    """Whether nobody has put an area or an account into the database yet."""
    engine = create_engine(config.sqlalchemy_url)
    with engine.connect() as connection:
        rows = "SELECT 1 FROM area UNION ALL SELECT 1 FROM staff LIMIT 1"
        found = connection.execute(text(rows)).first()
    engine.dispose()
    return found is None


def show(config: Config, kept: Path) -> None:
    """Print the address and, as long as the sample is there, ways to sign in."""
    lines = ["", f"Juyi 居议  {config.base_url}/login        (Ctrl-C stops it)"]
    if kept.is_file():
        lines += sample_lines(config, json.loads(kept.read_text()))
    else:
        lines.append("  First account:   .venv/bin/flask --app wsgi staff create --help")
    host = os.environ.get("HOST", "127.0.0.1")
    if host not in {"127.0.0.1", "localhost"} and "JUYI_BASE_URL" not in os.environ:
        lines.append(f"  HOST={host}: set JUYI_BASE_URL too, other names are refused (400).")
    print("\n".join([*lines, ""]), flush=True)


def sample_lines(config: Config, sample: dict[str, list[dict[str, str]]]) -> list[str]:
    """Every staff account, and one building and household code of an open round."""
    open_rounds = {r["id"]: r["compound"] for r in sample["rounds"] if r["state"] == "open"}
    silent = (h for h in sample["households"] if h["round"] in open_rounds and not h["voted"])
    home = next(silent, None)
    lines = [f"  Staff            {s['username']:10} {s['password']}" for s in sample["staff"]]
    lines.append(
        "  Code of one      .venv/bin/flask --app wsgi staff code USERNAME   (动态码, 30 s)"
    )
    lines.append("  or in an app     otp_secret in instance/demo.json")
    if home is not None:
        compound = open_rounds[home["round"]]
        building = next(
            b
            for b in sample["buildings"]
            if b["compound"] == compound and b["name"] == home["building"]
        )
        address = config.base_url + urlsplit(building["url"]).path
        lines.append(f"  Resident         {address}   ({compound} {building['name']})")
        door = f"{home['building']}{home['entrance']}{home['room']}"
        lines.append(f"  Household code   {home['code']}   ({door}, not voted yet)")
    lines.append("  All codes        instance/demo.json")
    return lines


if __name__ == "__main__":
    main()

"""Juyi 居议: the application factory. Nobody imports from here but the entry points."""

from flask import Flask
from flask_bootstrap import Bootstrap5
from jinja2 import StrictUndefined

from app.config import ROOT, Config
from app.core import db, i18n, jobs, log, sizes, web
from app.core import format as formats


def create_app(config: Config | None = None) -> Flask:
    """Build the application; migrations are a step of their own (`flask db upgrade`)."""
    config = config or Config.from_env()
    log.init(testing=config.testing)
    app = Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config.from_mapping(_flask_settings(config))
    app.extensions["juyi_config"] = config
    app.extensions["juyi_root"] = ROOT
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init(app)
    i18n.init(app)
    sizes.init(app)
    formats.init(app)
    jobs.init(app, config)
    web.init(app)
    Bootstrap5(app)
    _register_features(app)
    return app


def _flask_settings(config: Config) -> dict[str, object]:
    host = config.host
    loopback = host.split(":")[0] in {"127.0.0.1", "localhost"}
    return {
        "SECRET_KEY": config.secret_key,
        "TESTING": config.testing,
        "SQLALCHEMY_ENGINES": {"default": config.sqlalchemy_url},
        "ALEMBIC": {"script_location": str(ROOT / "migrations")},
        "BABEL_DEFAULT_TIMEZONE": config.timezone,
        "BOOTSTRAP_SERVE_LOCAL": True,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 500,
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
        "SESSION_COOKIE_NAME": "__Host-juyi" if config.is_secure else "juyi",
        "SESSION_COOKIE_SECURE": config.is_secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": 12 * 3600,
        # Whoever is active gets a new cookie once a minute; one per answer would be signed for
        # nothing (every poll of a board).
        "SESSION_REFRESH_EACH_REQUEST": False,
        "TRUSTED_HOSTS": ["127.0.0.1", "localhost"] if loopback else [host.split(":")[0]],
        # A slow reader's vote must not be refused because the form is old.
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "COMPRESS_MIMETYPES": [
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "image/svg+xml",
        ],
    }


def _register_features(app: Flask) -> None:
    """Blueprints and commands in feature order; importing a feature also defines its tables."""
    from app import (
        accounts,
        cases,
        comments,
        core,
        demo,
        desk,
        doors,
        households,
        journal,
        notices,
        paper,
        projects,
        reports,
        roster,
        rounds,
    )

    low_to_high = (
        core,
        journal,
        roster,
        notices,
        accounts,
        projects,
        rounds,
        cases,
        comments,
        doors,
        paper,
        households,
        reports,
        desk,
        demo,
    )
    for feature in low_to_high:
        feature.init_app(app)

"""Programs that others would write for the same job with well-known libraries, to be measured beside ours.

Each has a folder with its code, a list of what it needs (`.in`) and the same with every version and hash (`.lock`). It
runs in an environment of its own and imports nothing of ours. What they do less than Moorline stands in
docs/performance.md.
"""

from dataclasses import dataclass
from pathlib import Path

NAME = "rivals"
TITLE = "beside others"
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """`packages`: whose versions are told. `prepare` and `serve` are arguments of its Python; {port} is filled in.

    `page`: where the browser finds the button that begins, when a form has to be sent; `begin` is where that leads.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    prepare: tuple[str, ...] | None
    serve: tuple[str, ...]
    page: str | None
    begin: str
    callback: str

    @property
    def lock(self) -> Path:
        """What is installed."""
        return FOLDER / f"{self.name.replace('-', '_')}.lock"


SOCIAL_CORE = Rival(
    name="social-core",
    title="social-core on Django",
    packages=("django", "gunicorn", "social-auth-app-django", "social-auth-core"),
    prepare=("-m", "django", "migrate", "--settings", "bench.rivals.social_core.settings"),
    serve=(
        "-m", "gunicorn", "--workers", "1", "--bind", "127.0.0.1:{port}", "--access-logfile", "-",
        "bench.rivals.social_core.wsgi",
    ),
    page="/",
    begin="/social/login/x/",
    callback="/social/complete/x/",
)  # fmt: skip
FASTAPI_AUTHLIB = Rival(
    name="fastapi-authlib",
    title="FastAPI, Authlib, SQLAlchemy",
    packages=("authlib", "fastapi", "httpx2", "sqlalchemy", "uvicorn"),
    prepare=None,
    serve=(
        "-m", "uvicorn", "--workers", "1", "--host", "127.0.0.1", "--port", "{port}",
        "bench.rivals.fastapi_authlib.app:app",
    ),
    page=None,
    begin="/connect/x",
    callback="/connect/x/callback",
)  # fmt: skip
RIVALS = (SOCIAL_CORE, FASTAPI_AUTHLIB)

"""Developers' apps: the one each OAuth platform starts with, and those registered through the control API."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from moorline.sandbox.kernel import Books, RegisteredApp, SandboxPlatform
from moorline.sandbox.oauth_platform import OAuthPlatform


class Unusable(Exception):
    """A control call that cannot be carried out; the text is a sentence that names the field."""


def with_apps(platforms: Mapping[str, SandboxPlatform]) -> dict[str, OAuthPlatform]:
    """The platforms that know apps, by name."""
    return {name: platform for name, platform in platforms.items() if isinstance(platform, OAuthPlatform)}


def seed_apps(books: Books, platforms: Mapping[str, SandboxPlatform], *, callback_base: str) -> None:
    """Register `sandbox-<platform>` everywhere, with the service's callback."""
    for name in with_apps(platforms):
        app = RegisteredApp(
            platform=name,
            client_id=f"sandbox-{name}",
            client_secret=f"sandbox-{name}-secret",
            redirect_uris=(f"{callback_base.rstrip('/')}/connect/{name}/callback",),
        )
        register_app(books, app)


def register_app(books: Books, app: RegisteredApp) -> None:
    """Put the app on the books, in place of one with the same client id."""
    books.issue(app.platform, "app_secret", app.client_secret)
    books.apps[app.platform, app.client_id] = app


def read_app(body: object, platforms: Mapping[str, SandboxPlatform]) -> RegisteredApp:
    """The app described by `POST /_sandbox/apps`. Raises Unusable."""
    sent = body if isinstance(body, dict) else {}
    known = with_apps(platforms)
    platform = sent.get("platform")
    if platform not in known:
        raise Unusable(f"platform must be one of: {', '.join(known)}.")
    redirect_uris = sent.get("redirect_uris")
    if not isinstance(redirect_uris, list) or not redirect_uris or not all(map(_is_absolute, redirect_uris)):
        raise Unusable("redirect_uris must be a list of at least one absolute URL without a fragment.")
    flags = sent.get("flags", [])
    offered = known[platform].app_flags
    if not isinstance(flags, list) or not all(flag in offered for flag in flags):
        raise Unusable(f"flags must be a list out of what {platform} offers: {', '.join(offered) or 'nothing'}.")
    return RegisteredApp(
        platform=platform,
        client_id=_text(sent, "client_id"),
        client_secret=_text(sent, "client_secret"),
        redirect_uris=tuple(redirect_uris),
        flags=frozenset(flags),
    )


def _text(sent: Mapping[str, object], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"{name} must be a text that is not empty.")
    return value


def _is_absolute(uri: object) -> bool:
    if not isinstance(uri, str) or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))

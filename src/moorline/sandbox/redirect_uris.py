"""Which redirect URIs an app may be sent back to."""

from urllib.parse import urlsplit

from moorline.sandbox.kernel import RegisteredApp
from moorline.sandbox.oauth_rules import OAuthRules


def takes_redirect(rules: OAuthRules, app: RegisteredApp, uri: str, *, strict_https: bool) -> bool:
    """Whether `uri` is one of the app's, to the byte, and of a form that its platform takes."""
    if rules.redirect_limit is not None and len(uri) >= rules.redirect_limit:
        return False
    if "?" in uri and not rules.redirect_query:
        return False
    if rules.any_port_flag in app.flags:
        local = _without_port(rules, uri)
        if local is not None:
            return any(local == _without_port(rules, registered) for registered in app.redirect_uris)
    if uri not in app.redirect_uris:
        return False
    parts = urlsplit(uri)
    return parts.scheme != "http" or (not strict_https and parts.hostname in rules.loopback_hosts)


def _without_port(rules: OAuthRules, uri: str) -> str | None:
    """The URI of a program on the person's own machine without its port; None when it is no such URI."""
    try:
        parts = urlsplit(uri)
        has_port = parts.port is not None
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in rules.loopback_hosts:
        return None
    return uri.replace(f":{parts.port}", "", 1) if has_port else uri

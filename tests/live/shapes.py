"""What every account and every choice of a platform must look like, whichever platform it is."""

from urllib.parse import urlsplit

from moorline.adapter.values import Choices, Connection, Identity

MOST_CHARS = 200  # of an id; what is longer is a token or a page


def check_identity(identity: Identity) -> None:
    _check_account(identity.platform_user_id, identity.username, identity.display_name)
    _check_urls(identity.picture_url, identity.profile_url)


def check_connection(connection: Connection) -> None:
    _check_account(connection.platform_account_id, connection.username, connection.display_name)
    _check_urls(connection.picture_url, connection.profile_url)


def check_choices(choices: Choices) -> None:
    ids = [choice.id for choice in choices.items]
    assert len(ids) == len(set(ids)), "one choice twice"
    for choice in choices.items:
        _check_id(choice.id)
        assert choice.name
        _check_urls(choice.picture_url)
    for unavailable in choices.unavailable:
        assert unavailable.reason.strip().endswith("."), "the reason is no sentence"


def _check_account(account_id: str, username: str, display_name: str) -> None:
    _check_id(account_id)
    assert username.strip()
    assert display_name.strip()


def _check_id(text: str) -> None:
    assert text == text.strip() != ""
    assert len(text) <= MOST_CHARS
    assert not text.startswith("@"), "a name is no id: it can be changed"


def _check_urls(*urls: str | None) -> None:
    for url in urls:
        if url is not None:
            parts = urlsplit(url)
            assert parts.scheme == "https", parts.scheme
            assert parts.hostname

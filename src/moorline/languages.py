"""The languages of hosted pages, by their tags (RFC 5646), and the mark of texts that pages translate."""

from moorline.errors import BadRequest

TAGS = ("en", "de", "es", "fr", "pt-BR", "ar")


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools know
    """Marks a text for the catalogues where it stands; it is translated where it is shown."""
    return text


def check_language(text: str) -> str:
    """The tag as it is kept, whatever its case. Raises: BadRequest naming `language`."""
    for tag in TAGS:
        if tag.lower() == text.lower():
            return tag
    reason = f"one of {', '.join(TAGS)}"
    raise BadRequest(f"language is not {reason}.", fields={"language": reason})

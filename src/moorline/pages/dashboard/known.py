"""Who has signed in with this browser before: a signed cookie for each member, which names them by their id only.

It signs nobody in. It keeps somebody who tries a member's address from everywhere from locking the member out.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta

from litestar.datastructures import Cookie

from moorline import clock
from moorline.pages.request import Visit, service_of
from moorline.pages.signing import cookie, cookie_of
from moorline.service import Service
from moorline.store import users
from moorline.store.users import User

PREFIX = "moorline_known_"
LIFE = timedelta(days=365)
_ABOUT = "dashboard|known browser"


def known_cookie(service: Service, member: User) -> Cookie:
    """Set by signing in. It runs out after a year, whatever the browser makes of that."""
    since_s = str(int(clock.now().timestamp()))
    signature = service.vault.sign(_plain(member.id, since_s), about=_ABOUT)
    value = f"{since_s}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    return cookie(service, PREFIX + member.id, value, max_age_s=int(LIFE.total_seconds()))


async def is_known(request: Visit, address: str) -> bool:
    """Whether the member with this e-mail address, as stored, has signed in with this browser within a year."""
    if not any(PREFIX in name for name in request.cookies) or not address.isprintable():  # PostgreSQL takes no NUL
        return False
    service = service_of(request)
    member = await users.by_email(service.db, address)
    return member is not None and _is_good(service, member.id, cookie_of(request, PREFIX + member.id))


def _is_good(service: Service, member_id: str, value: str) -> bool:
    since_s, _, signature = value.partition(".")
    try:
        given = base64.b64decode(f"{signature}==", altchars=b"-_", validate=True)
        if not service.vault.is_signed(_plain(member_id, since_s), given, about=_ABOUT):
            return False
    except (binascii.Error, ValueError):  # no base64, or half a surrogate
        return False
    return clock.now() < datetime.fromtimestamp(int(since_s), UTC) + LIFE


def _plain(member_id: str, since_s: str) -> bytes:
    return f"{member_id}|{since_s}".encode()

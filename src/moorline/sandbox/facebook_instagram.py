"""Instagram accounts reached by Facebook Login, through the Pages they are linked to. Facts: instagram.md section 8."""

import re
from typing import Any

from moorline.sandbox.facebook_pages import CROWD_SIZE, Page
from moorline.sandbox.graph import read_fields
from moorline.sandbox.instagram_accounts import ACCOUNTS, Account, picture_url

FIELD = "instagram_business_account"
SCOPE = "instagram_basic"
_ACCOUNT_FIELDS = ("id", "username", "name", "profile_picture_url")
_EVERY = 10  # of the crowd's Pages every tenth has an account

_LINKED = {
    "100000000000101": ACCOUNTS["plenty"],
    "100000000000107": Account(
        id="17841499900000111", username="northwind.farmshop", name="Northwind Farm Shop", kind="BUSINESS"
    ),
    "100000000000110": Account(
        id="17841499900000112", username="lima.recipes", name=None, kind="BUSINESS", has_picture=False
    ),
    "100000000000301": ACCOUNTS["single"],
    **{
        f"1000000000{4000 + number:05d}": Account(
            id=f"1784149990001{number:04d}",
            username=f"sommer_{number:04d}",
            name=f"Sommer {number:04d}",
            kind="BUSINESS",
        )
        for number in range(0, CROWD_SIZE, _EVERY)
    },
}


def linked_account(page: Page) -> Account | None:
    """The professional account linked to the Page; most Pages have none."""
    return _LINKED.get(page.id)


def linked_field(page: Page, fields: str | None) -> dict[str, Any]:
    """What `fields` of a Page asks of its linked account: nothing without one, its id alone unless more is named."""
    account = linked_account(page)
    if account is None or not re.search(rf"\b{FIELD}\b", fields or ""):
        return {}
    inner = re.search(rf"\b{FIELD}\{{([^}}]*)\}}", fields or "")
    return {FIELD: account_node(account, inner[1] if inner else "id")}


def account_node(account: Account, fields: str | None) -> dict[str, Any]:
    """The account as a node of Graph; absent values are left out. Raises GraphError 100."""
    names = read_fields(fields, known=_ACCOUNT_FIELDS, default=("id",), node="IGUser")
    values = {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "profile_picture_url": picture_url(account) if account.has_picture else None,
    }
    return {name: values[name] for name in names if values[name] is not None}

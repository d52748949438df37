"""Accounts as the connect calls answer them."""

from moorline.http.shapes.connect import ConnectedAccount, SavedAccount
from moorline.store.accounts import Account


def saved_account(account: Account) -> SavedAccount:
    """The form the select calls answer."""
    return SavedAccount(
        account_id=account.id,
        platform=account.platform,
        username=account.username,
        display_name=account.display_name,
        profile_picture=account.picture_url,
        is_active=account.is_active,
        selected_page_name=account.details.get("selectedPageName"),
        account_type=account.details.get("accountType"),
        default_board_name=account.details.get("defaultBoardName"),
        selected_location_name=account.details.get("selectedLocationName"),
        selected_location_id=account.details.get("selectedLocationId"),
        public_profile_name=account.details.get("publicProfileName"),
    )


def connected_account(account: Account) -> ConnectedAccount:
    """The form Bluesky and Telegram answer."""
    return ConnectedAccount(
        id=account.id,
        platform=account.platform,
        profile_id=account.profile_id,
        username=account.username,
        display_name=account.display_name,
        profile_picture=account.picture_url,
        profile_url=account.profile_url,
        is_active=account.is_active,
        chat_type=account.details.get("chatType"),
    )

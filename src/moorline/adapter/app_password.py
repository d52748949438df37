"""The shape of a platform where a person signs in with an app password instead of OAuth (Bluesky)."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from moorline.adapter.values import Connection, Identity, Tokens
from moorline.errors import BadRequest, Refused
from moorline.wire import Http, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What one sign-in yields: the session to keep, and whose it is. The password is in neither."""

    tokens: Tokens
    identity: Identity


class UnknownAccount(BadRequest):
    """Nobody is called `name`, which is what was typed, brought to the form the platform knows."""

    code = "unknown_handle"

    def __init__(self, message: str, *, name: str, reason: str) -> None:
        super().__init__(message, fields={"identifier": reason})
        self.name = name


class SignInRefused(Refused):
    """The platform answered the sign-in, and the person has to change something; the form shows the sentence."""

    status = 400
    code = "sign_in_refused"


class InvalidCredentials(SignInRefused):
    """No such account on that server, or a wrong password: platforms do not tell which."""

    code = "invalid_credentials"


class SignInCodeRequired(SignInRefused):
    """The account's main password needs a code from an e-mail; app passwords do not."""

    code = "auth_factor_required"


class MainPassword(SignInRefused):
    """It was the account's main password. The session it opened is already ended."""

    code = "main_password"


class AccountNotEligible(SignInRefused):
    """The password is right, but the account is taken down, suspended, deactivated or not open yet; `code` tells."""

    code = "account_not_eligible"

    def __init__(self, message: str, *, code: str, platform_status: int | None = None) -> None:
        super().__init__(message, platform_status=platform_status)
        self.code = code


class AppPasswordPlatform(ABC):
    """Sign in once with a password, then live on the session's tokens. No method keeps or repeats the password."""

    name: ClassVar[str]
    api_closed: ClassVar[re.Pattern[str]]  # paths on the account's server that hand out tokens, or end them

    @abstractmethod
    def refuses_token(self, reply: Reply) -> bool:
        """Whether an answer to any call with a token means that the token is dead, and not that the call is wrong."""

    @abstractmethod
    def looks_like_app_password(self, text: str) -> bool:
        """Whether it has the form the platform gives app passwords. Good for a warning only: other servers differ."""

    @abstractmethod
    async def sign_in(self, http: Http, *, identifier: str, password: str) -> SignedIn:
        """Open a session and read whose it is; `tokens.service_url` is the server that holds the account.

        Raises: BadRequest with the field at fault (nothing typed, or an unknown name); SignInRefused; Unreachable
        naming the server; PlatformRateLimited; UnexpectedReply. A session that may not be kept is ended first.
        """

    @abstractmethod
    async def refresh(self, http: Http, tokens: Tokens) -> Tokens:
        """New tokens for the same account; both are to be stored before either is used.

        Raises: Refused when the session is dead; Unreachable and PlatformRateLimited when it may still live;
        UnexpectedReply.
        """

    @abstractmethod
    async def revoke(self, http: Http, tokens: Tokens) -> None:
        """End the session; one that is already dead counts as ended.

        Raises: Unreachable, PlatformRateLimited, UnexpectedReply: the session may still live.
        """

    def connection(self, identity: Identity) -> Connection:
        """The account to save: the person signed in is the account, and the grant's tokens are its own."""
        return Connection(
            platform_account_id=identity.platform_user_id,
            username=identity.username,
            display_name=identity.display_name,
            picture_url=identity.picture_url,
            profile_url=identity.profile_url,
        )

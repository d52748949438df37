"""The Google Business adapter: what goes wrong, and who can do something about it."""

import traceback

import pytest

from moorline.errors import (
    AppMisconfigured,
    MoorlineError,
    PlatformError,
    PlatformRateLimited,
    Refused,
    ScopeMissing,
    UnexpectedReply,
    Unreachable,
)
from moorline.platforms.googlebusiness import GoogleBusiness
from moorline.wire import Reply
from tests.platforms.googlebusiness_double import (
    ACCESS,
    ACCOUNTS,
    APP,
    CODE,
    HELD,
    PERSON,
    REFRESH,
    REVOKE,
    SECRET,
    TOKEN,
    USERINFO,
    google_business,
    shared,
)
from tests.platforms.oauth_double import VERIFIER
from tests.platforms.transport import answer

MEANING: dict[str, type[MoorlineError]] = {
    "signin_code_malformed": Refused,
    "signin_code_used": Refused,
    "signin_verifier_missing": Refused,
    "signin_verifier_wrong": Refused,
    "signin_verifier_not_needed": Refused,
    "signin_refresh_token_dead": Refused,
    "signin_administrator": Refused,
    "signin_redirect_uri": AppMisconfigured,
    "signin_secret_wrong": AppMisconfigured,
    "signin_secret_wrong_older": AppMisconfigured,
    "signin_secret_missing": AppMisconfigured,
    "signin_client_unknown": AppMisconfigured,
    "signin_client_deleted": AppMisconfigured,
    "signin_client_unauthorized": AppMisconfigured,
    "signin_internal_failure": Unreachable,
    "signin_server_error": Unreachable,
    "signin_temporarily_unavailable": Unreachable,
    "call_unauthenticated": Refused,
    "call_token_expired": Refused,
    "call_scope": ScopeMissing,
    "call_scope_by_text": ScopeMissing,
    "call_permission_denied": UnexpectedReply,
    "call_disabled": AppMisconfigured,
    "call_quota_zero": AppMisconfigured,
    "call_quota_of_the_minute": PlatformRateLimited,
    "call_not_found": UnexpectedReply,
    "call_invalid_argument": UnexpectedReply,
    "call_unavailable": Unreachable,
    "call_internal": Unreachable,
}


async def failure(reply: Reply | None) -> MoorlineError:
    """What an answer to any call is taken for; all must agree."""
    places = (("POST", TOKEN), ("GET", USERINFO), ("GET", ACCOUNTS), ("POST", REVOKE))
    adapter, platform = GoogleBusiness(), google_business(dict.fromkeys(places, reply))
    with pytest.raises(MoorlineError) as at_userinfo:
        await adapter.identify(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_exchange:
        await adapter.exchange(platform, APP, code=CODE, verifier=VERIFIER)
    with pytest.raises(MoorlineError) as at_refresh:
        await adapter.refresh(platform, APP, HELD)
    with pytest.raises(MoorlineError) as at_accounts:
        await adapter.list_choices(platform, APP, HELD, PERSON)
    with pytest.raises(MoorlineError) as at_revoke:
        await adapter.revoke(platform, APP, HELD, PERSON)
    errors = [caught.value for caught in (at_userinfo, at_exchange, at_refresh, at_accounts, at_revoke)]
    assert len({type(error) for error in errors}) == 1
    return errors[0]


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_every_documented_error_says_who_can_do_something(name: str) -> None:
    assert type(await failure(shared(name))) is MEANING[name]


async def test_no_answer_means_later() -> None:
    assert type(await failure(None)) is Unreachable


async def test_an_app_that_google_has_not_approved_is_not_told_to_wait() -> None:
    error = await failure(shared("call_quota_zero"))

    assert str(error) == "Google gives this app no quota for Google Business: its access to the API is not approved."
    assert isinstance(error, PlatformError)
    assert error.platform_code == "RESOURCE_EXHAUSTED/RATE_LIMIT_EXCEEDED"


@pytest.mark.parametrize("name", sorted(MEANING))
async def test_s30_no_error_repeats_code_token_or_secret(name: str) -> None:
    reply, secrets = shared(name), (CODE, VERIFIER, ACCESS, REFRESH, SECRET)
    body, echo = reply.json(), " ".join(("", *secrets))
    if isinstance(body["error"], dict):
        body["error"]["message"] += echo
    else:
        body["error_description"] += echo

    error = await failure(answer(body, reply.status))

    shown = "".join(traceback.format_exception(error)) + repr(error.details) + str(getattr(error, "platform_code", ""))
    assert not any(secret in shown for secret in secrets)

"""LinkedIn, Pinterest and Reddit as the battery meets them: the platforms with organizations, boards and subreddits."""

from typing import Any

from tests.sandbox.refusals import OAuthUnderTest

_INVALID = "invalid_request"
_LI_GONE = (401, (_INVALID, "Unable to retrieve access token: authorization code not found"))
_LI_UNFITTING_TEXT = (
    "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. "
    "Or authorization code expired. Or external member binding exists"
)
_LI_UNFITTING = (400, ("invalid_redirect_uri", _LI_UNFITTING_TEXT))
_LI_CLIENT = (401, ("invalid_client", "Client authentication failed"))


def _li_missing(name: str) -> tuple[int, object]:
    return 400, (_INVALID, f'A required parameter "{name}" is missing')


def _oauth_summary(refusal: Any) -> object:
    return refusal["error"], refusal.get("error_description")


LINKEDIN = OAuthUnderTest(
    name="linkedin",
    authorize=("www.linkedin.com", "/oauth/v2/authorization"),
    token=("www.linkedin.com", "/oauth/v2/accessToken"),
    scopes=("openid", "profile", "email", "w_member_social", "rw_organization_admin", "w_organization_social"),
    scope_separator=" ",
    pkce=False,
    basic=False,
    state_required=False,
    grant_type_required=True,
    refresh=False,
    code_lifetime_s=30 * 60,
    denial={"error": "user_cancelled_authorize", "error_description": "The user cancelled the authorization"},
    page=(401, "text/html; charset=utf-8"),
    all_or_nothing=True,
    summary=_oauth_summary,
    answers={
        "code_used": _LI_GONE,
        "code_unknown": _LI_GONE,
        "code_expired": _LI_UNFITTING,
        "code_of_another_client": _LI_UNFITTING,
        "redirect_differs_by_a_slash": _LI_UNFITTING,
        "code_missing": _li_missing("code"),
        "redirect_missing": _li_missing("redirect_uri"),
        "secret_missing": _li_missing("client_secret"),
        "secret_in_the_wrong_place": _li_missing("client_secret"),
        "secret_wrong": _LI_CLIENT,
        "client_unknown": _LI_CLIENT,
        "grant_type_unknown": (400, ("unsupported_grant_type", "The grant type is not supported")),
        "grant_type_missing": _li_missing("grant_type"),
        "body_is_json": _li_missing("grant_type"),
    },
)

_PIN_GRANT = (401, 283)
_PIN_PARAMETER = (400, 1)
_PIN_CLIENT = (401, 2)

PINTEREST = OAuthUnderTest(
    name="pinterest",
    authorize=("www.pinterest.com", "/oauth/"),
    token=("api.pinterest.com", "/v5/oauth/token"),
    scopes=("user_accounts:read", "boards:read", "boards:write", "pins:read", "pins:write"),
    scope_separator=",",
    pkce=False,
    basic=True,
    state_required=False,
    grant_type_required=True,
    refresh=True,
    code_lifetime_s=600,
    denial={"error": "access_denied"},
    page=(400, "application/json; charset=utf-8"),
    summary=lambda refusal: refusal["code"],
    answers={
        "code_used": _PIN_GRANT,
        "code_expired": _PIN_GRANT,
        "code_unknown": _PIN_GRANT,
        "code_of_another_client": _PIN_GRANT,
        "redirect_differs_by_a_slash": _PIN_GRANT,
        "code_missing": _PIN_PARAMETER,
        "redirect_missing": _PIN_PARAMETER,
        "grant_type_unknown": _PIN_PARAMETER,
        "grant_type_missing": _PIN_PARAMETER,
        "body_is_json": _PIN_PARAMETER,
        "secret_wrong": _PIN_CLIENT,
        "secret_missing": _PIN_CLIENT,
        "secret_in_the_wrong_place": _PIN_CLIENT,
        "client_unknown": _PIN_CLIENT,
        "refresh_unknown": _PIN_GRANT,
        "refresh_used": _PIN_GRANT,
        "refresh_after_the_person_removed_the_app": _PIN_GRANT,
    },
)

_RD_GRANT = (200, "invalid_grant")
_RD_CLIENT = (401, 401)
_RD_REFRESH = (400, 400)

REDDIT = OAuthUnderTest(
    name="reddit",
    authorize=("www.reddit.com", "/api/v1/authorize"),
    token=("www.reddit.com", "/api/v1/access_token"),
    scopes=("identity", "mysubreddits", "submit", "flair", "read"),
    scope_separator=" ",
    pkce=False,
    basic=True,
    state_required=True,
    grant_type_required=True,
    refresh=True,
    refresh_reusable=True,
    code_lifetime_s=600,
    parameters={"duration": "permanent"},
    headers={"User-Agent": "web:moorline-tests:1.0 (by /u/northwindbakery)"},
    denial={"error": "access_denied"},
    summary=lambda refusal: refusal["error"],
    answers={
        "code_used": _RD_GRANT,
        "code_expired": _RD_GRANT,
        "code_unknown": _RD_GRANT,
        "code_of_another_client": _RD_GRANT,
        "redirect_differs_by_a_slash": _RD_GRANT,
        "redirect_missing": _RD_GRANT,
        "code_missing": (200, "invalid_request"),
        "grant_type_unknown": (200, "unauthorized_client"),
        "grant_type_missing": (200, "unsupported_grant_type"),
        "body_is_json": (200, "unsupported_grant_type"),
        "secret_wrong": _RD_CLIENT,
        "secret_missing": _RD_CLIENT,
        "secret_in_the_wrong_place": _RD_CLIENT,
        "client_unknown": _RD_CLIENT,
        "refresh_unknown": _RD_REFRESH,
        "refresh_after_the_person_removed_the_app": _RD_REFRESH,
    },
)

OAUTH_LIST_PLATFORMS = (LINKEDIN, PINTEREST, REDDIT)

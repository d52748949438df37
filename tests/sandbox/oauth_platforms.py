"""The OAuth platforms of the sandbox as the battery meets them, each with its own words for every refusal."""

from typing import Any

from tests.sandbox.refusals import OAuthUnderTest

_INVALID = "invalid_request"
_X_CODE = (400, (_INVALID, "Value passed for the authorization code was invalid."))
_X_VERIFIER = (400, (_INVALID, "Value passed for the code verifier did not match the code challenge."))
_X_REFRESH = (400, (_INVALID, "Value passed for the token was invalid."))
_X_UNPROVEN = (401, ("unauthorized_client", "Missing valid authorization header"))


def _x_missing(name: str) -> tuple[int, object]:
    return 400, (_INVALID, f"Missing required parameter [{name}].")


def _oauth_summary(refusal: Any) -> object:
    return refusal["error"], refusal.get("error_description")


TWITTER = OAuthUnderTest(
    name="twitter",
    authorize=("x.com", "/i/oauth2/authorize"),
    token=("api.x.com", "/2/oauth2/token"),
    scopes=("users.read", "tweet.read", "tweet.write", "offline.access"),
    scope_separator=" ",
    pkce=True,
    basic=True,
    state_required=True,
    grant_type_required=True,
    refresh=True,
    code_lifetime_s=30,
    denial={"error": "access_denied"},
    summary=_oauth_summary,
    answers={
        "code_used": _X_CODE,
        "code_expired": _X_CODE,
        "code_unknown": _X_CODE,
        "code_of_another_client": _X_CODE,
        "code_missing": _x_missing("code"),
        "redirect_missing": _x_missing("redirect_uri"),
        "redirect_differs_by_a_slash": (
            400,
            (_INVALID, "Value passed for the redirect uri did not match the uri of the authorization code."),
        ),
        "verifier_wrong": _X_VERIFIER,
        "verifier_too_short": _X_VERIFIER,
        "verifier_missing": _x_missing("code_verifier"),
        "secret_wrong": _X_UNPROVEN,
        "secret_missing": _X_UNPROVEN,
        "secret_in_the_wrong_place": _X_UNPROVEN,
        "client_unknown": (401, ("invalid_client", None)),
        "grant_type_unknown": (400, (_INVALID, "Value passed for the grant type was invalid.")),
        "grant_type_missing": _x_missing("grant_type"),
        "body_is_json": _x_missing("grant_type"),
        "refresh_unknown": _X_REFRESH,
        "refresh_used": _X_REFRESH,
        "refresh_after_the_person_removed_the_app": _X_REFRESH,
    },
)

FACEBOOK = OAuthUnderTest(
    name="facebook",
    authorize=("www.facebook.com", "/v25.0/dialog/oauth"),
    token=("graph.facebook.com", "/v25.0/oauth/access_token"),
    scopes=("pages_show_list", "pages_read_engagement", "pages_manage_posts", "business_management"),
    scope_separator=",",
    pkce=False,
    basic=False,
    state_required=False,
    grant_type_required=False,
    refresh=False,
    code_lifetime_s=600,
    denial={
        "error": "access_denied",
        "error_code": "200",
        "error_description": "Permissions error",
        "error_reason": "user_denied",
    },
    summary=lambda refusal: (refusal["error"]["code"], refusal["error"].get("error_subcode")),
    answers={
        "code_used": (400, (100, 36009)),
        "code_expired": (400, (100, 36007)),
        "code_unknown": (400, (100, None)),
        "code_of_another_client": (400, (100, None)),
        "code_missing": (400, (100, None)),
        "redirect_missing": (400, (191, None)),
        "redirect_differs_by_a_slash": (400, (100, 36008)),
        "secret_wrong": (400, (1, None)),
        "secret_missing": (400, (1, None)),
        "secret_in_the_wrong_place": (400, (1, None)),
        "client_unknown": (400, (101, None)),
        "grant_type_unknown": (400, (100, None)),
        "body_is_json": (400, (101, None)),
    },
)

OAUTH_PLATFORMS = (TWITTER, FACEBOOK)

"""The OAuth platforms of the sandbox as the battery meets them, each with its own words for every refusal."""

from dataclasses import replace
from typing import Any

from tests.sandbox.oauth_list_platforms import OAUTH_LIST_PLATFORMS
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

_IG_CODE = (400, "Matching code was not found or was already used")
_IG_REDIRECT_TEXT = (
    "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the "
    "OAuth dialog request"
)
_IG_REDIRECT = (400, _IG_REDIRECT_TEXT)
_IG_APP = (400, "Invalid platform app")

INSTAGRAM = OAuthUnderTest(
    name="instagram",
    authorize=("www.instagram.com", "/oauth/authorize"),
    token=("api.instagram.com", "/oauth/access_token"),
    scopes=(
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_insights",
    ),
    scope_separator=",",
    pkce=False,
    basic=False,
    state_required=False,
    grant_type_required=True,
    refresh=False,
    code_lifetime_s=3600,
    denial={
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "The user denied your request",
    },
    summary=lambda refusal: refusal["error_message"],
    token_answer=lambda answer: answer["data"][0],
    answers={
        "code_used": _IG_CODE,
        "code_expired": _IG_CODE,
        "code_unknown": _IG_CODE,
        "code_of_another_client": _IG_CODE,
        "code_missing": (400, "Missing required field code"),
        "redirect_missing": (400, "Missing required field redirect_uri"),
        "redirect_differs_by_a_slash": _IG_REDIRECT,
        "secret_wrong": _IG_REDIRECT,
        "secret_missing": _IG_REDIRECT,
        "secret_in_the_wrong_place": _IG_REDIRECT,
        "client_unknown": _IG_APP,
        "grant_type_unknown": (400, "Invalid grant_type"),
        "grant_type_missing": (400, "Missing required field grant_type"),
        "body_is_json": _IG_APP,
    },
)

_GRANT = "invalid_grant"
_GOOGLE_SCOPE = "https://www.googleapis.com/auth/"

YOUTUBE = OAuthUnderTest(
    name="youtube",
    authorize=("accounts.google.com", "/o/oauth2/v2/auth"),
    token=("oauth2.googleapis.com", "/token"),
    scopes=(f"{_GOOGLE_SCOPE}youtube.readonly", f"{_GOOGLE_SCOPE}youtube.upload"),
    scope_separator=" ",
    pkce=True,
    pkce_optional=True,
    basic=False,
    basic_too=True,
    state_required=False,
    grant_type_required=True,
    refresh=True,
    refresh_reusable=True,
    code_lifetime_s=600,
    parameters={"access_type": "offline", "prompt": "consent"},
    sent_back=frozenset({"iss", "scope", "authuser", "prompt"}),
    denial={"error": "access_denied"},
    summary=_oauth_summary,
    answers={
        "code_used": (400, (_GRANT, "Bad Request")),
        "code_expired": (400, (_GRANT, "Bad Request")),
        "code_unknown": (400, (_GRANT, "Malformed auth code.")),
        "code_of_another_client": (400, (_GRANT, "Malformed auth code.")),
        "code_missing": (400, (_INVALID, "Missing required parameter: code")),
        "redirect_missing": (400, (_INVALID, "Missing required parameter: redirect_uri")),
        "redirect_differs_by_a_slash": (400, ("redirect_uri_mismatch", "Bad Request")),
        "verifier_wrong": (400, (_GRANT, "Invalid code verifier.")),
        "verifier_too_short": (400, (_GRANT, "Invalid code verifier.")),
        "verifier_missing": (400, (_GRANT, "Missing code verifier.")),
        "secret_wrong": (401, ("invalid_client", "The provided client secret is invalid.")),
        "secret_missing": (400, (_INVALID, "client_secret is missing.")),
        "client_unknown": (401, ("invalid_client", "The OAuth client was not found.")),
        "grant_type_unknown": (400, ("unsupported_grant_type", "Invalid grant_type: password")),
        "grant_type_missing": (400, (_INVALID, "Missing required parameter: grant_type")),
        "body_is_json": (401, ("invalid_client", "The OAuth client was not found.")),
        "refresh_unknown": (400, (_GRANT, "Bad Request")),
        "refresh_after_the_person_removed_the_app": (400, (_GRANT, "Token has been expired or revoked.")),
    },
)

_TH_SECRET = (400, "Error validating client secret")

THREADS = OAuthUnderTest(
    name="threads",
    authorize=("threads.net", "/oauth/authorize"),
    token=("graph.threads.net", "/oauth/access_token"),
    scopes=("threads_basic", "threads_content_publish", "threads_manage_insights"),
    scope_separator=",",
    pkce=False,
    basic=False,
    state_required=False,
    grant_type_required=True,
    refresh=False,
    code_lifetime_s=3600,
    denial=INSTAGRAM.denial,
    summary=lambda refusal: refusal["error_message"],
    page=(400, "application/json; charset=utf-8"),
    answers={
        **INSTAGRAM.answers,
        "secret_wrong": _TH_SECRET,
        "secret_missing": _TH_SECRET,
        "secret_in_the_wrong_place": _TH_SECRET,
    },
)

_TT_CODE = (400, ("invalid_grant", "Authorization code is expired."))
_TT_MALFORMED = (400, (_INVALID, "The request parameters are malformed."))
_TT_CLIENT = (401, ("invalid_client", "Client key or secret is incorrect."))
_TT_NO_SECRET = (400, (_INVALID, "Client secret is missed in request."))
_TT_REFRESH = (400, ("invalid_grant", "Refresh token is invalid or expired."))

TIKTOK = OAuthUnderTest(
    name="tiktok",
    authorize=("www.tiktok.com", "/v2/auth/authorize/"),
    token=("open.tiktokapis.com", "/v2/oauth/token/"),
    scopes=("user.info.basic", "user.info.profile", "user.info.stats", "video.publish"),
    scope_separator=",",
    client_field="client_key",
    pkce=False,
    basic=False,
    state_required=True,
    grant_type_required=True,
    refresh=True,
    code_lifetime_s=300,
    denial={"error": "access_denied", "error_description": "User denied the request"},
    sent_back=frozenset({"scopes"}),
    redirect_query=False,
    scope_unknown_redirects=True,
    summary=_oauth_summary,
    answers={
        "code_used": _TT_CODE,
        "code_expired": _TT_CODE,
        "code_unknown": _TT_CODE,
        "code_of_another_client": _TT_CODE,
        "code_missing": _TT_MALFORMED,
        "redirect_missing": _TT_MALFORMED,
        "redirect_differs_by_a_slash": (
            400,
            (_INVALID, "Redirect_uri is not matched with the uri when requesting code."),
        ),
        "secret_wrong": _TT_CLIENT,
        "secret_missing": _TT_NO_SECRET,
        "secret_in_the_wrong_place": _TT_NO_SECRET,
        "client_unknown": _TT_CLIENT,
        "grant_type_unknown": (400, ("unsupported_grant_type", "The grant type is not supported.")),
        "grant_type_missing": _TT_MALFORMED,
        "body_is_json": _TT_MALFORMED,
        "refresh_unknown": _TT_REFRESH,
        "refresh_used": _TT_REFRESH,
        "refresh_after_the_person_removed_the_app": _TT_REFRESH,
    },
)

GOOGLEBUSINESS = replace(YOUTUBE, name="googlebusiness", scopes=(f"{_GOOGLE_SCOPE}business.manage", "openid"))

_SNAP_CODE = (400, (_GRANT, "The authorization code is invalid"))
_SNAP_CLIENT = (401, ("invalid_client", "Client authentication failed"))
_SNAP_REFRESH = (400, (_GRANT, "The refresh token is invalid"))

SNAPCHAT = OAuthUnderTest(
    name="snapchat",
    authorize=("accounts.snapchat.com", "/login/oauth2/authorize"),
    token=("accounts.snapchat.com", "/login/oauth2/access_token"),
    scopes=("snapchat-profile-api", "snapchat-marketing-api"),
    scope_separator=" ",
    pkce=True,
    pkce_optional=True,
    basic=False,
    basic_too=True,
    state_required=False,
    grant_type_required=True,
    refresh=True,
    refresh_reusable=True,
    code_lifetime_s=600,
    denial={"error": "access_denied", "error_description": "The user denied the request."},
    summary=_oauth_summary,
    answers={
        "code_used": _SNAP_CODE,
        "code_expired": _SNAP_CODE,
        "code_unknown": _SNAP_CODE,
        "code_of_another_client": _SNAP_CODE,
        "code_missing": (400, (_INVALID, "Missing parameter: code")),
        "redirect_missing": (400, (_INVALID, "Missing parameter: redirect_uri")),
        "redirect_differs_by_a_slash": _SNAP_CODE,
        "verifier_wrong": _SNAP_CODE,
        "verifier_too_short": _SNAP_CODE,
        "verifier_missing": _SNAP_CODE,
        "secret_wrong": _SNAP_CLIENT,
        "secret_missing": _SNAP_CLIENT,
        "client_unknown": _SNAP_CLIENT,
        "grant_type_unknown": (400, ("unsupported_grant_type", "Unsupported grant type")),
        "grant_type_missing": (400, (_INVALID, "Missing parameter: grant_type")),
        "body_is_json": _SNAP_CLIENT,
        "refresh_unknown": _SNAP_REFRESH,
        "refresh_after_the_person_removed_the_app": _SNAP_REFRESH,
    },
)

OAUTH_PLATFORMS = (
    TIKTOK,
    THREADS,
    INSTAGRAM,
    TWITTER,
    FACEBOOK,
    YOUTUBE,
    GOOGLEBUSINESS,
    SNAPCHAT,
    *OAUTH_LIST_PLATFORMS,
)

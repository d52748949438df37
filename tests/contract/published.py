"""The published operations that exist here today: names and numbers only, as the published OpenAPI text has them.

A parameter is written `place name`, with `!` where it is required. Fields of an answer stand under the field that
holds them, those of a list under the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Fields = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One published operation; `statuses` without the success, `fields` of the success."""

    at: str
    parameters: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    success: int = 200
    statuses: tuple[int, ...] = (401,)
    fields: Fields = field(default_factory=dict)


_USER = ("_id", "email", "isRoot", "name", "profileAccess", "role")
_PROFILE = ("_id", "color", "createdAt", "description", "isDefault", "isOverLimit", "name", "userId")
_KEY = ("createdAt", "expiresAt", "id", "key", "keyPreview", "name")
_ACCOUNT = (
    "_id",
    "displayName",
    "followersCount",
    "followersLastUpdated",
    "isActive",
    "platform",
    "profileId",
    "profileUrl",
    "username",
)

PUBLISHED: Mapping[str, Operation] = {
    "listUsers": Operation(at="GET /v1/users", fields={"currentUserId": (), "users": (*_USER, "createdAt")}),
    "getUser": Operation(
        at="GET /v1/users/{userId}", parameters=("path userId!",), statuses=(401, 403, 404), fields={"user": _USER}
    ),
    "listProfiles": Operation(
        at="GET /v1/profiles", parameters=("query includeOverLimit",), fields={"profiles": _PROFILE}
    ),
    "createProfile": Operation(
        at="POST /v1/profiles",
        body=("name!", "description", "color"),
        success=201,
        statuses=(400, 401, 403),
        fields={"message": (), "profile": _PROFILE},
    ),
    "getProfile": Operation(
        at="GET /v1/profiles/{profileId}",
        parameters=("path profileId!",),
        statuses=(401, 404),
        fields={"profile": _PROFILE},
    ),
    "updateProfile": Operation(
        at="PUT /v1/profiles/{profileId}",
        parameters=("path profileId!",),
        body=("name", "description", "color", "isDefault"),
        statuses=(401, 404),
        fields={"message": (), "profile": _PROFILE},
    ),
    "deleteProfile": Operation(
        at="DELETE /v1/profiles/{profileId}",
        parameters=("path profileId!",),
        statuses=(400, 401, 403, 404),
        fields={"message": ()},
    ),
    "listAccounts": Operation(
        at="GET /v1/accounts",
        parameters=("query profileId", "query includeOverLimit"),
        fields={"accounts": _ACCOUNT, "hasAnalyticsAccess": ()},
    ),
    "updateAccount": Operation(
        at="PUT /v1/accounts/{accountId}",
        parameters=("path accountId!",),
        body=("username", "displayName"),
        statuses=(400, 401, 404),
        fields={"message": (), "username": (), "displayName": ()},
    ),
    "deleteAccount": Operation(
        at="DELETE /v1/accounts/{accountId}",
        parameters=("path accountId!",),
        statuses=(401, 404),
        fields={"message": ()},
    ),
    "listApiKeys": Operation(at="GET /v1/api-keys", fields={"apiKeys": _KEY}),
    "createApiKey": Operation(
        at="POST /v1/api-keys",
        body=("name!", "expiresIn"),
        success=201,
        statuses=(400, 401),
        fields={"message": (), "apiKey": _KEY},
    ),
    "deleteApiKey": Operation(
        at="DELETE /v1/api-keys/{keyId}",
        parameters=("path keyId!",),
        statuses=(401, 404),
        fields={"message": ()},
    ),
    "getConnectUrl": Operation(
        at="GET /v1/connect/{platform}",
        parameters=("path platform!", "query profileId!", "query redirect_url", "query headless"),
        statuses=(400, 401, 403, 404),
        fields={"authUrl": (), "state": ()},
    ),
    "handleOAuthCallback": Operation(
        at="POST /v1/connect/{platform}",
        parameters=("path platform!",),
        body=("code!", "state!", "profileId!"),
        statuses=(400, 401, 403, 500),
    ),
    "listFacebookPages": Operation(
        at="GET /v1/connect/facebook/select-page",
        parameters=("query profileId!", "query tempToken!"),
        statuses=(400, 401, 500),
        fields={"pages": ("access_token", "category", "id", "name", "tasks", "username")},
    ),
    "selectFacebookPage": Operation(
        at="POST /v1/connect/facebook/select-page",
        body=("profileId!", "pageId!", "tempToken!", "userProfile", "redirect_url"),
        statuses=(400, 401, 403, 404, 500),
        fields={
            "message": (),
            "redirect_url": (),
            "account": (
                "accountId",
                "displayName",
                "isActive",
                "platform",
                "profilePicture",
                "selectedPageName",
                "username",
            ),
        },
    ),
    "connectBlueskyCredentials": Operation(
        at="POST /v1/connect/bluesky/credentials",
        body=("identifier!", "appPassword!", "state!", "redirectUri"),
        statuses=(400, 401, 500),
        fields={"message": (), "account": ("displayName", "isActive", "platform", "username"), "redirectUrl": ()},
    ),
    "getTelegramConnectStatus": Operation(
        at="GET /v1/connect/telegram",
        parameters=("query profileId!",),
        statuses=(400, 401, 403, 404, 500),
        fields={"code": (), "expiresAt": (), "expiresIn": (), "botUsername": (), "instructions": ()},
    ),
    "initiateTelegramConnect": Operation(
        at="POST /v1/connect/telegram",
        body=("chatId!", "profileId!"),
        statuses=(400, 401, 403, 404, 500),
        fields={
            "message": (),
            "account": ("_id", "chatType", "displayName", "isActive", "platform", "username"),
        },
    ),
    "completeTelegramConnect": Operation(
        at="PATCH /v1/connect/telegram",
        parameters=("query code!",),
        statuses=(401, 404, 500),
        fields={
            "status": (),
            "expiresAt": (),
            "expiresIn": (),
            "chatId": (),
            "chatTitle": (),
            "chatType": (),
            "account": ("_id", "displayName", "platform", "username"),
            "message": (),
        },
    ),
    "getUsageStats": Operation(
        at="GET /v1/usage-stats",
        statuses=(401, 404),
        fields={
            "planName": (),
            "billingPeriod": (),
            "signupDate": (),
            "limits": ("profiles", "uploads"),
            "usage": ("lastReset", "profiles", "uploads"),
        },
    ),
}

# Published, and left out here for a reason.
LEFT_OUT = {
    "listProfiles query includeOverLimit": "without plans nothing is over a limit; the parameter is ignored",
    "listAccounts query includeOverLimit": "likewise",
    "isOverLimit": "only comes with includeOverLimit",
    "followersCount": "only with the analytics add-on, which is not here",
    "followersLastUpdated": "likewise",
    "listApiKeys key": "published for the answer that makes a key; a list never shows one",
    "getUsageStats 404": "the user of a working key exists",
}

# Ours, and not published, each with its reason.
OUR_OWN = {
    "getAccount": "the official SDKs call it",
    "getConnectUrl query redirectUrl": "the spelling the Python SDK sends",
    "getConnectUrl attemptId": "what logs and pages call the attempt",
    "getTelegramConnectStatus query redirect_url": "the hosted page leads there",
    "getTelegramConnectStatus query redirectUrl": "likewise",
    "getTelegramConnectStatus authUrl": "integrators ask every platform for it",
    "getTelegramConnectStatus state": "likewise",
    "getTelegramConnectStatus attemptId": "likewise",
    "completeTelegramConnect note": "why the last message was refused",
    "listFacebookPages header X-Temp-Token": "later SDKs send the tempToken there",
    "listFacebookPages unavailable": "Pages that cannot be connected, and why",
    "listFacebookPages truncated": "whether the list was cut",
    "selectFacebookPage body redirectUrl": "the spelling the Python SDK sends",
    "connectBlueskyCredentials body redirectUrl": "the spelling later SDKs send",
    "connectBlueskyCredentials body redirect_url": "the spelling of the other calls",
    "createProfile body isDefault": "as in the update",
    "createApiKey body scope": "keys for some profiles",
    "createApiKey body profileIds": "likewise",
    "createApiKey body permission": "keys that may only read",
    "createApiKey body revealTokens": "keys that may read a platform's token",
    "createApiKey body redirectAllowlist": "where this key may send browsers",
    "listAccounts query page": "lists may be paged",
    "listAccounts query limit": "likewise",
    "getUsageStats usage": "accounts are counted too",
}

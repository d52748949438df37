"""The published operations that exist here today: names and numbers only, as the published OpenAPI text has them.

A parameter is written `place name`, with `!` where it is required. Fields of an answer stand under the field that
holds them, those of a list under the list.
"""

from collections.abc import Mapping

from tests.contract.operation import Operation

__all__ = ["PUBLISHED", "Operation"]

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

_SAVED = ("accountId", "displayName", "isActive", "platform", "username")

_HEALTH = ("accountId", "displayName", "issues", "platform", "status", "username")
_HEALTHY = ("canFetchAnalytics", "canPost", "needsReconnect", "profileId", "tokenExpiresAt", "tokenValid", *_HEALTH)
_COUNTS = ("error", "healthy", "needsReconnect", "total", "warning")
_RIGHTS = ("analytics", "canFetchAnalytics", "canPost", "missingRequired", "optional", "posting")
_LIFE = ("expiresAt", "expiresIn", "needsRefresh", "valid")
_WEBHOOK = ("_id", "customHeaders", "events", "failureCount", "isActive", "lastFiredAt", "name", "secret", "url")
_TRIED = ("_id", "event", "requestPayload", "url", "webhookId", "webhookName")
_TRY = ("attemptNumber", "createdAt", "errorMessage", "responseBody", "responseTime", "status", "statusCode")
_WEBHOOK_SET = ("name", "url", "secret", "events", "isActive", "customHeaders")

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
    "listGoogleBusinessLocations": Operation(
        at="GET /v1/connect/googlebusiness/locations",
        parameters=("query profileId!", "query tempToken!"),
        statuses=(400, 401, 500),
        fields={"locations": ("accountId", "accountName", "address", "category", "id", "name")},
    ),
    "selectGoogleBusinessLocation": Operation(
        at="POST /v1/connect/googlebusiness/select-location",
        body=("profileId!", "locationId!", "tempToken!", "userProfile", "redirect_url"),
        statuses=(400, 401, 403, 404, 500),
        fields={
            "message": (),
            "redirect_url": (),
            "account": (*_SAVED, "selectedLocationId", "selectedLocationName"),
        },
    ),
    "getPendingOAuthData": Operation(
        at="GET /v1/connect/pending-data",
        parameters=("query token!",),
        statuses=(400, 404),
        fields={
            "platform": (),
            "profileId": (),
            "tempToken": (),
            "refreshToken": (),
            "expiresIn": (),
            "userProfile": (),
            "selectionType": (),
            "organizations": ("id", "name", "urn", "vanityName"),
        },
    ),
    "listLinkedInOrganizations": Operation(
        at="GET /v1/connect/linkedin/organizations",
        parameters=("query tempToken!", "query orgIds!"),
        statuses=(400, 500),
        fields={"organizations": ("description", "id", "industry", "logoUrl", "vanityName", "website")},
    ),
    "selectLinkedInOrganization": Operation(
        at="POST /v1/connect/linkedin/select-organization",
        body=("profileId!", "tempToken!", "userProfile!", "accountType!", "selectedOrganization", "redirect_url"),
        statuses=(400, 401, 500),
        fields={
            "message": (),
            "redirect_url": (),
            "account": (*_SAVED, "accountType", "profilePicture"),
            "bulkRefresh": ("errors", "updatedCount"),
        },
    ),
    "listPinterestBoardsForSelection": Operation(
        at="GET /v1/connect/pinterest/select-board",
        parameters=("header X-Connect-Token!", "query profileId!", "query tempToken!"),
        statuses=(400, 401, 403, 500),
        fields={"boards": ("description", "id", "name", "privacy")},
    ),
    "selectPinterestBoard": Operation(
        at="POST /v1/connect/pinterest/select-board",
        body=(
            "profileId!",
            "boardId!",
            "boardName",
            "tempToken!",
            "userProfile",
            "refreshToken",
            "expiresIn",
            "redirect_url",
        ),
        statuses=(400, 401, 403, 500),
        fields={"message": (), "redirect_url": (), "account": (*_SAVED, "defaultBoardName", "profilePicture")},
    ),
    "listSnapchatProfiles": Operation(
        at="GET /v1/connect/snapchat/select-profile",
        parameters=("header X-Connect-Token!", "query profileId!", "query tempToken!"),
        statuses=(400, 401, 403, 500),
        fields={"publicProfiles": ("display_name", "id", "profile_image_url", "subscriber_count", "username")},
    ),
    "selectSnapchatProfile": Operation(
        at="POST /v1/connect/snapchat/select-profile",
        parameters=("header X-Connect-Token",),
        body=(
            "profileId!",
            "selectedPublicProfile!",
            "tempToken!",
            "userProfile!",
            "refreshToken",
            "expiresIn",
            "redirect_url",
        ),
        statuses=(400, 401, 403, 500),
        fields={"message": (), "redirect_url": (), "account": (*_SAVED, "profilePicture", "publicProfileName")},
    ),
    "getFacebookPages": Operation(
        at="GET /v1/accounts/{accountId}/facebook-page",
        parameters=("path accountId!",),
        statuses=(401, 404),
        fields={"pages": ("category", "fan_count", "id", "name", "username"), "selectedPageId": (), "cached": ()},
    ),
    "updateFacebookPage": Operation(
        at="PUT /v1/accounts/{accountId}/facebook-page",
        parameters=("path accountId!",),
        body=("selectedPageId!",),
        statuses=(400, 401, 404),
        fields={"message": (), "selectedPage": ("id", "name")},
    ),
    "getLinkedInOrganizations": Operation(
        at="GET /v1/accounts/{accountId}/linkedin-organizations",
        parameters=("path accountId!",),
        statuses=(401, 404),
        fields={"organizations": ("id", "localizedName", "name", "vanityName")},
    ),
    "updateLinkedInOrganization": Operation(
        at="PUT /v1/accounts/{accountId}/linkedin-organization",
        parameters=("path accountId!",),
        body=("accountType!", "selectedOrganization"),
        statuses=(400, 401, 404),
        fields={"message": (), "account": _ACCOUNT},
    ),
    "getPinterestBoards": Operation(
        at="GET /v1/accounts/{accountId}/pinterest-boards",
        parameters=("path accountId!",),
        statuses=(400, 401, 404),
        fields={"boards": ("description", "id", "name", "privacy")},
    ),
    "updatePinterestBoards": Operation(
        at="PUT /v1/accounts/{accountId}/pinterest-boards",
        parameters=("path accountId!",),
        body=("defaultBoardId!", "defaultBoardName"),
        statuses=(400, 401, 404),
        fields={"message": (), "account": _ACCOUNT},
    ),
    "getGmbLocations": Operation(
        at="GET /v1/accounts/{accountId}/gmb-locations",
        parameters=("path accountId!",),
        statuses=(401, 404),
        fields={
            "locations": ("accountId", "accountName", "address", "category", "id", "name", "websiteUrl"),
            "selectedLocationId": (),
            "cached": (),
        },
    ),
    "updateGmbLocation": Operation(
        at="PUT /v1/accounts/{accountId}/gmb-locations",
        parameters=("path accountId!",),
        body=("selectedLocationId!",),
        statuses=(400, 401, 404),
        fields={"message": (), "selectedLocation": ("id", "name")},
    ),
    "getRedditSubreddits": Operation(
        at="GET /v1/accounts/{accountId}/reddit-subreddits",
        parameters=("path accountId!",),
        statuses=(400, 401, 404),
        fields={"subreddits": ("id", "name", "over18", "title", "url"), "defaultSubreddit": ()},
    ),
    "updateRedditSubreddits": Operation(
        at="PUT /v1/accounts/{accountId}/reddit-subreddits",
        parameters=("path accountId!",),
        body=("defaultSubreddit!",),
        statuses=(400, 401, 404),
        fields={"success": ()},
    ),
    "connectBlueskyCredentials": Operation(
        at="POST /v1/connect/bluesky/credentials",
        body=("identifier!", "appPassword!", "state!", "redirectUri"),
        statuses=(400, 401, 500),
        fields={"message": (), "account": _ACCOUNT, "redirectUrl": ()},
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
    "getAllAccountsHealth": Operation(
        at="GET /v1/accounts/health",
        parameters=("query profileId", "query platform", "query status"),
        fields={"summary": _COUNTS, "accounts": _HEALTHY},
    ),
    "getAccountHealth": Operation(
        at="GET /v1/accounts/{accountId}/health",
        parameters=("path accountId!",),
        statuses=(401, 404),
        fields=dict.fromkeys((*_HEALTH, "recommendations"), ()) | {"tokenStatus": _LIFE, "permissions": _RIGHTS},
    ),
    "createInviteToken": Operation(
        at="POST /v1/invite/tokens",
        body=("scope!", "profileIds"),
        success=201,
        statuses=(400, 401, 403),
        fields=dict.fromkeys(("token", "scope", "invitedProfileIds", "expiresAt", "inviteUrl"), ()),
    ),
    "getWebhookSettings": Operation(at="GET /v1/webhooks/settings", fields={"webhooks": _WEBHOOK}),
    "createWebhookSettings": Operation(
        at="POST /v1/webhooks/settings",
        body=_WEBHOOK_SET,
        statuses=(400, 401),
        fields={"success": (), "webhook": _WEBHOOK},
    ),
    "updateWebhookSettings": Operation(
        at="PUT /v1/webhooks/settings",
        body=("_id!", *_WEBHOOK_SET),
        statuses=(400, 401, 404),
        fields={"success": (), "webhook": _WEBHOOK},
    ),
    "deleteWebhookSettings": Operation(
        at="DELETE /v1/webhooks/settings",
        parameters=("query id!",),
        statuses=(400, 401),
        fields={"success": ()},
    ),
    "testWebhook": Operation(
        at="POST /v1/webhooks/test",
        body=("webhookId!",),
        statuses=(400, 401, 500),
        fields={"success": (), "message": ()},
    ),
    "getWebhookLogs": Operation(
        at="GET /v1/webhooks/logs",
        parameters=("query limit", "query status", "query event", "query webhookId"),
        fields={"logs": (*_TRIED, *_TRY)},
    ),
}

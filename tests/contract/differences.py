"""Where our own document and the published one differ, each with its reason."""

# Published, and left out here for a reason.
LEFT_OUT = {
    "followersCount": "only with the analytics add-on, which is not here",
    "followersLastUpdated": "likewise",
    "listApiKeys key": "published for the answer that makes a key; a list never shows one",
    "getUsageStats 404": "the user of a working key exists",
}

_LISTS = (
    "listFacebookPages",
    "listGoogleBusinessLocations",
    "listPinterestBoardsForSelection",
    "listSnapchatProfiles",
)
_CHOICES = (
    "selectFacebookPage",
    "selectGoogleBusinessLocation",
    "selectLinkedInOrganization",
    "selectPinterestBoard",
    "selectSnapchatProfile",
)
_OPTIONS = (
    "getFacebookPages",
    "getLinkedInOrganizations",
    "getPinterestBoards",
    "getGmbLocations",
    "getRedditSubreddits",
)
_TOKEN_PUBLISHED = {"listPinterestBoardsForSelection", "listSnapchatProfiles", "selectSnapchatProfile"}
_CACHED_PUBLISHED = {"getFacebookPages", "getGmbLocations"}
_ON_MANY = (
    {
        f"{name} {what}": reason
        for name in (*_LISTS, "getPendingOAuthData", *_OPTIONS)
        for what, reason in {
            "unavailable": "what cannot be chosen, and why",
            "truncated": "whether the list was cut",
        }.items()
    }
    | {f"{name} alreadyConnected": "what may be chosen again" for name in (*_LISTS, "getPendingOAuthData")}
    | {f"{name} header X-Temp-Token": "later SDKs send the tempToken there" for name in _LISTS}
    | {f"{name} body redirectUrl": "the spelling the Python SDK sends" for name in _CHOICES}
    | {
        f"{name} header X-Connect-Token": "published in the text of every choice"
        for name in (*_LISTS, *_CHOICES)
        if name not in _TOKEN_PUBLISHED
    }
    | {f"{name} query refresh": "reads the list anew" for name in _OPTIONS}
    | {
        f"{name} cached": "whether the list was read earlier, as for two of the five"
        for name in _OPTIONS
        if name not in _CACHED_PUBLISHED
    }
)

# Ours, and not published, each with its reason.
OUR_OWN = _ON_MANY | {
    "getAccount": "the official SDKs call it",
    "listConnectLogs": "what became of every connection that was started",
    "getConnectAttempt": "likewise, of one",
    "getAccountToken": "for integrators who call the platform themselves",
    "getAccountHealth needsReconnect": "as in the list",
    "getAccountHealth lastProvenAt": "when the platform last accepted a token",
    "getAccountHealth nextActionAt": "when the token is looked after by itself",
    "getAccountHealth humanNeededAt": "when only a person helps",
    "getAccountHealth humanNeededWhy": "and why",
    "getConnectUrl query redirectUrl": "the spelling the Python SDK sends",
    "getConnectUrl query reconnectAccountId": "renews one account instead of connecting another",
    "getConnectUrl query expectedPlatformUserId": "whom the platform has to name",
    "getConnectUrl query forceReauth": "the person signs in anew where the platform can ask for it",
    "getConnectUrl query scopes": "asked for instead of the usual ones",
    "getConnectUrl query language": "of the hosted pages",
    "getConnectUrl query openerOrigin": "the page that opened a popup and is told the outcome",
    "getConnectUrl statusUrl": "where that page asks how far it is",
    "getConnectUrl attemptId": "what logs and pages call the attempt",
    "getTelegramConnectStatus query redirect_url": "the hosted page leads there",
    "getTelegramConnectStatus query redirectUrl": "likewise",
    "getTelegramConnectStatus authUrl": "integrators ask every platform for it",
    "getTelegramConnectStatus state": "likewise",
    "getTelegramConnectStatus attemptId": "likewise",
    "completeTelegramConnect note": "why the last message was refused",
    "handleOAuthCallback body iss": "which server a code came from, RFC 9207",
    "listLinkedInOrganizations header X-Temp-Token": "later SDKs send the tempToken there",
    "getPendingOAuthData header X-Connect-Token": "who reads it a second time",
    "getPinterestBoards defaultBoardId": "which board is set",
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
    "listAccounts query after": "long lists are read by the last account of the page before",
    "getUsageStats usage": "accounts are counted too",
    "updateWebhookSettings body Id": "what the Python SDK makes of _id",
    "updateWebhookSettings body webhookId": "what later SDKs send",
    "deleteWebhookSettings query webhookId": "likewise",
    "rotateWebhookSecret": "two live secrets, so that a change loses nothing",
    "redeliverWebhook": "a message that was lost at the receiver",
    "listAppCredentials": "a tenant's own apps at the platforms",
    "createAppCredential": "likewise",
    "getAppCredential": "likewise",
    "updateAppCredential": "likewise",
    "deleteAppCredential": "likewise",
    "createConnectLink": "an address for people without any login",
    "listConnectLinks": "likewise",
    "getConnectLink": "likewise",
    "revokeConnectLink": "likewise",
    "listAudit": "who changed keys, apps, webhooks, people and profiles",
}

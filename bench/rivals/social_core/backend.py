"""The library's own backend for X, with other addresses in place of X's."""

import os

from social_core.backends.twitter_oauth2 import TwitterOAuth2

_ME_FIELDS = "profile_image_url,username,name,verified,verified_type,public_metrics"


class X(TwitterOAuth2):
    """X, wherever the environment says it is."""

    name = "x"
    AUTHORIZATION_URL = os.environ["RIVAL_AUTHORIZE_URL"]
    ACCESS_TOKEN_URL = os.environ["RIVAL_TOKEN_URL"]
    DEFAULT_SCOPE = os.environ["RIVAL_SCOPES"].split()
    PKCE_DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    PKCE_DEFAULT_CODE_VERIFIER_LENGTH = 43
    EXTRA_DATA = [*TwitterOAuth2.EXTRA_DATA, ("refresh_token", "refresh_token", True), ("expires_in", "expires_in")]

    def user_data(self, access_token, *args, **kwargs):
        """The person, from the one address the library writes into its code."""
        reply = self.get_json(
            os.environ["RIVAL_ME_URL"],
            params={"user.fields": _ME_FIELDS},
            headers={"Authorization": f"Bearer {access_token}"},
        )
        return reply["data"]

"""Models of `/v1/usage-stats`."""

import msgspec


class UsageLimits(msgspec.Struct, kw_only=True):
    """-1: no limit."""

    uploads: int
    profiles: int


class Usage(msgspec.Struct, kw_only=True):
    """What is in use; nothing is uploaded here."""

    uploads: int
    profiles: int
    accounts: int
    last_reset: str = msgspec.field(name="lastReset")


class UsageStats(msgspec.Struct, kw_only=True):
    """What several tools ask to see whether a key works."""

    plan_name: str = msgspec.field(name="planName")
    billing_period: str = msgspec.field(name="billingPeriod")
    signup_date: str = msgspec.field(name="signupDate")
    limits: UsageLimits
    usage: Usage

"""What revision 0008 notes about consents that were there before, on both engines."""

from moorline.store import account_needs, grants, migrate
from moorline.store import engines as store
from tests.store.rows import NOW

END_MS = 2_000_000_000_000
# Name, platform, granted, has a refresh token, end of the access, end of the right to renew, failures, is dead.
BEFORE = (
    ("renewed for ever", "twitter", '["a"]', True, 5, None, 0, False),
    ("right to renew ends", "twitter", '["a"]', True, 5, END_MS, 0, False),
    ("right to renew ends first", "twitter", '["a", "b"]', True, END_MS, 5, 0, False),
    ("cannot be renewed", "linkedin", '["a"]', False, END_MS, None, 0, False),
    ("traded", "threads", None, False, END_MS, None, 0, False),
    ("traded in vain", "threads", '["b"]', False, END_MS, None, 1, False),
    ("dead", "linkedin", '["b"]', False, END_MS, None, 0, True),
)


async def test_who_needs_a_person_and_what_was_granted_are_noted(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url, "0004")
    db = await store.connect(empty_database_url)
    await db.run("INSERT INTO users VALUES ('u', 'u', 'name', 'a@example.com', 'owner', NULL, 0, NULL)")
    for name, platform, granted, has_refresh, access_ms, refresh_ms, failures, is_dead in BEFORE:
        await db.run(
            "INSERT INTO grants (id, user_id, platform, app_id, platform_user_id, username, granted, created_at_ms,"
            " updated_at_ms, dead_at_ms) VALUES ($1, 'u', $2, 'app', $3, $3, $4, 0, 0, $5)",
            name[:24],
            platform,
            name,
            granted,
            int(NOW.timestamp()) if is_dead else None,
        )
        await db.run(
            "INSERT INTO grant_tokens (grant_id, version, access_sealed, refresh_sealed, access_expires_at_ms,"
            " refresh_expires_at_ms, updated_at_ms, failures) VALUES ($1, 1, $2, $3, $4, $5, 0, $6)",
            name[:24],
            b"x",
            b"x" if has_refresh else None,
            access_ms,
            refresh_ms,
            failures,
        )
    await db.close()
    await migrate.upgrade(empty_database_url)
    db = await store.connect(empty_database_url)
    needs = {row["id"]: row["needs_at_ms"] for row in await db.all("SELECT id, needs_at_ms FROM grants")}
    assert {name for name, at in needs.items() if at == END_MS} == {
        "right to renew ends",
        "right to renew ends firs",
        "cannot be renewed",
        "traded in vain",
    }
    assert set(needs.values()) == {None, END_MS}
    told = {(one.platform, one.granted) for one in await account_needs.consents(db, "u")}
    assert told == {
        ("twitter", ("a",)),
        ("twitter", ("a", "b")),
        ("linkedin", ("a",)),
        ("threads", ("b",)),
        ("linkedin", ("b",)),
    }
    # A key that is reckoned in another way needs a revision that writes all anew.
    for row in await db.all("SELECT platform, app_id, granted, granted_key FROM grants WHERE granted IS NOT NULL"):
        assert row["granted_key"] == grants.granted_key(row["platform"], row["app_id"], row["granted"])
    await db.close()

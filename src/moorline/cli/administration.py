"""`migrate`, `doctor` and `keys`."""

import asyncio
import json
from typing import Any

from moorline import clock
from moorline.cli.environment import load_settings, sentences, stop
from moorline.errors import MoorlineError
from moorline.outbound import OutboundMap
from moorline.owners import api_keys, users
from moorline.owners.api_keys import NewKey
from moorline.settings import Settings, WrongSettings
from moorline.store import engines as store
from moorline.store import migrate as migrations
from moorline.store.api_keys import ApiKey
from moorline.store.db import Database
from moorline.store.migrations import HEAD

_COUNTED = {
    "memory": "counted by each process for itself; with several, set MOORLINE_LIMITS_URL",
    "database": "counted in the database",
}


def migrate(*, down_to: str) -> None:
    """Migrate the configured database."""
    settings = load_settings(need_keys=False)
    with sentences():
        if down_to:
            asyncio.run(migrations.downgrade(settings.database_url, down_to))
        else:
            asyncio.run(migrations.upgrade(settings.database_url))
    print(f"The database stands at revision {down_to or HEAD}.")


def create_key(*, email: str, new: NewKey, json_answer: bool) -> None:
    """Make a key, and its user when there is none."""

    async def work(db: Database) -> tuple[ApiKey, str]:
        user = await users.find_by_email(db, email)
        if user is None:
            user, _ = await users.create_owner(db, name=email.partition("@")[0], email=email, profile_name="Default")
        return await api_keys.create(db, user.id, new)

    key, text = on_database(work)
    if json_answer:
        print(json.dumps({"id": key.id, "name": key.name, "key": text, "user_id": key.user_id}))
    else:
        print(f"{text}\nThis is the only time it is shown. User {key.user_id}, key {key.id}.")


def list_keys(*, email: str, json_answer: bool) -> None:
    """List the keys of a user."""

    async def work(db: Database) -> list[ApiKey]:
        return await api_keys.list_keys(db, (await _user(db, email)))

    found = on_database(work)
    if json_answer:
        print(json.dumps([_shown(key) for key in found]))
        return
    for key in found:
        until = "never expires" if key.expires_at is None else f"until {clock.iso(key.expires_at)}"
        print(f"{key.id}  {key.preview}  {key.permission:10}  {until}  {key.name}")


def revoke_key(*, email: str, key_id: str) -> None:
    """Revoke a key of a user."""

    async def work(db: Database) -> None:
        await api_keys.delete(db, await _user(db, email), key_id)

    on_database(work)
    print(f"Key {key_id} is revoked.")


def doctor(*, json_answer: bool) -> None:
    """Say what is right and what is missing."""
    settings = load_settings()
    findings = asyncio.run(_findings(settings))
    if json_answer:
        print(json.dumps(findings))
    else:
        for finding in findings:
            print(f"{'ok     ' if finding['ok'] else 'WRONG  '} {finding['what']}: {finding['told']}")
    if not all(finding["ok"] for finding in findings):
        raise SystemExit(1)


async def _findings(settings: Settings) -> list[dict[str, Any]]:
    findings = [
        {"what": "settings", "ok": True, "told": f"public address {settings.public_url}"},
        await _database_finding(settings),
        {"what": "encryption", "ok": True, "told": f"{len(settings.encryption_keys)} key(s); the first one seals"},
    ]
    findings.append(await _limits_finding(settings))
    if settings.outbound_allow:
        told = f"the private-address guard lets through: {settings.outbound_allow}"
        findings.append({"what": "MOORLINE_OUTBOUND_ALLOW", "ok": True, "told": told})
    if settings.metrics_port:
        who = "whoever brings the token" if settings.metrics_token else "whoever reaches it"
        told = f"/metrics at {settings.metrics_host}:{settings.metrics_port}, for {who}"
        findings.append({"what": "MOORLINE_METRICS_PORT", "ok": True, "told": told})
    try:
        OutboundMap.parse(settings.outbound_map)
    except ValueError as error:
        findings.append({"what": "MOORLINE_OUTBOUND_MAP", "ok": False, "told": str(error)})
    for name, given in settings.platforms.items():
        if name == "bluesky":
            told = "app passwords, nothing to register"
        elif given.client_id:
            told = f"configured; register {settings.callback_url(name)}" if name != "telegram" else "bot configured"
        else:
            told = "not configured"
        findings.append({"what": name, "ok": True, "told": told})
    return findings


async def _database_finding(settings: Settings) -> dict[str, Any]:
    try:
        db = await store.connect(settings.database_url)
        try:
            revision = await migrations.revision_of(db)
            sentence = await migrations.misfit(db)
            told = f"{db.engine}, revision {revision or 'none'}" + ("" if sentence is None else f". {sentence}")
            return {"what": "database", "ok": sentence is None, "told": told}
        finally:
            await db.close()
    except MoorlineError as error:
        return {"what": "database", "ok": False, "told": str(error)}


async def _limits_finding(settings: Settings) -> dict[str, Any]:
    from moorline.limits import opening

    what = "limits"
    try:
        opening.numbers_of(settings)
        if settings.limits_url in {"memory", "database"}:
            return {"what": what, "ok": True, "told": _COUNTED[settings.limits_url]}
        answers = await opening.redis_answers(settings.limits_url)
    except WrongSettings as error:
        return {"what": what, "ok": False, "told": str(error)}
    told = "counted in Redis" if answers else "Redis does not answer; each process counts by itself until it does"
    return {"what": what, "ok": answers, "told": told}


async def _user(db: Database, email: str) -> str:
    user = await users.find_by_email(db, email)
    if user is None:
        stop(f"There is no user with the address {email}.")
    return user.id


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "preview": key.preview,
        "permission": key.permission,
        "expires_at": None if key.expires_at is None else clock.iso(key.expires_at),
    }


def on_database(work: Any) -> Any:
    """What a coroutine function of an open database answers. Ends the program with a sentence when that fails."""
    settings = load_settings(need_keys=False)

    async def run() -> Any:
        db = await store.connect(settings.database_url)
        try:
            if (sentence := await migrations.misfit(db)) is not None:
                stop(sentence)
            return await work(db)
        finally:
            await db.close()

    with sentences():
        return asyncio.run(run())

"""`users`: people who sign in to the dashboard, their passwords, and links that sign them in once."""

import getpass
import json
import sys

from moorline.cli.administration import on_database
from moorline.cli.environment import load_settings, sentences, stop
from moorline.owners import passwords, sessions, users
from moorline.store.db import Database
from moorline.store.users import User


def create(*, email: str, name: str, password_stdin: bool, json_answer: bool) -> None:
    """Make a user with a first profile; with a password, or else with a link that signs them in once."""
    password = _new_password(email, from_stdin=password_stdin)

    async def work(db: Database) -> tuple[User, str]:
        owner, _ = await users.create_owner(
            db, name=name or email.partition("@")[0], email=email, profile_name="Default"
        )
        if password is None:
            return owner, await sessions.new_link(db, owner)
        await sessions.set_password(db, owner, password)
        return owner, ""

    user, token = on_database(work)
    url = _dashboard(token)
    if json_answer:
        print(json.dumps({"id": user.id, "email": user.email, "name": user.name, "sign_in_url": url}))
    elif token:
        print(f"User {user.id} is made, without a password.")
        _print_link(url)
    else:
        print(f"User {user.id} is made. Sign in at {url}")


def set_password(*, email: str, password_stdin: bool) -> None:
    """Set a password; the person is signed out everywhere."""
    password = _new_password(email, from_stdin=password_stdin)
    if password is None:
        stop("There is no terminal to ask for the password. Give it on standard input, with --password-stdin.")

    async def work(db: Database) -> None:
        await sessions.set_password(db, await _user(db, email), password)

    on_database(work)
    print("The password is set. Whoever was signed in with the old one is signed out.")


def sign_in_link(*, email: str, json_answer: bool) -> None:
    """Make a link that signs the person in, once, within 15 minutes."""

    async def work(db: Database) -> str:
        return await sessions.new_link(db, await _user(db, email))

    url = _dashboard(on_database(work))
    if json_answer:
        print(json.dumps({"sign_in_url": url}))
    else:
        _print_link(url)


def once_url(public_url: str, token: str) -> str:
    """The address that signs somebody in, once."""
    return f"{public_url}/dashboard?once={token}"


def _dashboard(token: str) -> str:
    public_url = load_settings(need_keys=False).public_url
    return once_url(public_url, token) if token else f"{public_url}/dashboard"


def _print_link(url: str) -> None:
    print(f"{url}\nIt signs in once, within 15 minutes. Give it to nobody else.")


async def _user(db: Database, email: str) -> User:
    user = await users.find_by_email(db, email)
    if user is None:
        stop(f"There is no user with the address {email}. Run: moorline users create --email {email}")
    return user


def _new_password(email: str, *, from_stdin: bool) -> str | None:
    """A password that may be one, from standard input or asked for on the terminal; None where there is neither."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("The same again: "):
            stop("The two differ. Nothing was changed.")
    else:
        return None
    with sentences():
        passwords.check(password, email=email.strip().lower())
    return password

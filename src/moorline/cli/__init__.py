"""The `moorline` command. Heavy imports happen inside commands, so that `--help` is instant."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from moorline import __version__

CHECKOUT = Path(__file__).resolve().parents[3]

app = typer.Typer(
    name="moorline",
    help="Connects people's social accounts to your application.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
keys_app = typer.Typer(help="API keys, and the key that seals tokens.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys_app, name="keys")
users_app = typer.Typer(help="People who sign in to the dashboard.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users_app, name="users")

Json = Annotated[bool, typer.Option("--json", help="Answer JSON for programs.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]


def main() -> None:
    """Entry point. What was foreseen ends with a sentence and exit code 1, never with a trace."""
    app()


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def serve(
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the database up to date first.")] = False,
) -> None:
    """Run the service. Settings come from MOORLINE_* in the environment and from .env."""
    gc.disable()  # until it serves: nearly all that is imported and made before stays
    from moorline.cli import running

    running.serve(migrate_first=migrate)


@app.command()
def worker() -> None:
    """Renew tokens, deliver webhooks and clean up, beside services that run with MOORLINE_BACKGROUND=false."""
    from moorline.cli import running

    running.worker()


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8400,
    data_dir: Annotated[str, typer.Option(help="Where the demo keeps its database and keys.")] = "moorline-data",
    once: Annotated[bool, typer.Option("--once", help="Exit after the table; 0 only if all connected.")] = False,
    json_line: Annotated[
        bool, typer.Option("--json", help="Connect nothing; print one JSON line when ready, and stay up.")
    ] = False,
) -> None:
    """Service and sandbox on SQLite, with every platform connected before your eyes."""
    from moorline.cli.demo import demo as run_demo

    run_demo(port=port, data_dir=data_dir, once=once, json_line=json_line)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8401,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    callback_base: Annotated[
        str, typer.Option(help="Where the service runs whose callbacks are registered.")
    ] = "http://127.0.0.1:8400",
) -> None:
    """Only the simulated platforms, for anybody's code; print the outbound map that leads to them."""
    from moorline.cli import running

    running.sandbox(host=host, port=port, callback_base=callback_base)


@app.command()
def migrate(
    down_to: Annotated[str, typer.Option(help="Go down to this revision instead; `base` empties it.")] = "",
) -> None:
    """Bring the database's schema to this version."""
    from moorline.cli import administration

    administration.migrate(down_to=down_to)


@app.command()
def doctor(json_answer: Json = False) -> None:
    """Check settings, database and platforms, and say what is missing. Exit code 1 when something is wrong."""
    from moorline.cli import administration

    administration.doctor(json_answer=json_answer)


@keys_app.command("create")
def keys_create(
    *,
    email: Annotated[str, typer.Option(help="Whose key; the user is made when there is none.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    read_only: Annotated[bool, typer.Option("--read-only", help="The key may only read.")] = False,
    reveal_tokens: Annotated[
        bool, typer.Option("--reveal-tokens", help="The key may read the platforms' own tokens.")
    ] = False,
    expires_in_days: Annotated[int, typer.Option(help="Days until it expires; 0: never.", min=0)] = 0,
    json_answer: Json = False,
) -> None:
    """Make an API key and print it, this once."""
    from moorline.cli import administration
    from moorline.owners.api_keys import NewKey

    new = NewKey(
        name=name,
        permission="read" if read_only else "read-write",
        reveal_tokens=reveal_tokens,
        expires_in_days=expires_in_days or None,
    )
    administration.create_key(email=email, new=new, json_answer=json_answer)


@keys_app.command("list")
def keys_list(
    email: Annotated[str, typer.Option(help="Whose keys.")],
    json_answer: Json = False,
) -> None:
    """List a user's API keys."""
    from moorline.cli import administration

    administration.list_keys(email=email, json_answer=json_answer)


@keys_app.command("revoke")
def keys_revoke(
    email: Annotated[str, typer.Option(help="Whose key.")],
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` prints it.")],
) -> None:
    """Revoke an API key at once."""
    from moorline.cli import administration

    administration.revoke_key(email=email, key_id=key_id)


@keys_app.command("encryption")
def keys_encryption() -> None:
    """Print a fresh key for MOORLINE_ENCRYPTION_KEYS."""
    from moorline.vault import new_key

    typer.echo(new_key())


@keys_app.command("rotate-encryption")
def keys_rotate_encryption(json_answer: Json = False) -> None:
    """Seal everything stored under the first of MOORLINE_ENCRYPTION_KEYS, so that the others can be removed."""
    from moorline.cli import resealing

    resealing.rotate(json_answer=json_answer)


@users_app.command("create")
def users_create(
    *,
    email: Annotated[str, typer.Option(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="What the person or the workspace is called.")] = "",
    password_stdin: PasswordStdin = False,
    json_answer: Json = False,
) -> None:
    """Make a user with a workspace of their own. Asks for a password; without a terminal, prints a sign-in link."""
    from moorline.cli import people

    people.create(email=email, name=name, password_stdin=password_stdin, json_answer=json_answer)


@users_app.command("password")
def users_password(
    email: Annotated[str, typer.Option(help="Whose password.")],
    password_stdin: PasswordStdin = False,
) -> None:
    """Set a user's password, and sign them out everywhere."""
    from moorline.cli import people

    people.set_password(email=email, password_stdin=password_stdin)


@users_app.command("sign-in-link")
def users_sign_in_link(
    email: Annotated[str, typer.Option(help="Whom it signs in.")],
    json_answer: Json = False,
) -> None:
    """Print a link that signs a user in to the dashboard, once, within 15 minutes."""
    from moorline.cli import people

    people.sign_in_link(email=email, json_answer=json_answer)


# Measuring needs bench/, the sandbox and a PostgreSQL of its own, which are in a checkout and in no package.
if (CHECKOUT / "bench" / "__main__.py").is_file():

    @app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def bench(context: typer.Context) -> None:
        """Measure (`bench`), or fill a database with a million accounts (`bench seed`). In a checkout only."""
        import os
        import sys

        path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
        os.execve(  # noqa: S606 - this very interpreter
            sys.executable, [sys.executable, "-m", "bench", *context.args], {**os.environ, "PYTHONPATH": path}
        )

"""What spans are named after: words of a platform and of ours, never what somebody brought; and what is off costs."""

import socket
import subprocess
import sys
import time

import pytest
from opentelemetry.context import Context

from moorline.tracing import EXPORT_WITHIN_S, Tracing, kind_of, template_of


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v25.0/me/accounts", "/v25.0/me/accounts"),
        ("/v25.0/100000000000101", "/v25.0/{}"),
        ("/2/users/me", "/2/users/me"),
        ("/2/oauth2/token", "/2/oauth2/token"),
        ("/bot123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr/getUpdates", "/{}/getUpdates"),
        ("/file/bot123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr/photos/file_1.jpg", "/file/{}/photos/{}"),
        ("/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.createSession"),
        ("/r/some_community/about", "/r/{}/about"),
        ("/rest/organizationAcls", "/rest/organizationAcls"),
        ("/v2/urn%3Ali%3Aperson%3AAbC", "/v2/{}"),
        ("/v1/accounts/1/locations", "/v1/accounts/1/locations"),
        ("/v1/accounts/104000000000000001/locations:search", "/v1/accounts/{}/locations:search"),
        ("/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "/{}"),
        ("/" + "a" * 60, "/{}"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_a_platforms_path_keeps_its_words_only(path: str, template: str) -> None:
    assert template_of(path) == template


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT * FROM accounts WHERE id = $1", "SELECT accounts"),
        ("insert into attempts (id) values ($1)", "INSERT attempts"),
        ("UPDATE grant_tokens SET holder = $1", "UPDATE grant_tokens"),
        ("DELETE FROM selections WHERE state_hash = 'x'", "DELETE selections"),
        ("WITH taken AS MATERIALIZED (SELECT d.position FROM deliveries d) UPDATE deliveries SET x = 1", "deliveries"),
        ("SELECT 'FROM a secret'", "SELECT a"),
        ("", ""),
    ],
)
def test_a_statement_is_told_by_its_verb_and_its_first_table(sql: str, kind: str) -> None:
    assert kind_of(sql).endswith(kind)


def test_what_is_off_is_not_even_imported() -> None:
    program = (
        "import sys; import moorline.app, moorline.cli.running, moorline.cli.scraping;"
        "print([name for name in sys.modules if name.partition('.')[0] in {'opentelemetry', 'prometheus_client'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_traces_without_their_packages_stop_the_start_with_a_sentence() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None;"
        "from moorline import observing; from moorline.settings import Settings, WrongSettings\n"
        "try: observing.begin(Settings(traces_url='http://127.0.0.1:4318/v1/traces'))\n"
        "except WrongSettings as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "MOORLINE_TRACES_URL is set, but OpenTelemetry is not installed: pip install 'moorline[otel]'."
    )


def test_a_receiver_that_hangs_holds_the_stop_no_longer_than_one_export() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        tracing = Tracing(url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces")
        for _ in range(1800):
            with tracing.span("work", context=Context()):
                pass
        begun_s = time.monotonic()
        tracing.close()
        assert time.monotonic() - begun_s < EXPORT_WITHIN_S + 2

"""Settings are checked before anything starts; each fault has a sentence that names it and tells no secret."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline import platforms, vault
from moorline.adapter.oauth import OAuthPlatform
from moorline.settings import PKCE_OPTIONAL, PREFIX, PlatformSettings, Settings, WrongSettings, load

KEY = vault.new_key()
PLATFORMS = ("pinterest", "reddit", "tiktok", "bluesky", "telegram")
BOT_TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOpp-_q"
ENV_EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"


def loaded(**given_settings: str) -> Settings:
    named = {f"{PREFIX}{name}": value for name, value in {"ENCRYPTION_KEYS": KEY, **given_settings}.items()}
    return load({"PATH": "somewhere", "HOME": "elsewhere", **named}, platforms=PLATFORMS)


def faults(**given_settings: str) -> tuple[str, ...]:
    with pytest.raises(WrongSettings) as raised:
        loaded(**given_settings)
    assert str(raised.value) == "\n".join(raised.value.sentences)
    return raised.value.sentences


def the_fault(**given_settings: str) -> str:
    (sentence,) = faults(**given_settings)
    return sentence


def test_a_key_is_all_that_has_to_be_set() -> None:
    assert loaded() == Settings(
        encryption_keys=(vault.parse_key(KEY),), platforms=dict.fromkeys(PLATFORMS, PlatformSettings())
    )


def test_everything_can_be_set() -> None:
    settings = loaded(
        PUBLIC_URL="https://connect.example.com/late/",
        HOST="192.0.2.7",
        PORT="443",
        DATABASE_URL="postgresql://moorline:p%40ss@db.example.com:5432/moorline",
        RATE_LIMIT_PER_MINUTE="0",
        LIMITS="start-link=100",
        LIMITS_URL="rediss://moorline:s3cret@redis.example.com:6380/1",
        OUTBOUND_MAP='{"https://a": "http://b"}',
        OUTBOUND_ALLOW="pds.example:3000",
        CORS_ORIGINS="https://app.example.com, http://localhost:3000",
        BRAND="Harbour",
        LOG_LEVEL="debug",
        LOG_JSON="off",
        TELEGRAM_MODE="Webhook",
        TELEGRAM_CODE_PREFIX="quay",
        TELEGRAM_BOT_TOKEN=BOT_TOKEN,
        BLUESKY_DNS="YES",
        BACKGROUND="off",
        TRUSTED_PROXIES="2",
        METRICS_TOKEN="scrape-me-if-you-can",
        METRICS_HOST="192.0.2.8",
        METRICS_PORT="9464",
        TRACES_URL="http://collector.example:4318/v1/traces",
        TRACES_PERCENT="5",
        TRACES_JOIN_CALLERS="on",
        PINTEREST_CLIENT_ID="app-1",
        PINTEREST_CLIENT_SECRET="a secret",
        PINTEREST_REDIRECT_URI="https://app.example.com/hooks/pinterest?x=1",
        PINTEREST_SCOPES="boards:read, pins:read  pins:write",
        PINTEREST_API_VERSION="v5",
    )
    assert dataclasses.replace(settings, encryption_keys=(), platforms={}) == Settings(
        public_url="https://connect.example.com/late",
        host="192.0.2.7",
        port=443,
        database_url="postgresql://moorline:p%40ss@db.example.com:5432/moorline",
        rate_limit_per_minute=0,
        limits="start-link=100",
        limits_url="rediss://moorline:s3cret@redis.example.com:6380/1",
        outbound_map='{"https://a": "http://b"}',
        outbound_allow="pds.example:3000",
        cors_origins=("https://app.example.com", "http://localhost:3000"),
        brand="Harbour",
        log_level="DEBUG",
        log_json=False,
        telegram_mode="webhook",
        telegram_code_prefix="QUAY",
        bluesky_dns=True,
        background=False,
        trusted_proxies=2,
        metrics_token="scrape-me-if-you-can",
        metrics_host="192.0.2.8",
        metrics_port=9464,
        traces_url="http://collector.example:4318/v1/traces",
        traces_percent=5,
        traces_join_callers=True,
    )
    assert settings.platforms["telegram"] == PlatformSettings(client_id="123456789", client_secret=BOT_TOKEN)
    assert settings.platforms["pinterest"] == PlatformSettings(
        client_id="app-1",
        client_secret="a secret",
        redirect_uri="https://app.example.com/hooks/pinterest?x=1",
        scopes=("boards:read", "pins:read", "pins:write"),
        api_version="v5",
    )
    assert settings.callback_url("pinterest") == "https://app.example.com/hooks/pinterest?x=1"
    assert settings.callback_url("reddit") == "https://connect.example.com/late/connect/reddit/callback"


def test_a_setting_left_empty_is_not_set() -> None:
    assert loaded(PORT="", PUBLIC_URL=" ", REDDIT_CLIENT_ID="", TELEGRAM_BOT_TOKEN="") == loaded()


def test_settings_show_no_secret_when_printed() -> None:
    settings = loaded(
        REDDIT_CLIENT_ID="app-1",
        REDDIT_CLIENT_SECRET="s3cret",
        DATABASE_URL="postgresql://u:s3cret@db/m",
        LIMITS_URL="redis://:s3cret@redis",
        TELEGRAM_BOT_TOKEN=BOT_TOKEN,
        METRICS_TOKEN="s3cret-for-scraping",
    )
    assert "s3cret" not in repr(settings)
    assert BOT_TOKEN not in repr(settings)
    assert repr(settings.encryption_keys[0]) not in repr(settings)


@pytest.mark.parametrize(
    ("given_settings", "sentence"),
    [
        ({"PORT": "80a"}, 'MOORLINE_PORT is "80a": give a whole number from 1 to 65535.'),
        ({"PORT": "0"}, 'MOORLINE_PORT is "0": give a whole number from 1 to 65535.'),
        ({"PORT": "65536"}, 'MOORLINE_PORT is "65536": give a whole number from 1 to 65535.'),
        ({"PORT": "9" * 5000}, "give a whole number from 1 to 65535."),
        ({"RATE_LIMIT_PER_MINUTE": "-1"}, "give a whole number from 0 to"),
        ({"RATE_LIMIT_PER_MINUTE": "1.5"}, "give a whole number from 0 to"),
        ({"LIMITS_URL": "database"}, 'MOORLINE_LIMITS_URL is "database", which needs PostgreSQL'),
        ({"LIMITS_URL": "redis:6379"}, "must be memory, database, or start with redis:// or rediss://"),
        ({"LIMITS_URL": "redis://"}, "must be memory, database, or start with redis:// or rediss://"),
        ({"LIMITS_URL": "redis://[::1/0"}, "must be memory, database, or start with redis:// or rediss://"),
        ({"LIMITS_URL": "redis://:p/w@host"}, "must be memory, database, or start with redis:// or rediss://"),
        ({"LOG_JSON": "perhaps"}, 'MOORLINE_LOG_JSON is "perhaps": give true or false.'),
        ({"BLUESKY_DNS": "2"}, 'MOORLINE_BLUESKY_DNS is "2": give true or false.'),
        ({"LOG_LEVEL": "LOUD"}, 'MOORLINE_LOG_LEVEL is "LOUD": give one of DEBUG, INFO, WARNING, ERROR.'),
        ({"TELEGRAM_MODE": "pull"}, 'MOORLINE_TELEGRAM_MODE is "pull": give one of polling, webhook, off.'),
        ({"TELEGRAM_CODE_PREFIX": "L"}, "give 2 to 12 letters or digits."),
        ({"TELEGRAM_CODE_PREFIX": "LATE-"}, "give 2 to 12 letters or digits."),
        ({"TELEGRAM_BOT_TOKEN": "late"}, "MOORLINE_TELEGRAM_BOT_TOKEN is not a bot token"),
        ({"DATABASE_POOL_SIZE": "0"}, 'MOORLINE_DATABASE_POOL_SIZE is "0": give a whole number from 1 to 1000.'),
        ({"DATABASE_STATEMENT_TIMEOUT_S": "x"}, "MOORLINE_DATABASE_STATEMENT_TIMEOUT_S is "),
        ({"DATABASE_STATEMENT_CACHE": "some"}, "MOORLINE_DATABASE_STATEMENT_CACHE is "),
        ({"DRAIN_S": "301"}, 'MOORLINE_DRAIN_S is "301": give a whole number from 0 to 300.'),
        ({"DATABASE_URL": "postgresql://u@a:5432,b:x/d"}, "has no number as its port"),
        ({"TRUSTED_PROXIES": "-1"}, 'MOORLINE_TRUSTED_PROXIES is "-1": give a whole number from 0 to 10.'),
        (
            {"METRICS_TOKEN": "short"},
            "MOORLINE_METRICS_TOKEN must have 16 to 256 printable ASCII characters, no spaces.",
        ),
        ({"METRICS_TOKEN": "a token with spaces"}, "MOORLINE_METRICS_TOKEN must have 16 to 256"),
        ({"METRICS_PORT": "65536"}, 'MOORLINE_METRICS_PORT is "65536": give a whole number from 0 to 65535.'),
        ({"METRICS_PORT": "8400"}, "MOORLINE_METRICS_PORT is MOORLINE_PORT: give a port of its own, or 0 for none."),
        ({"TRACES_URL": "collector:4318"}, 'MOORLINE_TRACES_URL is "collector:4318": give an address such as http://'),
        ({"TRACES_URL": "http://u:p@h/v1"}, "MOORLINE_TRACES_URL is an address with a user name: give an address"),
        ({"TRACES_PERCENT": "0"}, 'MOORLINE_TRACES_PERCENT is "0": give a whole number from 1 to 100.'),
        ({"CORS_ORIGINS": "https://a.example/path"}, 'holds "https://a.example/path": give origins such as'),
        ({"CORS_ORIGINS": "https://a.example,app"}, 'MOORLINE_CORS_ORIGINS holds "app"'),
        ({"DATABASE_URL": "mysql://u@h/d"}, "MOORLINE_DATABASE_URL must start with sqlite:/// "),
        ({"DATABASE_URL": "moorline.sqlite3"}, "MOORLINE_DATABASE_URL must start with sqlite:/// "),
        ({"DATABASE_URL": "sqlite:///"}, "must name a file after sqlite:///"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "must name a file after sqlite:///"),
        ({"DATABASE_URL": "postgresql://u:p#w@h/d"}, "not percent-encoded?"),
        ({"PINTEREST_REDIRECT_URI": "/callback"}, "give the full https address that is registered at the platform."),
        ({"PINTEREST_REDIRECT_URI": "https://a.example/x#y"}, "give the full https address"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_give(given_settings: dict[str, str], sentence: str) -> None:
    assert sentence in the_fault(**given_settings)


@pytest.mark.parametrize(
    "url",
    [
        "connect.example.com",
        "//connect.example.com",
        "ftp://connect.example.com",
        "https://",
        "https:///path",
        "https://connect.example.com?x=1",
        "https://connect.example.com?",
        "https://connect.example.com#top",
        "https://connect.example.com:https",
        "https://connect.example.com:99999",
        "https://connect example.com",
        "https:\\\\connect.example.com",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_a_public_url_that_is_no_address_is_refused(url: str) -> None:
    assert the_fault(PUBLIC_URL=url).endswith("give an address such as https://connect.example.com.")


@pytest.mark.parametrize("platform", ["pinterest", "reddit", "tiktok"])
@pytest.mark.parametrize(("given_part", "missing"), [("CLIENT_ID", "CLIENT_SECRET"), ("CLIENT_SECRET", "CLIENT_ID")])
def test_half_given_credentials_are_refused_naming_the_other_half(platform: str, given_part: str, missing: str) -> None:
    stem = platform.upper()
    assert the_fault(**{f"{stem}_{given_part}": "s3cret"}) == (
        f"MOORLINE_{stem}_{given_part} is set but MOORLINE_{stem}_{missing} is not:"
        " set both, or neither to leave it off."
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PUBLIC_ULR", "PUBLIC_URL"),
        ("ENCRYPTION_KEY", "ENCRYPTION_KEYS"),
        ("PINTEREST_CLIENTID", "PINTEREST_CLIENT_ID"),
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_ID"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    assert the_fault(**{name: "s3cret"}) == f"MOORLINE_{name} is not a setting. Did you mean MOORLINE_{meant}?"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@one:5432,two:5433/moorline?target_session_attrs=read-write",
        "postgresql://u:p@one,[::1]:5433/moorline?sslmode=verify-full&application_name=moorline",
        "postgres:///moorline?host=one,two&port=5432,5433&user=u",
        "postgresql://u:p%40%2C%2F@%2Frun%2Fpostgresql/moorline",
        "postgresql:///moorline",
    ],
    ids=["several", "sixth version", "parameters", "socket", "environment"],
)
def test_a_database_of_one_server_or_several_is_taken(url: str) -> None:
    assert loaded(DATABASE_URL=url).database_url == url


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("@one:5432,/moorline", "names a server without a host"),
        ("@,one/moorline", "names a server without a host"),
        ("@:5432/moorline", "names a server without a host"),
        ("@one:5432,two:x/moorline", "has no number as its port"),
        ("@one:0/moorline", "has no number as its port"),
        ("@[::1/moorline", "has no number as its port"),
        ("/7q7@one/moorline", "has no number as its port"),
        ("@7q7@one/moorline", "has more than one @"),
        ("@/moorline?host=one,two&port=1,2,3", "names 3 ports for 2 servers"),
        ("@one/moorline?read-write", "has something after ? that is not name=value"),
        ("@one,two/moorline?target_session_attrs=standby", "that is none of: any, primary, read-write"),
        ("@one/moorline?sslmode=on", "has a sslmode that is none of: disable, allow, prefer"),
        ("@one/moorline?connect_timeout=3", "has connect_timeout after ?, which means nothing here"),
    ],
    ids=[
        "comma last", "comma first", "port alone", "port of one", "no port", "bracket", "slash", "at", "ports",
        "no value", "standby", "sslmode", "of libpq",
    ],
)  # fmt: skip
def test_an_address_no_database_can_have_is_refused_and_not_repeated(rest: str, reason: str) -> None:
    sentence = the_fault(DATABASE_URL=f"postgresql://harbour:pa55{rest}")
    assert reason in sentence
    assert not any(part in sentence for part in ("harbour", "pa55", "7q7", "5432"))


def test_how_many_statements_are_kept_is_found_out_unless_it_is_said() -> None:
    kept = [loaded(DATABASE_STATEMENT_CACHE=said).database_statement_cache for said in ("auto", "0", "100")]
    assert (loaded().database_statement_cache, kept) == (None, [None, 0, 100])


def test_an_unknown_setting_like_no_other_is_refused_without_a_guess() -> None:
    assert the_fault(XYZZY="s3cret") == "MOORLINE_XYZZY is not a setting."


def test_what_belongs_to_other_programs_is_left_alone() -> None:
    assert load({"MOORLINE": "1", "PORT": "x", f"{PREFIX}ENCRYPTION_KEYS": KEY}, platforms=()) == Settings(
        encryption_keys=(vault.parse_key(KEY),)
    )


def test_every_fault_is_told_at_once() -> None:
    told = faults(PORT="x", LOG_LEVEL="y", REDDIT_CLIENT_ID="z", ENCRYPTION_KEYS="", NONSENSE="1")
    named = [re.match(rf"{PREFIX}(\w+)", sentence) for sentence in told]
    assert sorted(match[1] for match in named if match) == [
        "ENCRYPTION_KEYS", "LOG_LEVEL", "NONSENSE", "PORT", "REDDIT_CLIENT_ID",
    ]  # fmt: skip


@pytest.mark.parametrize("keys", ["", " ", ",", " , ,"])
def test_s33_without_a_key_nothing_starts(keys: str) -> None:
    sentence = the_fault(ENCRYPTION_KEYS=keys)
    assert sentence.startswith("MOORLINE_ENCRYPTION_KEYS is not set: without it tokens could not be sealed")
    assert "moorline keys encryption" in sentence


def test_s33_a_missing_key_is_told_when_the_variable_is_not_there_at_all() -> None:
    with pytest.raises(WrongSettings, match="MOORLINE_ENCRYPTION_KEYS is not set"):
        load({}, platforms=())
    assert load({}, platforms=(), need_keys=False).encryption_keys == ()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("c2hvcnQ=", "key 1 has 5 bytes instead of 32"),
        ("k" * 64, "key 1 has 48 bytes instead of 32"),
        ("correct-horse-battery-staple!", "key 1 is not base64"),
        ("schlüssel", "key 1 is not base64"),
        ("A" * 43 + "=", "key 1 is one byte repeated, not a random key"),
        (f"{KEY},c2hvcnQ=", "key 2 has 5 bytes instead of 32"),
        (f"{KEY},,{KEY[:-2]}=", "key 2 "),
    ],
    ids=["short", "long", "no base64", "no ASCII", "one byte", "second short", "second cut"],
)
def test_s33_a_key_that_is_short_or_wrong_is_refused_and_not_repeated(key: str, reason: str) -> None:
    sentence = the_fault(ENCRYPTION_KEYS=key)
    assert reason in sentence
    assert not any(part in sentence for part in key.split(",") if part)


def test_s33_a_wrong_key_is_refused_even_where_none_is_needed() -> None:
    with pytest.raises(WrongSettings, match="is wrong: key 1"):
        load({f"{PREFIX}ENCRYPTION_KEYS": "c2hvcnQ="}, platforms=(), need_keys=False)


def test_s34_several_keys_keep_their_order() -> None:
    keys = [vault.new_key() for _ in range(3)]
    assert loaded(ENCRYPTION_KEYS=f" {keys[0]} , {keys[1]},{keys[2]},").encryption_keys == tuple(
        map(vault.parse_key, keys)
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENCRYPTION_KEYS", "s3cret-s3cret"),
        ("DATABASE_URL", "mysql://harbour:s3cret@db/m"),
        ("DATABASE_URL", "postgresql://harbour:s3cret#s3cret@db/m"),
        ("PUBLIC_URL", "https://harbour:s3cret@connect.example.com"),
        ("CORS_ORIGINS", "https://harbour:s3cret@app.example.com"),
        ("REDDIT_REDIRECT_URI", "https://harbour:s3cret@app.example.com/cb"),
        ("REDDIT_CLIENT_SECRET", "s3cret"),
        ("TELEGRAM_BOT_TOKEN", "123456789:s3cret"),
        ("REDDIT_SECRET", "s3cret"),
    ],
)
def test_s30_no_message_repeats_a_secret(name: str, value: str) -> None:
    assert "s3cret" not in "\n".join(faults(**{name: value}))


@given(value=st.text(max_size=60), name=st.sampled_from(["PUBLIC_URL", "PORT", "DATABASE_URL", "ENCRYPTION_KEYS"]))
def test_whatever_is_given_is_taken_or_refused_with_sentences(name: str, value: str) -> None:
    sentences: tuple[str, ...] = ()
    try:
        loaded(**{name: value})
    except WrongSettings as error:
        sentences = error.sentences
    assert all(sentence.startswith(f"{PREFIX}{name} ") for sentence in sentences)


def test_the_example_file_names_settings_that_exist() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    named = {match[1]: match[2] for line in lines if (match := re.fullmatch(r"#?(MOORLINE_\w+)=(.*)", line))}
    known = {name[len(PREFIX) : -len("_CLIENT_ID")].lower() for name in named if name.endswith("_CLIENT_ID")}
    known |= {"bluesky", "telegram"}
    given_settings = {name: "" if "CLIENT" in name else value for name, value in named.items()}
    settings = load({**given_settings, f"{PREFIX}ENCRYPTION_KEYS": KEY}, platforms=known)
    examples = dataclasses.replace(settings, outbound_map="{}", limits="")
    assert examples == load({f"{PREFIX}ENCRYPTION_KEYS": KEY}, platforms=known), "the values shown are the defaults"


def test_the_code_challenge_is_a_setting_exactly_where_an_adapter_leaves_it_open() -> None:
    oauth = [one for one in platforms.ALL if isinstance(one, OAuthPlatform)]
    assert {one.name for one in oauth if one.spec.pkce_optional} == PKCE_OPTIONAL
    for one in oauth:
        given = {f"{PREFIX}ENCRYPTION_KEYS": KEY, f"{PREFIX}{one.name.upper()}_PKCE": "true"}
        if one.spec.pkce_optional:
            assert load(given, platforms=[one.name]).platforms[one.name].pkce is True
        else:
            with pytest.raises(WrongSettings, match="_PKCE is not a setting"):
                load(given, platforms=[one.name])
    assert load({f"{PREFIX}ENCRYPTION_KEYS": KEY}, platforms=["snapchat"]).platforms["snapchat"].pkce is False

"""S52: what signatures cover, and what the helper for receivers refuses."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from moorline import clock
from moorline.webhooks import sign
from moorline.webhooks.sign import NotGenuine, Seen
from tests.conftest import FrozenClock

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "your-secret-key"
BODY = b'{"event": "account.connected"}'


def signed(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    return sign.headers("507f1f77bcf86cd799439011", body, secrets or (SECRET,), clock.now())


def test_the_example_of_standard_webhooks_is_signed_as_published_there() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    made = sign.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', (SECRET,), at)
    assert made["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert made["webhook-timestamp"] == "1614265330"
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, PLAIN])
def test_the_published_signature_is_the_hex_hmac_of_the_raw_body_under_the_whole_secret(secret: str) -> None:
    expected = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    assert signed(secret)["X-Late-Signature"] == expected


def test_a_secret_without_a_prefix_is_its_own_key() -> None:
    made = signed(PLAIN)
    over = f"{made['webhook-id']}.{made['webhook-timestamp']}.".encode() + BODY
    expected = base64.b64encode(hmac.new(PLAIN.encode(), over, hashlib.sha256).digest()).decode()
    assert made["webhook-signature"] == f"v1,{expected}"


def test_a_new_secret_has_32_random_bytes_and_no_two_are_alike() -> None:
    made = {sign.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(sign.key_of(secret)) for secret in made} == {32}


def test_s52_a_genuine_delivery_is_accepted_with_either_live_secret(frozen_clock: FrozenClock) -> None:
    made = signed(SECRET, PLAIN)
    assert sign.verify(made, BODY, (SECRET,)) == made["webhook-id"]
    assert sign.verify(made, BODY, (PLAIN,)) == made["webhook-id"]
    assert sign.verify({name.upper(): value for name, value in made.items()}, BODY, ("other", PLAIN))


@pytest.mark.parametrize("field", ["webhook-id", "webhook-timestamp", "body"])
def test_s52_a_change_of_id_time_or_body_is_refused(frozen_clock: FrozenClock, field: str) -> None:
    given = signed()
    body = BODY.replace(b"connected", b"disconnected") if field == "body" else BODY
    if field == "webhook-id":
        given[field] = "507f1f77bcf86cd799439012"
    if field == "webhook-timestamp":
        given[field] = str(int(given[field]) + 1)
    with pytest.raises(NotGenuine, match="signature"):
        sign.verify(given, body, (SECRET,))


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v2,x", "x" * 100, "v1,ä", "v1,\ud800"])
def test_s52_what_is_no_signature_is_refused(frozen_clock: FrozenClock, signature: str) -> None:
    with pytest.raises(NotGenuine):
        sign.verify({**signed(), "webhook-signature": signature}, BODY, (SECRET,))


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "9" * 40, "٣"])
def test_s52_a_timestamp_that_is_no_number_is_refused(frozen_clock: FrozenClock, timestamp: str) -> None:
    with pytest.raises(NotGenuine, match="number"):
        sign.verify({**signed(), "webhook-timestamp": timestamp}, BODY, (SECRET,))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_s52_a_delivery_without_one_of_the_headers_is_refused(frozen_clock: FrozenClock, name: str) -> None:
    given = signed()
    del given[name]
    with pytest.raises(NotGenuine, match=name):
        sign.verify(given, BODY, (SECRET,))


@pytest.mark.parametrize(("seconds", "accepted"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_s52_more_than_five_minutes_of_difference_are_refused(
    frozen_clock: FrozenClock, seconds: float, accepted: bool
) -> None:
    given = signed()
    frozen_clock.advance(seconds)
    if accepted:
        assert sign.verify(given, BODY, (SECRET,))
        return
    with pytest.raises(NotGenuine, match="five minutes"):
        sign.verify(given, BODY, (SECRET,))


def test_s52_the_same_request_twice_is_refused_and_a_redelivery_is_not(frozen_clock: FrozenClock) -> None:
    seen, given = Seen(), signed()
    assert sign.verify(given, BODY, (SECRET,), seen=seen)
    frozen_clock.advance(290)
    with pytest.raises(NotGenuine, match="before"):
        sign.verify(given, BODY, (SECRET,), seen=seen)
    assert sign.verify(signed(), BODY, (SECRET,), seen=seen) == given["webhook-id"]


def test_s52_a_wrong_signature_does_not_use_up_the_id(frozen_clock: FrozenClock) -> None:
    seen, given = Seen(), signed()
    with pytest.raises(NotGenuine):
        sign.verify({**given, "webhook-signature": "v1,x"}, BODY, (SECRET,), seen=seen)
    assert sign.verify(given, BODY, (SECRET,), seen=seen)


def test_what_was_seen_is_forgotten_once_it_is_refused_for_its_age_anyhow(frozen_clock: FrozenClock) -> None:
    seen = Seen()
    sign.verify(signed(), BODY, (SECRET,), seen=seen)
    frozen_clock.advance(601)
    sign.verify(signed(), BODY, (SECRET,), seen=seen)
    assert len(seen._until) == 1

"""Records as CloudEvents: their attributes, and what of people's words and ids is in them."""

from dataclasses import replace

import orjson
import pytest

from core.errors import SettingsError
from core.messages import PersonRef
from core.outward.events import event_of, trial_event
from core.outward.signing import is_signed, keys_in, new_secret, sign
from core.pseudonyms import Pseudonyms
from core.store.erasing import Erasure
from tests.contract.store_stories import LIKE, commented, consented, moment, voted
from tests.contract.test_store_erasing import ANN, BOB, WORDS, story

NAMES = Pseudonyms(b"a key")


def sent(record, *, words=False, messages=()):
    return orjson.loads(event_of(record, NAMES, words=words, messages=messages).body)


def test_a_record_has_the_attributes_of_a_cloudevent():
    record = replace(voted("m2", ANN.key, LIKE), seq=7, subject=ANN.key, message_id="m2", conversation_id="c1")

    event = sent(record)

    assert event["data"]["value"] is True
    assert {name: value for name, value in event.items() if name != "data"} == {
        "specversion": "1.0",
        "id": record.id,
        "source": "/plaudit/test/slack/T1",
        "type": "plaudit.log_feedback.v1",
        "time": "2026-01-01T00:00:00.000000+00:00",
        "datacontenttype": "application/json",
        "subject": "m2",
        "recordversion": "1.0.0",
        "sequence": "00000000000000000007",
        "conversationid": "c1",
    }


def test_without_words_nobody_is_named_and_nothing_is_quoted():
    bodies = b"".join(event_of(each, NAMES, words=False).body for each in story())

    assert WORDS.encode() not in bodies
    assert not any(each.id.encode() in bodies for each in (ANN, BOB))
    assert NAMES.of(ANN.key).encode() in bodies


def test_with_words_people_are_still_called_by_their_pseudonyms():
    events = [sent(each, words=True) for each in story()]

    assert events[1]["data"]["content"] == f"What is {WORDS}?"
    assert events[1]["data"]["author"] == events[6]["data"]["source_id"] == NAMES.of(ANN.key)
    assert events[0]["data"]["username"] == NAMES.of(ANN.key)


def test_what_a_number_or_a_choice_says_stays():
    like, category, score = (story()[place] for place in (6, 9, 10))

    assert [sent(each)["data"]["value"] for each in (like, category, score)] == [True, "rude", 4]


def test_a_wish_and_an_erasure_name_nobody_who_is_known():
    wish = consented(ANN.key, 1, keep=False)
    erasure = Erasure.of(ANN, moment(2))

    asked, gone = sent(wish), sent(erasure.record("test.slack.T1"), messages=["m1", "m2"])

    assert asked["data"] == {"subject": NAMES.of(ANN.key), "keep": False}
    assert gone["data"] == {"subject": erasure.pseudonym.key, "messages": ["m1", "m2"]}


def test_a_judge_is_called_what_it_is_called():
    record = commented("m2", "org/judge", "so so")
    record = replace(record, data={**record.data, "source_type": "LLM_JUDGE"})

    assert sent(record)["data"]["source_id"] == "org/judge"


def test_a_trial_says_nothing():
    event = trial_event("1", "dev", moment(0))

    assert (event.type, orjson.loads(event.body)["source"]) == ("plaudit.test.v1", "/plaudit/dev/plaudit/test")


def test_the_signature_is_that_of_the_specification():
    # The example of the reference implementations (github.com/standard-webhooks/standard-webhooks).
    [key] = keys_in("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", name="X")
    body = b'{"test": 2432232314}'

    signature = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert is_signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, f"v1,x {signature}", now=1614265400)
    assert not is_signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, signature, now=1614265931)


def test_while_a_key_is_replaced_either_is_known():
    new, old = keys_in(f"{new_secret()} {new_secret()}", name="X")

    signature = sign([new, old], "id", 1, b"{}")

    assert is_signed(new, "id", 1, b"{}", signature, now=1)
    assert is_signed(old, "id", 1, b"{}", signature, now=1)


@pytest.mark.parametrize(
    ("text", "says"), [("", "is empty"), ("whsec_!", "holds no key"), ("whsec_c2hvcnQ=", "5 bytes")]
)
def test_a_key_that_is_none_is_refused(text, says):
    with pytest.raises(SettingsError, match=says):
        keys_in(text, name="HOOK")


def test_ids_of_people_are_found_inside_origins_too():
    person = PersonRef("slack", "T1", "U0ANN45678")
    record = voted("m2", person.key, LIKE, origin=f"form:{person.id}:1")

    assert sent(record)["data"]["origin"] == f"form:{NAMES.of(person.key)}:1"

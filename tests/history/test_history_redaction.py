"""What is masked before it is written, and what is not."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.history.redaction import Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADAN\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key AKIAIOSFODNN7EXAMPLE.", "key ***."),
        ("ASIAIOSFODNN7EXAMPLE", "***"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = ***"),
        ('{"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', '{"SecretAccessKey":"***"}'),
        ("ghp_0123456789abcdefghij0123456789abcdef", "***"),
        ("github_pat_0123456789abcdefghij0123", "***"),
        ("token xoxb-12345678-abcdefgh", "token ***"),
        ("https://hooks.slack.com/services/T000/B000/XXXX and", "https://hooks.slack.com*** and"),
        ('"https:\\/\\/hooks.slack.com\\/services\\/T000\\/B000\\/XXXX"', '"https:\\/\\/hooks.slack.com***"'),
        (f"Bearer {JWT}", "Bearer ***"),
        (f"a {PEM} b", "a *** b"),
        (json.dumps({"key": PEM}), '{"key": "***"}'),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "***"),
    ],
)
def test_known_formats_are_masked(text, masked):
    assert Redactor().text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "epoch 3 loss=0.12 acc=0.98 学習率 0.1",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "arn:aws:states:us-east-1:000000000000:execution:digits:run-1",
        "MAKIAVELLI and the eyJack, xoxo, a secret key: none, hooks.slack.com",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_ordinary_texts_stay(text):
    assert Redactor(["short", ""]).text(text) == text
    assert Redactor().stream().line(text) == text


@pytest.mark.parametrize(
    "secret", ["p@ss wörd/+&?=1", 'quote"back\\slash', "hunter2!", "ひみつのことば", "two\nlines-of-it-all"]
)
def test_registered_values_are_masked_in_every_form(secret):
    redactor = Redactor({"NAME": secret})
    forms = [
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps(json.dumps({"a": secret}, ensure_ascii=False), ensure_ascii=False),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    ]
    for form in forms:
        masked = redactor.text(f"before {form} after")
        assert "***" in masked and masked.startswith("before ") and masked.endswith(" after"), form
        assert form.strip('"') not in masked
    for before in ("", "u:", "ab", "abc"):
        encoded = base64.b64encode((before + secret + ":end").encode()).decode()
        assert "***" in redactor.text(encoded), (before, encoded)


def test_values_shorter_than_six_characters_are_not_masked():
    assert Redactor(["abcde"]).text("abcde") == "abcde"
    assert Redactor(["abcdef"]).text("abcdef") == "***"


def test_the_longer_of_two_secrets_is_masked_whole():
    assert Redactor(["secret-1", "secret-12345"]).text("secret-12345") == "***"


def test_json_values_are_masked_inside_and_keep_their_shape():
    value = {"a": ["hunter2!", 1, None, True, {"hunter2! key": 2.5}]}
    assert Redactor(["hunter2!"]).value(value) == {"a": ["***", 1, None, True, {"*** key": 2.5}]}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(['hunter2-"\\\n字', 'x hunter2-"\\\n字']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(json_values, st.booleans())
def test_a_json_text_stays_json_and_holds_no_secret(value, ascii_only):
    secret = 'hunter2-"\\\n字'
    text = Redactor([secret]).text(json.dumps(value, ensure_ascii=ascii_only))
    assert secret not in str(json.loads(text))
    assert "hunter2-" not in text


def test_a_cut_never_goes_through_a_secret():
    redactor = Redactor(["abcdefgh"])
    text = "12345abcdefgh678"
    assert [redactor.cut(text, at) for at in range(len(text) + 1)] == [0, 1, 2, 3, 4, *([5] * 8), 13, 14, 15, 16]

"""The log file: captured, bounded, masked, read and followed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.history.redaction import Redactor
from stepmill.jobs import logs


def captured(path, blocks, secrets=()):
    seen = []
    path.unlink(missing_ok=True)
    log = logs.LogFile(str(path))
    capture = logs.Capture("out", log, Redactor(secrets), lambda lines, now: seen.extend(lines))
    for block in blocks:
        capture.feed(block, 1795424400.123)
    capture.close(1795424400.123)
    log.close()
    lines = [line.text for line in logs.read(path)]
    assert seen == lines
    return lines


def test_a_line_is_its_time_stream_and_text(tmp_path):
    log = logs.LogFile(str(tmp_path / "log"))
    log.write("out", ["前処理 done", ""], 1795424400.1239)
    log.write("err", ["a  b "], 1795424401.0)
    log.close()
    assert (tmp_path / "log").read_text() == (
        "2026-11-23T09:00:00.123Z out 前処理 done\n2026-11-23T09:00:00.123Z out \n2026-11-23T09:00:01.000Z err a  b \n"
    )
    assert logs.read(tmp_path / "log")[-1] == logs.LogLine(1795424401.0, "err", "a  b ")
    assert [line.text for line in logs.read(tmp_path / "log", last=2)] == ["", "a  b "]
    assert logs.read(tmp_path / "log", last=0) == []
    assert logs.read(tmp_path / "none") == []


def test_lines_survive_any_cut_of_the_stream(tmp_path):
    data = "eins\nzwei 二\r\n\n最後".encode()
    for size in range(1, len(data) + 1):
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        assert captured(tmp_path / "log", blocks) == ["eins", "zwei 二", "", "最後"]


def test_bytes_that_are_not_utf8_are_replaced(tmp_path):
    assert captured(tmp_path / "log", [b"a\xffb\n\xe4\xba"]) == ["a�b", "�"]


def test_a_long_line_becomes_several_of_256_kb_without_losing_a_character(tmp_path):
    text = "行" * 300_000
    lines = captured(tmp_path / "log", [text.encode()[at : at + 65536] for at in range(0, 900_000, 65536)])
    assert "".join(lines) == text
    assert len(lines) == 4 and all(len(line.encode()) <= logs.CHUNK for line in lines)


def test_a_secret_across_the_border_of_two_chunks_is_masked(tmp_path):
    secret = "s3cr3t-" + "x" * 50
    for place in range(logs.CHUNK - 60, logs.CHUNK + 3, 15):
        for end in (b"\n", b""):
            data = b"a" * place + secret.encode() + b"b" * logs.CHUNK + end
            lines = captured(tmp_path / "log", [data[at : at + 65536] for at in range(0, len(data), 65536)], [secret])
            assert "".join(lines) == "a" * place + "***" + "b" * logs.CHUNK


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["a", "\n", "hunter2!", "二", "hunter", "2!", " "]), max_size=30), st.integers(1, 7))
def test_a_secret_never_reaches_a_line_however_the_stream_is_cut(tmp_path_factory, words, size):
    data = "".join(words).encode()
    path = tmp_path_factory.getbasetemp() / "property.log"
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    lines = captured(path, blocks, ["hunter2!"])
    assert all("hunter2!" not in line for line in lines)
    assert "\n".join(lines) == "".join(words).replace("hunter2!", "***").removesuffix("\n")


def test_a_private_key_is_masked_line_by_line(tmp_path):
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- after\nfree\n"
    assert captured(tmp_path / "log", [key.encode()]) == ["***", "***", "***", "*** after", "free"]


def test_following_yields_lines_as_they_come_and_ends_with_the_job(tmp_path):
    path = tmp_path / "log"
    steps = iter([b"2026-11-23T09:00:00.000Z out one\n2026-11-23T09:00:00.000Z o", b"ut two\n", b""])

    def ended(_seconds):
        block = next(steps, None)
        with path.open("ab") as file:
            file.write(block or b"")
        return block is None or block == b""

    assert [line.text for line in logs.follow(path, ended)] == ["one", "two"]


def test_a_full_disk_loses_lines_and_counts_them(tmp_path):
    log = logs.LogFile("/dev/full")
    log.write("out", ["a", "b"], 0.0)
    assert log.lost == 2

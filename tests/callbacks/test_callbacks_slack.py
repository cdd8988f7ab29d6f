"""The Slack callback, against a server on loopback that answers as Slack does and as Slack never should."""

import http.server
import json
import pickle
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stepmill.callbacks import slack
from stepmill.callbacks.slack import SlackCallback, notify

SECRET = "T0/B0/verysecretpart"


class Slack(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Type"], body))
        status, answer, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slack) as server:
        server.received, server.answer = [], (200, b"ok", {})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/services/{SECRET}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(slack, "_warned", set())
    for name in ("SLACK_WEBHOOK_URL", "TRAINING_JOB_NAME", "SAGEMAKER_JOB_NAME", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def texts(server):
    return [json.loads(body)["text"] for _, _, body in server.received]


def test_a_message_reaches_the_webhook_as_slacks_json(server):
    assert notify("精度 0.97 ✓") is True
    path, kind, body = server.received[0]
    assert (path, kind) == (f"/services/{SECRET}", "application/json; charset=utf-8")
    assert json.loads(body) == {"text": "精度 0.97 ✓"}


def test_without_a_webhook_nothing_is_sent_and_nothing_is_said(capsys):
    assert notify("x") is False
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"oops", {}), "Slack answered 500 oops"),
        ((404, b"no_team", {}), "Slack answered 404 no_team"),
        ((403, f"<p>{SECRET}</p>".encode(), {}), "Slack answered 403;"),
        ((302, b"", {"Location": f"http://127.0.0.1:1/{SECRET}"}), "Slack answered 302"),
    ],
)
def test_a_refusal_is_warned_about_once_without_the_address(server, capsys, answer, reason):
    server.answer = answer
    assert [notify("x"), notify("y")] == [False, False]
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and reason in err
    assert SECRET not in err and "127.0.0.1" not in err


def test_a_server_that_never_answers_costs_the_timeout_and_no_more(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        assert notify("x", timeout=0.05) is False
    assert "no answer within 0.05 seconds" in capsys.readouterr().err


def test_a_refused_connection_is_told_without_the_address(monkeypatch, capsys):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://127.0.0.1:9/{SECRET}")
    assert notify("x") is False
    err = capsys.readouterr().err
    assert "no connection (ConnectionRefusedError)" in err and SECRET not in err


@pytest.mark.parametrize(
    "url",
    [
        f"http://hooks.slack.com/services/{SECRET}",
        f"file:///services/{SECRET}",
        f"hooks.slack.com/services/{SECRET}",
        f"https://hooks.slack.com:port/{SECRET}",
        f"https://[/{SECRET}",
        f"https://127.0.0.1:9/{SECRET} with spaces",
        f"http://127.0.0.1.example.com/{SECRET}",
    ],
)
def test_a_url_that_is_no_https_webhook_is_refused_without_repeating_it(monkeypatch, capsys, url):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", url)
    assert notify("x") is False
    err = capsys.readouterr().err
    assert err.startswith("slack: SLACK_WEBHOOK_URL: ") and SECRET not in err


def test_long_texts_are_cut(server):
    notify("a" * 10_000)
    assert len(texts(server)[0]) == 3000 and texts(server)[0].endswith("…")


def train(callback, epochs):
    callback.set_params({"epochs": epochs, "steps": 1})
    callback.set_model(object())
    callback.on_train_begin()
    for epoch in range(epochs):
        callback.on_epoch_begin(epoch)
        callback.on_train_batch_end(0, {"loss": 1.0})
        callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "accuracy": 0.5 + epoch / 100})
    callback.on_train_end()


def test_the_callback_tells_the_beginning_the_epochs_and_the_end(server):
    times = iter([0.0, 10.0, 135.0])
    train(SlackCallback("digits", clock=lambda: next(times)), 3)
    assert texts(server) == [
        "digits: training begins: 3 epochs",
        "digits: epoch 1/3 loss: 1 accuracy: 0.5",
        "digits: epoch 2/3 loss: 0.5 accuracy: 0.51",
        "digits: training ended after 2 min 5 s, epoch 3/3 loss: 0.3333 accuracy: 0.52",
    ]


def test_the_callback_is_named_after_the_job_and_posts_as_often_as_asked(monkeypatch):
    monkeypatch.setenv("TRAINING_JOB_NAME", "digits-train-1")
    sent = []
    train(SlackCallback(every=5, send=lambda text: sent.append(text) is None), 12)
    assert [text.split(" loss")[0] for text in sent[:3]] == [
        "digits-train-1: training begins: 12 epochs",
        "digits-train-1: epoch 5/12",
        "digits-train-1: epoch 10/12",
    ]
    assert len(sent) == 4


def test_a_dead_channel_is_tried_three_times_and_once_at_the_end():
    tried = []

    def fail(text):
        tried.append(text)
        raise RuntimeError(SECRET)

    train(SlackCallback(send=fail), 20)
    assert len(tried) == 4


def test_keras_finds_every_hook_it_may_ask_for():
    callback = SlackCallback()
    for name in ("on_predict_batch_begin", "on_test_end", "on_batch_end"):
        hook = getattr(callback, name)
        assert hook(0, logs={}) is None and hook._is_default
    assert callback._implements_train_batch_hooks() is False
    with pytest.raises(AttributeError):
        _ = callback.history


def test_a_pickled_callback_leaves_the_model_behind():
    callback = SlackCallback()
    callback.set_model(threading.Lock())
    assert pickle.loads(pickle.dumps(callback)).model is None


def test_the_file_works_alone_and_imports_no_framework(tmp_path):
    (tmp_path / "slack.py").write_bytes(Path(slack.__file__).read_bytes())
    code = "import sys, slack; sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow', 'stepmill', 'numpy')))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={}, check=True)

"""Tells a Slack channel how training goes: a plain function and a Keras callback.

In: a text, and the webhook from the environment variable SLACK_WEBHOOK_URL. Out: one HTTPS request per message.
Touches: the network and stderr, and neither when it is imported. A message that cannot be sent is warned about once and
never ends a training; the webhook's address appears in no message, error or log. What a job does not need to report
progress will never belong here: this file travels alone.

    from stepmill.callbacks.slack import SlackCallback, notify

    model.fit(x, y, callbacks=[SlackCallback()])
    notify("digits: accuracy 0.97")

Limits and answers of an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import functools
import ipaddress
import json
import os
import sys
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

VARIABLE = "SLACK_WEBHOOK_URL"
LONGEST = 3000  # characters; Slack cuts long texts off, and nobody reads further on a phone

_warned: set[str] = set()


class NotSent(Exception):
    """Why a message did not reach Slack, in words that never hold the webhook's address."""


def notify(text: str, *, variable: str = VARIABLE, timeout: float = 5.0) -> bool:
    """Post one message to the webhook that the environment variable names, and say whether Slack took it.

    text: plain text or Slack's mrkdwn, sent as it is; what is longer than 3,000 characters is cut.
    variable: the name of the environment variable that holds the webhook's URL. Unset or empty: nothing is sent.
    timeout: seconds for connecting and for each answer.

    Returns True when Slack answered 2xx, else False. It never raises: what went wrong is said once on stderr.
    """
    url = os.environ.get(variable, "").strip()
    if not url:
        return False
    try:
        post(url, text, timeout=timeout)
    except NotSent as error:
        _warn(f"{variable}: {error}")
        return False
    return True


def post(url: str, text: str, *, timeout: float = 5.0) -> None:
    """Post one message to this webhook, or raise NotSent.

    https only, except to this machine itself, where a test listens. A redirect is refused: webhooks have none, and
    following one would carry the message elsewhere.
    """
    import http.client  # here, because a pipeline that only brings this file along should not wait for it
    import urllib.error
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        valid = parts.port is None or parts.port > 0
    except ValueError:
        host, valid = "", False
    if not valid or not host or parts.scheme not in ("http", "https"):
        raise NotSent("this is not the URL of a webhook")
    local = _loopback(host)
    if parts.scheme != "https" and not local:
        raise NotSent("the webhook must be https")
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    body = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "replace")
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310 - scheme checked above
    handlers: list[urllib.request.BaseHandler] = [NoRedirect()]
    if local:
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        # Slack's own word, such as "no_team" or "invalid_payload"; it is short and never repeats the address.
        word = error.read(64).decode("ascii", "replace").strip()
        error.close()
        word = f" {word}" if word.replace("_", "").isalpha() else ""
        raise NotSent(f"Slack answered {error.code}{word}") from None
    except TimeoutError:
        raise NotSent(f"no answer within {timeout:g} seconds") from None
    except urllib.error.URLError as error:
        late = isinstance(error.reason, TimeoutError)
        reason = f"no answer within {timeout:g} seconds" if late else type(error.reason).__name__
        raise NotSent(reason if late else f"no connection ({reason})") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        # ValueError: http.client quotes what it dislikes of an address in its message, so only the type is told.
        raise NotSent(f"no connection ({type(error).__name__})") from None


class SlackCallback:
    """A Keras callback that posts the beginning, the epochs and the end of a training.

    It is one by its methods, for Keras 2, Keras 3 and tf.keras alike, so that neither is imported or required.

    title: what the messages begin with. Default: the SageMaker job's name where there is one, else "training".
    every: post each that many epochs; 0 posts only the beginning and the end. The last epoch is in the end's message.
    variable, timeout: as for `notify`.
    send: who sends a text and says whether it went; default: `notify`. After three failures in a row the epochs stay
    silent, so that a dead network costs a training seconds, not hours; the end is tried once more.
    """

    def __init__(
        self,
        title: str | None = None,
        *,
        every: int = 1,
        variable: str = VARIABLE,
        timeout: float = 5.0,
        send: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if every < 0:
            raise ValueError(f"every={every}: it counts epochs, so it must be 0 or more")
        job = os.environ.get("TRAINING_JOB_NAME") or os.environ.get("SAGEMAKER_JOB_NAME")
        self.title = title or job or "training"
        self.every = every
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self._send = send or functools.partial(notify, variable=variable, timeout=timeout)
        self._clock = clock
        self._began = clock()
        self._failures = 0
        self._last: tuple[int, Mapping[str, Any]] = (0, {})

    # Keras asks for these by name.

    def set_params(self, params: Mapping[str, Any] | None) -> None:
        """Keras tells how many epochs there will be."""
        self.params = dict(params or {})

    def set_model(self, model: Any) -> None:
        """Keras hands over the model; it is kept for subclasses and not used here."""
        self.model = model

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Post that training begins."""
        self._began, self._failures, self._last = self._clock(), 0, (0, {})
        epochs = self.params.get("epochs")
        self._post("training begins" + (f": {epochs} epochs" if epochs else ""))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Post the epoch's figures; `epoch` counts from 0, as Keras does, and is shown from 1."""
        self._last = (epoch + 1, dict(logs or {}))
        last = epoch + 1 == self.params.get("epochs")
        if self.every and not last and (epoch + 1) % self.every == 0 and self._failures < 3:
            self._post(self._describe(*self._last))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Post the last epoch's figures and how long it all took."""
        epoch, figures = self._last
        seconds = self._clock() - self._began
        self._post(f"training ended after {_duration(seconds)}, {self._describe(epoch, {**figures, **(logs or {})})}")

    def __getattr__(self, name: str) -> Any:
        """Every other hook that a Keras has or will have, as one that does nothing."""
        if name.startswith("on_"):
            return _nothing
        if name.startswith("_implements_"):
            return lambda: False
        if name in ("_supports_tf_logs", "async_safe"):
            return False
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __getstate__(self) -> dict[str, Any]:
        """Pickled with a model, as some distributed strategies do, it leaves the model out."""
        return {**self.__dict__, "model": None}

    def _describe(self, epoch: int, figures: Mapping[str, Any]) -> str:
        total = self.params.get("epochs")
        words = [f"epoch {epoch}" + (f"/{total}" if total else "")]
        return " ".join(words + [f"{name}: {_number(value)}" for name, value in figures.items()])

    def _post(self, text: str) -> None:
        try:
            sent = self._send(f"{self.title}: {text}")
        except Exception as error:  # noqa: BLE001 - a message is never worth a training
            _warn(f"the message was not sent ({type(error).__name__})")
            sent = False
        self._failures = 0 if sent else self._failures + 1


def _nothing(*args: Any, **kwargs: Any) -> None:
    """A hook that does nothing."""


# Keras 3 asks a hook this before it decides whether to call it after every batch.
_nothing._is_default = True  # type: ignore[attr-defined]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _number(value: Any) -> str:
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return str(value)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _warn(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        print(f"slack: {message}; training goes on without it", file=sys.stderr, flush=True)  # noqa: T201 - a job's log is its stderr

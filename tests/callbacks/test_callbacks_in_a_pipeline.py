"""Slack from a pipeline: the module travels with the function, the webhook through the environment and nowhere else."""

import http.server
import json
import threading

import pytest

PIPELINE = """
    from stepmill.callbacks import slack
    from stepmill.steps import LambdaStep
    from stepmill.workflow import Workflow

    tell = LambdaStep("Tell", function="functions.py:notify", payload={"text": "精度 0.97"}, dependencies=[slack])
    workflow = Workflow("told", definition=tell, query_language="JSONata")
"""

FUNCTIONS = """
    import os, sys

    def notify(event, context):
        from stepmill.callbacks import slack

        print("posting to", os.environ["SLACK_WEBHOOK_URL"])
        return {"sent": slack.notify(event["text"]), "webhook": os.environ["SLACK_WEBHOOK_URL"], "from": slack.__file__}
"""


class Slack(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body)["text"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.fixture
def channel():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slack) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_function_tells_slack_and_no_log_or_history_holds_the_webhook(project, channel):
    project.write("pipeline.py", PIPELINE)
    project.write("functions.py", FUNCTIONS)
    secret = "services/T0/B0/verysecretpart"
    webhook = f"http://127.0.0.1:{channel.server_port}/{secret}"
    done = project.stepmill(
        "run", "pipeline.py", "--json", "--pass-env", "SLACK_WEBHOOK_URL", SLACK_WEBHOOK_URL=webhook
    )
    assert channel.received == ["精度 0.97"]
    assert json.loads(done.stdout)["output"]["Payload"]["sent"] is True
    assert secret not in done.stdout + done.stderr
    # The host's own copy of a result, in .tokens, is what the function said; nothing that is shown is read from it.
    files = [path for path in project.root.rglob("*") if path.is_file() and ".tokens" not in path.parts]
    assert files and [path for path in files if secret.encode() in path.read_bytes()] == []

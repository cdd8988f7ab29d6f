"""What the front door costs, beside moto's server, both measured in one run on one machine.

In: `--reps N`, `--size MIB`. Out: one table on stdout, the raw figures in bench/out/door.json. Touches: bench/out only.
It asserts nothing. The client is the same for both. boto3, as it comes, spends more on an upload than our server does,
so the same is sent by AWS's client in C and by plain connections too; small calls are one signed request over and over,
on eight of these.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import json
import os
import queue
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
WORK = OUT / "door"
BIN = Path(sys.executable).parent
CLIENTS, CALLS = 8, 400
UPLOADS = 3
PART, SENDERS = 8, 4  # MiB, as boto3's; connections
MIB = 1 << 20
PASS = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
ROLE = "arn:aws:iam::000000000000:role/bench"
FUNCTION = "def handler(event, context):\n    return event\n"
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=300)


class Peer:
    """A server that runs: its address and the key it takes."""

    def __init__(self, url: str, key: str, secret: str, process: subprocess.Popen[bytes]) -> None:
        self.url, self.key, self.secret, self.process = url, key, secret, process

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=_ONCE,
        )

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MiB it holds."""
        line = next(x for x in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if "VmRSS" in x)
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def stepmill(port: int) -> Iterator[Peer]:
    store = WORK / f"store-{port}"
    command = [BIN / "stepmill", "--store", store / ".stepmill"]
    process = subprocess.Popen([*command, "serve", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        key = store / ".stepmill" / "key.json"
        while not key.exists():
            time.sleep(0.002)
        found = json.loads(key.read_text())
        yield Peer(f"http://127.0.0.1:{port}", found["id"], found["secret"], process)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(store, ignore_errors=True)


@contextlib.contextmanager
def moto(port: int) -> Iterator[Peer]:
    process = subprocess.Popen(
        [BIN / "moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Peer(f"http://127.0.0.1:{port}", "test", "test", process)
    finally:
        process.terminate()
        process.wait(30)


PEERS = {"stepmill": stepmill, "moto": moto}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def first_answer(start: Any) -> float:
    """Seconds from starting the process to its first answer."""
    began = time.perf_counter()
    with start(free_port()) as peer:
        head, body = signed(peer, "ListStateMachines", {})
        while True:
            try:
                connection = http.client.HTTPConnection(peer.url[7:], timeout=10)
                connection.request("POST", "/", body, head)
                if connection.getresponse().status == 200:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.002)


def signed(peer: Peer, operation: str, request: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """A request of Step Functions, signed once; both servers take its repetition."""
    body = json.dumps(request).encode()
    head = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    asked = AWSRequest("POST", peer.url + "/", head, body)
    SigV4Auth(Credentials(peer.key, peer.secret), "states", "us-east-1").add_auth(asked)
    return dict(asked.headers.items()), body


def uploads(peer: Peer, size: int) -> dict[str, float]:
    """MiB/s up of one object by four clients, each the best of UPLOADS rounds: the first pays for fresh memory."""
    peer.client("s3").create_bucket(Bucket="bench")
    clients = {"boto3": with_boto3, "CRT": with_crt, "parts": in_parts, "one PUT": in_one}
    found: dict[str, float] = {}
    for _ in range(UPLOADS):
        for name, send in clients.items():
            cpu, own, began = peer.cpu(), time.process_time(), time.perf_counter()
            send(peer, size)
            taken = time.perf_counter() - began
            if size / taken > found.get(f"{name} up MiB/s", 0):
                found |= {
                    f"{name} up MiB/s": size / taken,
                    f"{name} up CPU s": peer.cpu() - cpu,
                    f"{name} client CPU s": time.process_time() - own,
                }
    return found


def download(peer: Peer, size: int) -> dict[str, float]:
    """MiB/s down of what `uploads` left, by boto3 as it comes."""
    back = WORK / "back"
    cpu, began = peer.cpu(), time.perf_counter()
    peer.client("s3").download_file("bench", "boto3", str(back), Config=TransferConfig())
    down, down_cpu = time.perf_counter() - began, peer.cpu() - cpu
    if subprocess.run(["cmp", WORK / "source", back], check=False).returncode:
        sys.exit("what came back is not what was sent")
    back.unlink()
    return {"down MiB/s": size / down, "down CPU s": down_cpu, "memory MiB": peer.memory()}


def with_boto3(peer: Peer, size: int) -> None:
    """As it comes: ten threads of Python in one process."""
    peer.client("s3").upload_file(str(WORK / "source"), "bench", "boto3", Config=TransferConfig())


def with_crt(peer: Peer, size: int) -> None:
    """By AWS's transfer client in C, which boto3 and the AWS CLI take on larger machines."""
    session = botocore.session.Session()
    session.set_credentials(peer.key, peer.secret)
    wrapped = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
    serializer = BotocoreCRTRequestSerializer(session, {"region_name": "us-east-1", "endpoint_url": peer.url})
    with CRTTransferManager(create_s3_crt_client("us-east-1", wrapped, use_ssl=False), serializer) as manager:
        manager.upload(str(WORK / "source"), "bench", "crt").result()


class Unsigned(S3SigV4Auth):
    """Signs all but the body, so that the client costs next to nothing."""

    def payload(self, request: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"


def put(peer: Peer, connection: http.client.HTTPConnection, path: str, start: int, length: int) -> str:
    """Send so many bytes of the source from `start` in one request, the system copying the file → the ETag."""
    asked = AWSRequest("PUT", peer.url + path, {"Content-Length": str(length)})
    asked.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    Unsigned(Credentials(peer.key, peer.secret), "s3", "us-east-1").add_auth(asked)
    connection.putrequest("PUT", path)
    for name, value in asked.headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    with (WORK / "source").open("rb") as file:
        connection.sock.sendfile(file, start, length)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:
        sys.exit(f"{peer.url}: {answer.status}: {said!r}")
    return str(answer.getheader("ETag"))


def in_one(peer: Peer, size: int) -> None:
    """One PUT over one plain connection."""
    put(peer, http.client.HTTPConnection(peer.url[7:], timeout=300), "/bench/whole", 0, size * MIB)


def in_parts(peer: Peer, size: int) -> None:
    """The parts that boto3 makes of it, over four plain connections."""
    s3 = peer.client("s3")
    upload = {"Bucket": "bench", "Key": "plain"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    numbers = range(1, size // PART + 1)
    for number in numbers:
        waiting.put(number)
    tags: dict[int, str] = {}

    def send() -> None:
        connection = http.client.HTTPConnection(peer.url[7:], timeout=300)
        with contextlib.suppress(queue.Empty):
            while True:
                number = waiting.get_nowait()
                path = f"/bench/plain?partNumber={number}&uploadId={upload['UploadId']}"
                tags[number] = put(peer, connection, path, (number - 1) * PART * MIB, PART * MIB)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    chosen = [{"PartNumber": number, "ETag": tags[number]} for number in numbers]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": chosen})


def calls(peer: Peer) -> dict[str, float]:
    """Milliseconds of DescribeExecution under eight clients."""
    states = peer.client("stepfunctions")
    machine = states.create_state_machine(name="bench", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    head, body = signed(peer, "DescribeExecution", {"executionArn": arn})
    taken: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection(peer.url[7:], timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(CALLS):
            began = time.perf_counter()
            connection.request("POST", "/", body, head)
            answer = connection.getresponse()
            if answer.status != 200:
                sys.exit(f"{peer.url}: {answer.status}: {answer.read()!r}")
            answer.read()
            taken.append(time.perf_counter() - began)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    whole = time.perf_counter() - began
    return {
        "p50 ms": statistics.median(taken) * 1000,
        "p99 ms": statistics.quantiles(taken, n=100)[98] * 1000,
        "calls/s": len(taken) / whole,
    }


def functions(peer: Peer) -> dict[str, float]:
    """Milliseconds of the first and of a later call of a function, through HTTP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    client = peer.client("lambda")
    cold = []
    for number in range(5):
        name = f"bench{number}"
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        began = time.perf_counter()
        client.invoke(FunctionName=name, Payload=b"{}")
        cold.append(time.perf_counter() - began)
    warm = []
    for _ in range(200):
        began = time.perf_counter()
        client.invoke(FunctionName="bench0", Payload=b"{}")
        warm.append(time.perf_counter() - began)
    return {"cold ms": statistics.median(cold) * 1000, "warm ms": statistics.median(warm) * 1000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=5, help="starts of each server (default: 5)")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="size of the object (default: 1024)")
    args = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with (WORK / "source").open("wb") as file:
        for _ in range(args.size):
            file.write(os.urandom(MIB))
    starts: dict[str, list[float]] = {name: [] for name in PEERS}
    for _ in range(args.reps):
        for name, start in PEERS.items():
            starts[name].append(first_answer(start))
    found: dict[str, dict[str, float]] = {}
    for name, start in PEERS.items():
        with start(free_port()) as peer:
            wait_for(peer)
            found[name] = {"start s": statistics.median(starts[name]), **calls(peer)}
            found[name] |= {**uploads(peer, args.size), **download(peer, args.size)}
            if name == "stepmill":
                found[name] |= functions(peer)
    shutil.rmtree(WORK)
    (OUT / "door.json").write_text(json.dumps(found, indent=2))
    print(f"{'':20}{'stepmill':>12}{'moto':>12}{'ratio':>9}")
    for what, ours in found["stepmill"].items():
        theirs = found["moto"].get(what)
        beside = f"{theirs:12.2f}{ours / theirs:9.2f}" if theirs else f"{'n/a':>12}"
        print(f"{what:20}{ours:12.2f}{beside}")


def wait_for(peer: Peer) -> None:
    """Until it answers."""
    states = peer.client("stepfunctions")
    until = time.monotonic() + 30
    while True:
        try:
            states.list_state_machines()
            return
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()

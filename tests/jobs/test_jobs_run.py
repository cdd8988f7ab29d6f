"""How a job ends, and what it leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

from stepmill.jobs import metrics


def sh(desk, name, script, **more):
    return desk.run(desk.processing(name, "/bin/sh", "-c", script, **more))


def test_outputs_are_stored_under_their_prefixes_and_the_tree_of_a_completed_job_goes(desk):
    job = sh(
        desk,
        "out",
        "cd /opt/ml/processing/a; mkdir deep; echo 1 > deep/データ.csv; ln -s /etc/passwd link",
        outputs={"a": "/opt/ml/processing/a", "empty": "/opt/ml/processing/empty"},
    )
    state = job.state()
    assert (state.status, state.exit_code, state.failure_reason) == ("Completed", 0, None)
    assert desk.keys("out/") == ["out/out/a/deep/データ.csv"]
    assert [one.status for one in state.transitions] == ["Starting", "InProgress", "Completed"]
    assert state.created <= state.started <= state.ended and state.billable >= 1
    assert sorted(path.name for path in job.folder.iterdir()) == [
        *("exit.json", "job.json", "lock", "log", "started", "status.jsonl", "supervisor.log")
    ]
    assert (job.folder / "supervisor.log").read_text() == ""


def test_a_training_job_leaves_model_and_output_archives_with_relative_members(desk):
    script = "mkdir /opt/ml/model/sub; echo m > /opt/ml/model/sub/m.bin; echo o > /opt/ml/output/data/o.txt"
    job = desk.run(desk.training("arch", "/bin/sh", "-c", script))
    state = job.state()
    assert state.model == "s3://stepmill-local/models/arch/output/model.tar.gz"
    assert desk.unpacked(state.model) == {"sub/m.bin": "m\n"}
    assert desk.unpacked("s3://stepmill-local/models/arch/output/output.tar.gz") == {"o.txt": "o\n"}
    assert [one.status for one in state.transitions] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]


def test_without_compression_the_model_is_stored_as_a_tree(desk):
    request = desk.training("tree", "/bin/sh", "-c", "echo m > /opt/ml/model/m.bin")
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    assert desk.run(request).state().model == "s3://stepmill-local/models/tree/output/model/"
    assert desk.get("models/tree/output/model/m.bin") == "m\n"


def test_a_nonzero_exit_fails_the_job_with_code_and_last_line(desk):
    job = sh(desk, "fails", "echo fine; echo 'no such column: 年' >&2; exit 3")
    state = job.state()
    assert (state.status, state.exit_code) == ("Failed", 3)
    assert state.failure_reason == "AlgorithmError: the program ended with exit code 3: no such column: 年"
    assert state.reason == state.failure_reason
    assert (job.folder / "ml").is_dir(), "the tree of a failed job stays for its reader"


def test_a_script_that_raises_is_told_as_the_toolkit_tells_it(desk):
    job = desk.run(desk.training("raises", code={"train.py": "raise ValueError('bad learning rate')"}))
    reason = job.state().failure_reason
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert "ValueError: bad learning rate" in reason and reason.endswith(", exit code: 1")
    assert job.state().model is None


def test_the_failure_file_is_the_failure_reason_and_is_cut_at_1024_characters(desk):
    job = desk.run(desk.training("said", "/bin/sh", "-c", "echo 'no data for 2026' > /opt/ml/output/failure; exit 2"))
    assert job.state().failure_reason == "AlgorithmError: no data for 2026, exit code: 2"
    job = desk.run(desk.training("long", "/bin/sh", "-c", "yes 長い | head -c 9000 > /opt/ml/output/failure; exit 2"))
    assert len(job.state().failure_reason) == 1024


def test_the_message_file_is_the_exit_message_of_any_ending(desk):
    job = sh(desk, "message", "printf 'rows: 10' > /opt/ml/output/message")
    assert (job.state().status, job.state().exit_message) == ("Completed", "rows: 10")
    job = sh(desk, "message-fails", "printf 'no rows' > /opt/ml/output/message; exit 1")
    assert job.state().exit_message == "no rows"
    assert job.state().failure_reason == "AlgorithmError: See job logs for more information"
    job = sh(desk, "message-long", "yes 行 | head -c 5000 > /opt/ml/output/message")
    assert 1020 <= len(job.state().exit_message.encode()) <= 1024
    job = sh(desk, "message-bytes", "printf '\\377\\376' > /opt/ml/output/message")
    assert job.state().failure_reason.startswith("ClientError: ")


def test_a_program_that_is_killed_by_the_system_hints_at_memory(desk):
    state = sh(desk, "oom", "kill -9 $$").state()
    assert state.exit_code == 137 and "OutOfMemory" in state.failure_reason
    state = sh(desk, "segv", "kill -11 $$").state()
    assert state.exit_code == 139 and "SIGSEGV" in state.failure_reason


def test_a_program_that_is_not_there_is_named(desk):
    state = desk.run(desk.processing("absent", "/opt/ml/processing/none.sh")).state()
    assert state.status == "Failed" and "/opt/ml/processing/none.sh: No such file" in state.failure_reason
    request = desk.processing("image", "x")
    del request["AppSpecification"]["ContainerEntrypoint"]
    assert "the image python:3" in desk.run(request).state().failure_reason
    request = desk.training("image")
    assert "the image python:3" in desk.run(request).state().failure_reason


def test_what_cannot_run_here_fails_the_job_by_name_when_nobody_refused_it_before(desk):
    request = desk.training("two", "true")
    request["ResourceConfig"]["InstanceCount"] = 2
    assert desk.run(request).state().failure_reason.startswith("ClientError: InstanceCount 2")


def test_metrics_are_read_from_the_lines_of_both_streams(desk):
    script = 'for i in 3 2 1; do echo "loss=0.$i"; echo "acc=0.9$i;" >&2; done; echo loss=none'
    job = desk.run(
        desk.training(
            "metrics", "/bin/sh", "-c", script, metrics={"loss": r"loss=(\S+)", "acc": "acc=(.*?);", "no": "x(.)"}
        )
    )
    assert [(name, value) for name, value, _ in job.state().metrics] == [("loss", 0.1), ("acc", 0.91)]
    assert [value for name, value, _ in metrics.read(job.metrics) if name == "loss"] == [0.3, 0.2, 0.1]
    assert json.loads(job.metrics.read_text().splitlines()[0]).keys() == {"name", "value", "at"}


def test_secrets_never_reach_log_message_reason_or_disk(desk):
    secret = "hunter2-ひみつ-$ecret"
    script = 'echo "out $TOKEN"; echo "err $TOKEN" >&2; printf "m $TOKEN" > /opt/ml/output/message; exit 1'
    script = "echo AKIAIOSFODNN7EXAMPLE; " + script
    job = desk.run(
        desk.processing("secret", "/bin/sh", "-c", script), environ={"TOKEN": secret}, secrets={"TOKEN": secret}
    )
    said = desk.said(job)
    assert "out ***" in said and "err ***" in said and "AKIA" not in said
    assert job.state().exit_message == "m ***"
    for folder, _, files in os.walk(job.folder):
        for name in files:
            if name != "message":  # what the job itself wrote in its own tree
                assert secret.encode() not in Path(folder, name).read_bytes(), name


def test_the_environment_of_the_caller_does_not_reach_a_job(desk, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("MY_OWN", "x")
    job = sh(desk, "clean", "env")
    said = desk.said(job)
    assert "AWS_PROFILE" not in said and "MY_OWN" not in said and "STEPMILL_" not in said
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:9" in said


def test_the_job_folder_is_private(desk):
    job = sh(desk, "private", "echo x > /opt/ml/processing/x; exit 1")
    assert job.folder.stat().st_mode & 0o777 == 0o700
    for folder, folders, files in os.walk(job.folder):
        for name in [*folders, *files]:
            assert Path(folder, name).stat().st_mode & 0o077 == 0, name


def test_inputs_that_are_not_there_are_client_errors_that_name_the_uri(desk):
    inputs = {"a": ("s3://stepmill-local/none/", "/opt/ml/processing/a")}
    reason = sh(desk, "no-input", "true", inputs=inputs).state().failure_reason
    assert reason.startswith("ClientError: ") and '"s3://stepmill-local/none/"' in reason
    inputs = {"a": ("s3://other-bucket/none/", "/opt/ml/processing/a")}
    reason = sh(desk, "no-bucket", "true", inputs=inputs).state().failure_reason
    assert reason.startswith("ClientError: ") and "s3://other-bucket/none/" in reason
    request = desk.training("no-code", program="train.py")
    request["HyperParameters"] = {
        "sagemaker_program": "t.py",
        "sagemaker_submit_directory": "s3://stepmill-local/no.tar.gz",
    }
    assert "s3://stepmill-local/no.tar.gz" in desk.run(request).state().failure_reason
    bad = desk.put("bad.tar.gz", "this is no archive")
    request = desk.training("bad-code")
    request["HyperParameters"] = {"sagemaker_program": "t.py", "sagemaker_submit_directory": bad}
    assert bad in desk.run(request).state().failure_reason
    request = desk.training("no-place", "true")
    request["OutputDataConfig"]["S3OutputPath"] = "s3://not-there-at-all/x"
    assert "s3://not-there-at-all/x/no-place/output/model.tar.gz" in desk.run(request).state().failure_reason


def test_a_local_path_outside_opt_ml_is_a_client_error(desk):
    inputs = {"a": (desk.put("a/x", "1"), "/opt/ml/../../etc")}
    assert sh(desk, "outside", "true", inputs=inputs).state().failure_reason.startswith("ClientError: LocalPath")


def test_a_note_says_that_requirements_of_the_code_are_not_installed(desk):
    job = desk.run(desk.training("reqs", code={"train.py": "", "requirements.txt": "left-pad==1\n"}))
    assert "requirements.txt of the code is not installed" in desk.said(job)
    assert job.state().status == "Completed"


def test_what_a_job_leaves_running_ends_with_it(desk):
    marker = desk.root / "marker"
    script = f"(setsid sh -c 'sleep 0.3; echo late > {marker}' &) ; echo done"
    job = sh(desk, "strays", script)
    assert job.state().status == "Completed" and "out done" in desk.said(job)
    # The stray was killed before the result was written, so no time has to pass to know that it never writes.
    assert not any("sleep 0.3" in _command(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert not marker.exists()


def _command(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def test_checkpoints_are_restored_before_and_stored_after_a_failed_job(desk):
    desk.put("ck/epoch-1", "one")
    script = "cat /opt/ml/checkpoints/epoch-1; echo two > /opt/ml/checkpoints/epoch-2; exit 1"
    job = desk.run(desk.training("ck", "/bin/sh", "-c", script, CheckpointConfig={"S3Uri": "s3://stepmill-local/ck"}))
    assert "out one" in desk.said(job) and job.state().status == "Failed"
    assert desk.get("ck/epoch-2") == "two\n"

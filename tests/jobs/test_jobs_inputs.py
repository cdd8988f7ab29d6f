"""How data reaches a job, and that it stays what it was."""

from __future__ import annotations

import json

import pytest

OVERWRITE = (
    "set -e; cd /opt/ml/processing/in; cat a.txt; printf new > a.txt; printf more >> 'ü 二'; rm gone; mkdir d2; "
    "echo z > d/z; ls -R . > /opt/ml/processing/out/seen; cat a.txt"
)


@pytest.mark.parametrize("overlay_from", ["1000000000", "1"], ids=["copied", "overlaid"])
def test_a_job_may_overwrite_its_inputs_in_place_and_the_sources_stay(desk, monkeypatch, overlay_from):
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", overlay_from)
    before = {"in/a.txt": "old\n", "in/ü 二": "x", "in/gone": "g", "in/d/y": "y"}
    for key, text in before.items():
        desk.put(key, text)
    job = desk.run(
        desk.processing(
            "inplace",
            *("/bin/sh", "-c", OVERWRITE),
            inputs={"in": ("s3://stepmill-local/in/", "/opt/ml/processing/in")},
            outputs={"out": "/opt/ml/processing/out"},
        )
    )
    assert job.state().status == "Completed", desk.said(job)
    assert [line.split(" ", 2)[2] for line in desk.said(job).splitlines()] == ["old", "new"]
    assert {key: desk.get(key) for key in desk.keys("in/")} == before
    seen = desk.get("out/inplace/out/seen").split()
    assert "z" in seen and "y" in seen and "gone" not in seen


def test_a_large_input_is_overlaid_not_copied(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", "1")
    desk.put("in/a.txt", "old")
    inputs = {"in": ("s3://stepmill-local/in", "/opt/ml/processing/in")}
    job = desk.run(desk.processing("mounted", "/bin/sh", "-c", "cat /proc/self/mounts; exit 1", inputs=inputs))
    if job.state().sandbox in ("namespace", "userns"):
        assert "overlay /opt/ml/processing/in overlay" in desk.said(job)


def test_inputs_that_overlap_are_copied_so_that_each_is_seen(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", "1")
    desk.put("in/a", "a")
    desk.put("code/b", "b")
    inputs = {
        "in": ("s3://stepmill-local/in/", "/opt/ml/processing/in"),
        "code": ("s3://stepmill-local/code/", "/opt/ml/processing/in/code"),
    }
    job = desk.run(desk.processing("overlap", "/bin/sh", "-c", "cd /opt/ml/processing/in; cat a code/b", inputs=inputs))
    assert "out ab" in desk.said(job)


def test_an_input_folder_that_is_also_the_output_is_stored_as_the_job_left_it(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", "1")
    desk.put("in/a", "a")
    path = "/opt/ml/processing/data"
    request = desk.processing(
        *("both", "/bin/sh", "-c", f"echo b > {path}/b"),
        inputs={"in": ("s3://stepmill-local/in/", path)},
        outputs={"out": path},
    )
    assert desk.run(request).state().status == "Completed"
    assert desk.keys("out/") == ["out/both/out/a", "out/both/out/b"]


def test_a_single_object_is_one_file_in_its_folder(desk):
    inputs = {"one": (desk.put("deep/データ.csv", "1"), "/opt/ml/processing/one")}
    job = desk.run(desk.processing("one", "/bin/sh", "-c", "ls /opt/ml/processing/one", inputs=inputs))
    assert "out データ.csv" in desk.said(job)


def test_a_manifest_names_its_objects(desk):
    desk.put("data/a.csv", "a")
    desk.put("data/b/c.csv", "c")
    desk.put("data/other.csv", "o")
    manifest = desk.put("m.json", json.dumps([{"prefix": "s3://stepmill-local/data/"}, "a.csv", "b/c.csv"]))
    request = desk.training(
        "manifest", "/bin/sh", "-c", "cd /opt/ml/input/data/train; find . -type f | sort", channels={"train": manifest}
    )
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    job = desk.run(request)
    assert [line.split()[2] for line in desk.said(job).splitlines()] == ["./a.csv", "./b/c.csv"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "not a JSON array"),
        ('["a"]', "not a JSON array"),
        ('[{"prefix": "s3://stepmill-local/data/"}, "../../../x"]', "has no place"),
        ('[{"prefix": "s3://stepmill-local/data/"}, "none"]', "s3://stepmill-local/data/none"),
    ],
)
def test_a_bad_manifest_is_a_client_error_that_names_it(desk, text, says):
    manifest = desk.put("m.json", text)
    request = desk.training("bad", "true", channels={"train": manifest})
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    reason = desk.run(request).state().failure_reason
    assert reason.startswith("ClientError: ") and says in reason


def test_code_that_is_already_there_is_not_unpacked_over(desk):
    code = desk.put("src/train.py", "print('from a channel')").removesuffix("train.py")
    request = desk.training("channel-code", channels={"code": code})
    request["HyperParameters"] = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code",
    }
    assert "out from a channel" in desk.said(desk.run(request))

"""`stepmill policy explain` and `--enforce-rights`, as typed."""

from __future__ import annotations

import json

from projects import Project


def test_every_statement_is_told_with_its_state_and_line(project: Project):
    project.tiny()
    said = project.stepmill("policy", "explain", "pipeline.py").stdout
    assert "the state machine: " in said and "the jobs (${TrainJobRole}): " in said and "the function tiny-tell" in said
    assert "Train  pipeline.py:9  sagemaker:createTrainingJob.sync" in said
    assert "*       TrainingJobName is known only at run time" in said
    assert not (project.root / ".stepmill").exists()


def test_the_documents_are_json_for_machines(project: Project):
    project.tiny()
    project.write("pyproject.toml", '[tool.stepmill.stages.prod]\nregion = "eu-west-1"\n')
    said = json.loads(project.stepmill("policy", "explain", "pipeline.py", "--stage", "prod", "--json").stdout)
    assert [role["service"] for role in said["roles"]] == ["states", "sagemaker", "sagemaker", "lambda"]
    assert all(role["policy"]["Version"] == "2012-10-17" for role in said["roles"])
    again = json.loads(project.stepmill("policy", "explain", "pipeline.py", "--stage", "prod", "--json").stdout)
    assert said == again


def test_what_nobody_knows_the_rights_of_is_told_at_its_place(project: Project):
    machine = {"StartAt": "Job", "States": {"Job": {"Type": "Task", "Resource": "arn:aws:states:::eks:runJob.sync",
                                                    "End": True}}}  # fmt: skip
    project.write("machine.json", json.dumps(machine))
    said = project.stepmill("policy", "explain", "machine.json", code=1)
    assert "machine.json/States/Job" in said.stderr and "eks:runJob.sync" in said.stderr


def test_another_word_than_explain_is_refused(project: Project):
    project.tiny()
    assert "explain" in project.stepmill("policy", "show", "pipeline.py", code=1).stderr


def test_a_run_is_held_to_the_least_rights_and_they_are_enough(project: Project):
    project.tiny()
    project.stepmill("run", "pipeline.py", "--enforce-rights", "--name", "held")
    project.stepmill("run", "pipeline.py", "--enforce-rights", "--name", "away", "--detach")
    project.stepmill("resume", "away")


def test_a_job_that_reads_what_its_role_may_not_fails_here_as_there(project: Project):
    project.tiny()
    text = (project.root / "pipeline.py").read_text(encoding="utf-8")
    project.write(
        "pipeline.py", text.replace('"raw/"', 'run["raw"]').replace('"effects": ""', '"effects": "", "raw": ""')
    )
    project.write("numbers.txt", "1 2 3\n")
    project.stepmill("cp", "numbers.txt", "s3://elsewhere/raw/numbers.txt")
    words = ["run", "pipeline.py", "--set", "raw=s3://elsewhere/raw/"]
    project.stepmill(*words, "--name", "free")
    said = project.stepmill(*words, "--enforce-rights", "--name", "held", code=4)
    assert (
        "is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::elsewhere/raw/"
        in said.stdout + said.stderr
    )

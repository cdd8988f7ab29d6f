"""Stages of `pyproject.toml`: what they take, and how they are refused."""

from __future__ import annotations

import pytest

from stepmill.deploy.stages import Stage, stage
from stepmill.stage import SettingsError, load_settings


def read(tmp_path, text, name="prod", **flags) -> Stage:
    (tmp_path / "pyproject.toml").write_text(text)
    return stage(load_settings(tmp_path, {}), name, **flags)


def test_a_stage_needs_no_more_than_a_region(tmp_path):
    found = read(tmp_path, '[tool.stepmill.stages.prod]\nregion = "eu-west-1"\n')
    assert found == Stage(name="prod", region="eu-west-1")


def test_hyphens_and_underscores_in_keys_are_the_same(tmp_path):
    text = '[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nlog-level = "ALL"\nsecurity-groups = ["sg-0a"]\n'
    found = read(tmp_path, text)
    assert (found.log_level, found.security_groups) == ("ALL", ("sg-0a",))


def test_a_flag_wins_over_the_file(tmp_path):
    found = read(tmp_path, '[tool.stepmill.stages.prod]\nregion = "eu-west-1"\n', region="us-east-2", profile=None)
    assert (found.region, found.profile) == ("us-east-2", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tool.stepmill.stages.prd]\nregion = "eu-west-1"', "there is no stage 'prod'"),
        ('[tool.stepmill.stages.prd]\nregion = "eu-west-1"', "did you mean 'prd'?"),
        ("[tool.stepmill]", 'write [tool.stepmill.stages.dev] with region = "us-east-1"'),
        ("[tool.stepmill.stages.prod]", "region is missing"),
        ('[tool.stepmill.stages.prod]\nregion = "Ireland"', "an AWS region, such as us-east-1"),
        ('[tool.stepmill.stages.prod]\nregoin = "eu-west-1"', "did you mean 'region'?"),
        (
            '[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nexpected_account = "12"',
            "the 12 digits of an AWS account",
        ),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nexpected_account = 123456789012', "not 123456789012"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nschedule = "daily"', "cron(…) or rate(…), or false"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nschedule = "cron(0 3 * * ?)"', "cron(…) or rate(…)"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nsubnets = "subnet-1"', "a list of ids of subnets"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\nlog_days = 8', "must be one of 1, 3, 5, 7"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\njob_role = "admin"', "the ARN of a role"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\ntracing = "yes"', "true or false"),
        ('[tool.stepmill.stages.prod]\nregion = "eu-west-1"\ntags = {"aws:x" = "1"}', "cannot be the key of a tag"),
        ('[tool.stepmill.stages]\nprod = "eu-west-1"', "stages must hold tables"),
    ],
)
def test_what_a_stage_cannot_be_is_told_with_what_would_do(tmp_path, text, said):
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text + "\n")
    assert said in str(refused.value)


def test_a_stage_whose_name_would_make_its_bucket_too_long_is_refused(tmp_path):
    name = "a-stage-with-a-long-name"
    with pytest.raises(SettingsError, match="becomes part of a bucket's name"):
        read(tmp_path, f'[tool.stepmill.stages.{name}]\nregion = "eu-west-1"\n', name)


def test_nothing_is_deployed_to_the_stage_local(tmp_path):
    with pytest.raises(SettingsError, match="say --stage NAME"):
        read(tmp_path, "[tool.stepmill]\n", "local")

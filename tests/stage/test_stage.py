"""Settings are merged in one order, and a job's environment is clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepmill.stage import SettingsError, clean_environment, load_settings


def project(folder: Path, text: str = "") -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_defaults_need_no_file_at_all(tmp_path: Path) -> None:
    if any((above / "pyproject.toml").exists() for above in tmp_path.parents):
        pytest.skip("somebody's project holds the folder for temporary files")
    settings = load_settings(tmp_path, {"HOME": "/home/ada"})
    assert (settings.stage, settings.region, settings.account) == ("local", "us-east-1", "000000000000")
    assert settings.bucket == "stepmill-local"
    assert settings.root == tmp_path
    assert settings.store == tmp_path / ".stepmill"
    assert settings.cache == Path("/home/ada/.cache/stepmill")
    assert settings.grace == 120.0


def test_a_flag_beats_a_variable_beats_the_project_file(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill]\ngrace = 3\nregion = 'eu-west-1'\nbucket = 'three'\n")
    settings = load_settings(tmp_path, {"STEPMILL_GRACE": "2", "STEPMILL_REGION": "eu-west-2"}, grace=1, region=None)
    assert (settings.grace, settings.region, settings.bucket) == (1.0, "eu-west-2", "three")


def test_the_store_is_found_from_subfolders(tmp_path: Path) -> None:
    project(tmp_path)
    deep = tmp_path / "src" / "deep"
    deep.mkdir(parents=True)
    assert load_settings(deep, {}).store == tmp_path / ".stepmill"
    (tmp_path / "src" / ".stepmill").mkdir()
    assert load_settings(deep, {}).store == tmp_path / "src" / ".stepmill"


def test_paths_are_relative_to_what_names_them(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill]\nstore = 'here'\n")
    deep = tmp_path / "deep"
    deep.mkdir()
    assert load_settings(deep, {}).store == tmp_path / "here"
    assert load_settings(deep, {"STEPMILL_STORE": "there"}).store == deep / "there"
    assert load_settings(deep, {}, store="../flag").store == tmp_path / "flag"


def test_a_project_of_ours_has_its_own_store_whatever_lies_above_it(tmp_path: Path) -> None:
    (tmp_path / ".stepmill").mkdir()
    home, deep = tmp_path / "project", tmp_path / "project" / "src"
    deep.mkdir(parents=True)
    project(home, '[project]\nname = "x"\n')
    assert load_settings(deep, {}).store == tmp_path / ".stepmill"
    project(home, "[tool.stepmill]\n")
    assert load_settings(deep, {}).store == home / ".stepmill"


def test_an_unknown_key_names_its_file_and_the_nearest_key(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill]\ngrase = 3\n")
    with pytest.raises(SettingsError, match=r"pyproject\.toml \[tool\.stepmill\].*'grase'; did you mean 'grace'\?"):
        load_settings(tmp_path, {})


def test_a_misspelt_variable_is_told_and_a_foreign_one_left_alone(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"STEPMILL_STROE.*did you mean 'STEPMILL_STORE'"):
        load_settings(tmp_path, {"STEPMILL_STROE": "x"})
    load_settings(tmp_path, {"STEPMILL_JOB_OF_MINE": "x"})


def test_hyphens_and_underscores_are_the_same_key(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill]\npass-env = ['A']\n")
    assert load_settings(tmp_path, {}).pass_env == ("A",)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("grace = -1", "between 0 and 86400"),
        ("grace = true", "between 0 and 86400"),
        ("region = 'mars'", "an AWS region"),
        ("account = '12'", "12 digits"),
        ("bucket = 'No'", "S3 bucket name"),
        ("pass_env = ['A=1']", "environment variable names"),
        ("functions = {notify = 'functions.py'}", "functions.py:notify"),
        ("store = 3", "path of a folder"),
        ("stage = ", "cannot be read"),
    ],
)
def test_a_value_that_cannot_be_is_one_clear_message(tmp_path: Path, line: str, words: str) -> None:
    project(tmp_path, f"[tool.stepmill]\n{line}\n")
    with pytest.raises(SettingsError, match="pyproject") as caught:
        load_settings(tmp_path, {})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_add_up_and_the_secret_looking_are_masked(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill]\npass_env = ['HTTP_PROXY']\nsecrets = ['PIN']\n")
    settings = load_settings(tmp_path, {"STEPMILL_PASS_ENV": "LEVEL, SLACK_WEBHOOK_URL"}, pass_env=["LEVEL"])
    assert settings.pass_env == ("HTTP_PROXY", "LEVEL", "SLACK_WEBHOOK_URL")
    assert settings.secrets == ("PIN", "SLACK_WEBHOOK_URL")


def test_functions_are_named_in_the_project_file(tmp_path: Path) -> None:
    project(tmp_path, "[tool.stepmill.functions]\nnotify = 'functions.py:notify'\n")
    assert load_settings(tmp_path, {}).functions == {"notify": "functions.py:notify"}


PARENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/home/ada",
    "LC_ALL": "C.UTF-8",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_PROFILE": "prod",
    "PYTHONPATH": "/x",
    "LEVEL": "7",
}


def test_a_job_gets_what_it_needs_and_nothing_of_the_parents_aws() -> None:
    made = clean_environment(PARENT, "/venv/bin/python", "eu-west-1")
    assert made["PATH"] == "/venv/bin:/usr/bin:/bin"
    assert (made["HOME"], made["LC_ALL"], made["AWS_REGION"]) == ("/home/ada", "C.UTF-8", "eu-west-1")
    assert (made["AWS_ACCESS_KEY_ID"], made["AWS_ENDPOINT_URL"]) == ("stepmill", "http://127.0.0.1:9")
    assert made["AWS_CONFIG_FILE"] == made["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert {"AWS_PROFILE", "PYTHONPATH", "LEVEL"}.isdisjoint(made)


def test_a_variable_passed_by_name_arrives() -> None:
    made = clean_environment(PARENT, "/venv/bin/python", "us-east-1", ["LEVEL", "ABSENT"])
    assert made["LEVEL"] == "7"
    assert "ABSENT" not in made
    assert made["AWS_ACCESS_KEY_ID"] == "stepmill"


def test_credentials_passed_by_name_are_not_mixed_with_dummies() -> None:
    made = clean_environment(PARENT, "/venv/bin/python", "us-east-1", ["AWS_PROFILE"])
    assert made["AWS_PROFILE"] == "prod"
    assert {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE"}.isdisjoint(made)

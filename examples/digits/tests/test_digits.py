"""The example's own tests: plain functions called plainly, no pipeline and no AWS. `pytest examples/digits`"""

import csv
import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import evaluate
import make_data
import preprocess
import train

import functions


def objects(*rows, truncated=False):
    return {
        "bucket": "b",
        "listing": {
            "IsTruncated": truncated,
            "Contents": [{"Key": key, "LastModified": modified} for key, modified in rows],
        },
    }


def test_the_newest_data_of_which_both_parts_are_there_is_chosen():
    event = objects(
        ("digits/a/job-1/output/train/train.npz", "2026-11-01T00:00:00Z"),
        ("digits/a/job-1/output/test/test.npz", "2026-11-01T00:00:01Z"),
        ("digits/b/job-2/output/train/train.npz", "2026-11-02T00:00:00Z"),
        ("digits/b/job-2/output/test/test.npz", "2026-11-02T00:00:01Z"),
        ("digits/c/job-3/output/train/train.npz", "2026-11-03T00:00:00Z"),
        ("digits/c/job-4/output/model.tar.gz", "2026-11-03T00:00:00Z"),
        ("digits/experiments.csv", "2026-11-04T00:00:00Z"),
    )
    assert functions.latest_data(event) == {
        "train": "s3://b/digits/b/job-2/output/train",
        "test": "s3://b/digits/b/job-2/output/test",
    }


def test_without_any_data_the_sentence_says_what_to_do():
    with pytest.raises(LookupError, match="run once with DataUpdate=true"):
        functions.latest_data({"bucket": "b", "listing": {"KeyCount": 0}})


def test_a_cut_listing_is_not_trusted():
    with pytest.raises(ValueError, match="more than 1 files"):
        functions.latest_data(objects(("digits/a", "2026-11-01T00:00:00Z"), truncated=True))


def experiment(job, **more):
    return {"job": job, "accuracy": 0.95, "epochs": 3, "learning_rate": 0.01, "model": f"s3://b/{job}", **more}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_experiments_are_added_one_row_each_and_a_repeated_attempt_replaces_its_own():
    first = functions.export_experiments({"csv": "", "experiment": experiment("one")})
    second = functions.export_experiments({"csv": first["csv"], "experiment": experiment("two, with a comma")})
    again = functions.export_experiments(
        {"csv": second["csv"], "experiment": experiment("two, with a comma", accuracy=0.97)}
    )
    assert [(row["job"], row["accuracy"]) for row in rows(again["csv"])] == [
        ("one", "0.95"),
        ("two, with a comma", "0.97"),
    ]


def test_the_csv_stays_small_enough_for_a_state_and_loses_its_oldest_rows_first(monkeypatch):
    monkeypatch.setattr(functions, "CSV_LIMIT", 300)
    text = ""
    for number in range(20):
        text = functions.export_experiments({"csv": text, "experiment": experiment(f"job-{number}")})["csv"]
    jobs = [row["job"] for row in rows(text)]
    assert jobs[-1] == "job-19" and 1 < len(jobs) < 20 and len(text) < 300 + 100


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("processing")
    (base / "input").mkdir()
    make_data.write(base / "input" / "input.zip", make_data.digits())
    preprocess.main(base)
    return base


def test_the_scripts_reach_90_percent_on_the_bundled_digits(prepared, capsys):
    options = ["--train", str(prepared / "train"), "--model_dir", str(prepared / "weights"), "--epochs", "5"]
    train.main(train.arguments(options))
    assert "epoch 5 loss: 0." in capsys.readouterr().out
    (prepared / "model").mkdir()
    with tarfile.open(prepared / "model" / "model.tar.gz", "w:gz") as tar:
        tar.add(prepared / "weights" / "weights.npz", "weights.npz")
    evaluate.main(prepared)
    result = json.loads((prepared / "evaluation" / "evaluation.json").read_text())
    assert result["accuracy"] >= 0.9
    assert sum(map(sum, result["confusion_matrix"])) == result["images"] == 360


def test_training_continues_from_its_checkpoint(prepared, tmp_path, capsys):
    folders = {"--train": prepared / "train", "--model_dir": tmp_path / "model", "--checkpoints": tmp_path}
    options = [str(word) for option in folders.items() for word in option]
    train.main(train.arguments([*options, "--epochs", "2"]))
    train.main(train.arguments([*options, "--epochs", "3"]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "continuing after epoch 2" and lines[3].startswith("epoch 3 ") and len(lines) == 4


def test_grey_levels_use_the_whole_byte_whatever_the_images_size(tmp_path):
    (tmp_path / "input").mkdir()
    x, y = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([1, 0], np.uint8)
    make_data.write(
        tmp_path / "input" / "input.zip", dict(zip(make_data.NAMES, map(make_data.idx, (x, y, x, y)), strict=True))
    )
    preprocess.main(tmp_path)
    with np.load(tmp_path / "test" / "test.npz") as data:
        assert data["x"].shape == (2, 12) and data["x"].max() == 255 and data["y"].tolist() == [1, 0]


def test_a_wrong_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "input.zip", "w") as archive:
        archive.writestr("train-images-idx3-ubyte.gz", gzip.compress(b"not idx"))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is not an idx file"):
        preprocess.read_zip(tmp_path / "input.zip")


def test_a_link_in_a_model_archive_is_not_followed(tmp_path):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("weights.npz")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(FileNotFoundError):
        evaluate.read_weights(tmp_path / "model.tar.gz")

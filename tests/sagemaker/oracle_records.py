"""Run by an interpreter that has stepfunctions 2.3.0 and sagemaker below 3: trains Amazon's own algorithm in both ways.

In: the file to write, folders for sys.path. Out: JSON: `theirs` and `ours`, requests by what the data are.
Touches: no network.
"""

import json
import sys
from pathlib import Path

sys.path += sys.argv[2:]
from oracle_session import session
from sagemaker.amazon.amazon_estimator import RecordSet
from sagemaker.amazon.kmeans import KMeans
from stepfunctions import steps as old

from stepmill import steps as new


def estimator():
    return KMeans(
        role="arn:aws:iam::123456789012:role/r", instance_count=1, instance_type="ml.m5.large", k=10,
        output_path="s3://b/models", sagemaker_session=session,
    )  # fmt: skip


train = RecordSet("s3://b/train.manifest", num_records=100, feature_dim=784, channel="train")
test = RecordSet("s3://b/test", num_records=10, feature_dim=784, s3_data_type="S3Prefix", channel="test")
asked = {"theirs": {}, "ours": {}}
for name, data in (("one", train), ("several", [train, test])):
    for who, steps in (("theirs", old), ("ours", new)):
        step = steps.TrainingStep("Train", estimator(), "job", data, mini_batch_size=500)
        asked[who][name] = step.to_dict()["Parameters"]
Path(sys.argv[1]).write_text(json.dumps(asked), encoding="utf-8")

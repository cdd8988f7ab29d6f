"""The pipeline's Lambda functions. None talks to AWS: states of the definition read and write S3, these only decide.

So they run here and there alike, need no permissions, and are tested as what they are: functions.
"""

import csv
import datetime
import io

COLUMNS = ["recorded", "job", "accuracy", "min_accuracy", "learning_rate", "epochs", "train", "model"]
CSV_LIMIT = 200_000  # bytes. A state's result may have 256 KiB, and the CSV travels as JSON text inside one.


def latest_data(event, context=None):
    """The newest preprocessed data: `{"train": …, "test": …}`, two S3 prefixes written by one job.

    `event`: the bucket's name and what `s3:listObjectsV2` answered for the experiments' prefix. A job counts when both
    of its outputs are there; the newest is the one whose last file was written last.
    """
    listing = event["listing"]
    if listing.get("IsTruncated"):
        raise ValueError(
            f"past experiments have more than {len(listing['Contents'])} files: "
            "remove old ones, or run with DataUpdate=true"
        )
    jobs = {}
    for item in listing.get("Contents", []):
        job, found, rest = item["Key"].partition("/output/")
        output = rest.partition("/")[0]
        if found and output in ("train", "test"):
            written = jobs.setdefault(job, {})
            written[output] = max(item["LastModified"], written.get(output, item["LastModified"]))
    complete = [job for job, written in jobs.items() if len(written) == 2]
    if not complete:
        raise LookupError("no run has preprocessed any data yet: run once with DataUpdate=true")
    newest = max(complete, key=lambda job: (max(jobs[job].values()), job))
    found = {name: f"s3://{event['bucket']}/{newest}/output/{name}" for name in ("train", "test")}
    print(f"latest data: {found['train']}")
    return found


def export_experiments(event, context=None):
    """The CSV of all experiments, this one added: `{"csv": text, "rows": number}`.

    `event`: the CSV so far ("" at first) and the new experiment. A repeated attempt replaces its own row. When the text
    would outgrow what a state may carry, the oldest rows leave it and the log says how many.
    """
    recorded = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    experiment = {"recorded": recorded, **event["experiment"]}
    rows = [row for row in csv.DictReader(io.StringIO(event["csv"])) if row.get("job") != experiment["job"]]
    lines = [line(row) for row in [*rows, experiment]]
    size = sum(len(text.encode()) for text in lines)
    left = 0
    while size > CSV_LIMIT and left < len(lines) - 1:
        size -= len(lines[left].encode())
        left += 1
    if left:
        print(f"{left} oldest experiments left the CSV, which may have {CSV_LIMIT} bytes")
    kept = lines[left:]
    print(f"experiments: {len(kept)}")
    return {"csv": ",".join(COLUMNS) + "\n" + "".join(kept), "rows": len(kept)}


def line(row):
    """One line of the CSV, in the order of COLUMNS; fields that an older CSV lacks stay empty."""
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n").writerow(row)
    return text.getvalue()


def notify(event, context=None):
    """Posts `event["text"]` to Slack when SLACK_WEBHOOK_URL is set, and prints it in any case."""
    from stepmill.callbacks import slack

    print(event["text"])
    return {"text": event["text"], "sent": slack.notify(event["text"])}

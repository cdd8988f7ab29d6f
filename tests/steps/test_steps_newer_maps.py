"""Maps over datasets: each item an execution of its own, read from S3, in batches, its result written there."""

import pytest

from stepmill.steps import ItemBatcher, ItemReader, ResultWriter

ROWS = """
    run = ExecutionInput({"bucket": str, "most": int, "day": str})
    definition = Map(
        "Rows",
        item_processor=Pass("Row"),
        mode="DISTRIBUTED",
        execution_type="EXPRESS",
        item_reader=ItemReader("CSV", bucket=run["bucket"], key=f"{run['day']}/rows.csv", max_items=run["most"],
                               csv_headers=["id", "text"], csv_delimiter="PIPE"),
        item_selector={"row": ContextObject()["Map"]["Item"]["Value"], "day": run["day"]},
        item_batcher=ItemBatcher(100, run["most"], {"day": run["day"]}),
        result_writer=ResultWriter("s3://${Bucket}/labels", transformation="FLATTEN", output_type="JSONL"),
        label="rows",
        max_concurrency=run["most"],
        tolerated_failure_percentage=run["most"],
    )
"""


def states(author, text, language="JSONPath"):
    return author.states("from stepmill.inputs import *\n" + text.replace("\n    ", "\n"), language)


def test_a_distributed_map_reads_batches_and_writes_in_jsonpath(author):
    assert states(author, ROWS)["Rows"] == {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {
                "InputType": "CSV",
                "CSVHeaderLocation": "GIVEN",
                "CSVHeaders": ["id", "text"],
                "CSVDelimiter": "PIPE",
                "MaxItemsPath": "$$.Execution.Input['most']",
            },
            "Parameters": {
                "Bucket.$": "$$.Execution.Input['bucket']",
                "Key.$": "States.Format('{}/rows.csv', $$.Execution.Input['day'])",
            },
        },
        "ItemSelector": {"row.$": "$$.Map.Item.Value", "day.$": "$$.Execution.Input['day']"},
        "ItemBatcher": {
            "BatchInput": {"day.$": "$$.Execution.Input['day']"},
            "MaxItemsPerBatch": 100,
            "MaxInputBytesPerBatchPath": "$$.Execution.Input['most']",
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Row",
            "States": {"Row": {"Type": "Pass", "End": True}},
        },
        "MaxConcurrencyPath": "$$.Execution.Input['most']",
        "ToleratedFailurePercentagePath": "$$.Execution.Input['most']",
        "Label": "rows",
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "${Bucket}", "Prefix": "labels"},
            "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"},
        },
        "End": True,
    }


def test_a_distributed_map_reads_batches_and_writes_in_jsonata(author):
    rows = states(author, ROWS, "JSONata")["Rows"]
    most, day = "{% $states.context.Execution.Input.most %}", "{% $states.context.Execution.Input.day %}"
    assert rows["ItemReader"]["ReaderConfig"]["MaxItems"] == most
    assert rows["ItemReader"]["Arguments"] == {
        "Bucket": "{% $states.context.Execution.Input.bucket %}",
        "Key": "{% $states.context.Execution.Input.day & '/rows.csv' %}",
    }
    assert rows["ItemBatcher"] == {"BatchInput": {"day": day}, "MaxItemsPerBatch": 100, "MaxInputBytesPerBatch": most}
    assert rows["ItemSelector"] == {"row": "{% $states.context.Map.Item.Value %}", "day": day}
    assert rows["ResultWriter"]["Arguments"] == {"Bucket": "${Bucket}", "Prefix": "labels"}
    assert (rows["MaxConcurrency"], rows["ToleratedFailurePercentage"]) == (most, most)


@pytest.mark.parametrize(
    ("reader", "call", "config", "given"),
    [
        ('"JSON", "s3://b/a.json", items_pointer="/rows"', "getObject",
         {"InputType": "JSON", "ItemsPointer": "/rows"}, {"Bucket": "b", "Key": "a.json"}),
        ('"JSONL", "s3://b/a", version_id="v1", max_items=5', "getObject",
         {"InputType": "JSONL", "MaxItems": 5}, {"Bucket": "b", "Key": "a", "VersionId": "v1"}),
        ('"CSV", "s3://b/a"', "getObject",
         {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, {"Bucket": "b", "Key": "a"}),
        ('"PARQUET", "s3://b/a"', "getObject", {"InputType": "PARQUET"}, {"Bucket": "b", "Key": "a"}),
        ('"MANIFEST", "s3://b/a"', "getObject", {"InputType": "MANIFEST"}, {"Bucket": "b", "Key": "a"}),
        ('"MANIFEST", "s3://b/a", manifest_type="S3_INVENTORY"', "getObject",
         {"ManifestType": "S3_INVENTORY"}, {"Bucket": "b", "Key": "a"}),
        ('"JSONL", "s3://b/a", manifest_type="ATHENA_DATA"', "getObject",
         {"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}, {"Bucket": "b", "Key": "a"}),
        ('"OBJECTS", "s3://b/images/"', "listObjectsV2", None, {"Bucket": "b", "Prefix": "images/"}),
        ('"OBJECTS", "s3://b"', "listObjectsV2", None, {"Bucket": "b"}),
        ('"OBJECTS", bucket="b", prefix="p", load_and_flatten="JSON", items_pointer="/rows"', "listObjectsV2",
         {"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSON", "ItemsPointer": "/rows"},
         {"Bucket": "b", "Prefix": "p"}),
    ],
)  # fmt: skip
def test_every_kind_of_dataset_has_aws_s_fields(author, reader, call, config, given):
    text = f'definition = Map("All", item_processor=Pass("One"), mode="DISTRIBUTED", item_reader=ItemReader({reader}))'
    found = author.states(text)["All"]["ItemReader"]
    expected = {"Resource": f"arn:aws:states:::s3:{call}", "Parameters": given}
    assert found == (expected if config is None else {**expected, "ReaderConfig": config})


def test_a_reader_reads_what_a_job_wrote_without_asking_for_its_name_again(author):
    found = author.states("""
        job = ProcessingStep("Cut", ScriptProcessor(), code="preprocess.py", outputs=["parts"])
        each = Map("Each", item_processor=Pass("Part"), mode="DISTRIBUTED",
                   item_reader=ItemReader("OBJECTS", f"{job.outputs['parts']}/"))
        definition = Chain([job, each])
    """)
    assert found["Each"]["ItemReader"]["Parameters"]["Bucket"] == "${Bucket}"
    assert "$cut.ProcessingJobName" in found["Each"]["ItemReader"]["Parameters"]["Prefix.$"]


def test_jsonpath_takes_what_stands_between_two_slashes_as_the_bucket(author):
    found = author.states("""
        run = ExecutionInput({"bucket": str, "day": str})
        definition = S3GetObjectStep("Read", f"s3://{run['bucket']}/{run['day']}.json")
    """)
    assert found["Read"]["Parameters"] == {
        "Bucket.$": "$$.Execution.Input['bucket']",
        "Key.$": "States.Format('{}.json', $$.Execution.Input['day'])",
    }


def test_an_item_processor_is_written_as_such_inline_too(author):
    found = author.states('definition = Map("Each", item_processor=Pass("One"))')["Each"]
    assert found["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
    assert "Iterator" in author.states('definition = Map("Each", iterator=Pass("One"))')["Each"]


def test_results_need_not_be_written_anywhere(author):
    text = """
        definition = Map("All", item_processor=Pass("One"), mode="DISTRIBUTED",
                         result_writer=ResultWriter(transformation="COMPACT"))
    """
    writer = author.states(text)["All"]["ResultWriter"]
    assert writer == {"WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"}}


def test_an_inline_map_has_no_reader(author):
    line, text = author.problem("""
        definition = Map("Each", item_processor=Pass("One"),
                         item_reader=ItemReader("JSON", "s3://b/rows.json"))
    """)
    assert line == 2
    assert "'Each' has ItemReader, which only a distributed Map has" in text
    assert 'mode="DISTRIBUTED"' in text


def test_an_express_item_waits_for_nobody(author):
    line, text = author.problem("""
        one = LambdaStep("One", True, function="f", payload={"token.$": "$$.Task.Token"})
        definition = Map("Each", item_processor=one, mode="DISTRIBUTED", execution_type="EXPRESS")
    """)
    assert line == 2
    assert "Express state machine does not support '.waitForTaskToken'" in text


def test_a_label_and_a_raw_reader_are_checked_as_aws_checks_them(author):
    found = author.problems("""
        definition = Map("Each", item_processor=Pass("One"), mode="DISTRIBUTED", label="all rows",
                         item_reader={"Resource": "arn:aws:states:::s3:getObject",
                                      "ReaderConfig": {"InputType": "CSVS"}, "Parameters": {"Bucket": "b"}})
    """)
    told = " ".join(message for _, _, message, _ in found)
    assert [line for line, *_ in found] == [2, 2]
    assert "A Label has 1 to 40 characters" in told
    assert "Expected one of CSV, JSON, JSONL, PARQUET, MANIFEST" in told


def test_a_number_put_together_has_no_path(author):
    text = """
        run = ExecutionInput({"most": int})
        definition = Map("Each", item_processor=Pass("One"), mode="DISTRIBUTED",
                         item_batcher=ItemBatcher(run["most"] + 1))
    """
    assert "MaxItemsPerBatch is a number or a path to one" in author.problem(text)[1]
    found = author.states(text, "JSONata")["Each"]["ItemBatcher"]["MaxItemsPerBatch"]
    assert found == "{% $states.context.Execution.Input.most + 1 %}"


def test_a_distributed_map_is_nothing_to_warn_of(author):
    assert author.bundle("from stepmill.inputs import *\n" + ROWS.replace("\n    ", "\n")).manifest.notices == ()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ItemReader("CVS", "s3://b/a"), "input_type= is one of CSV, JSON.*did you mean 'CSV'"),
        (lambda: ItemReader("CSV"), "needs a uri= .* or a bucket="),
        (lambda: ItemReader("CSV", "s3://b/a", bucket="b"), "and not both"),
        (lambda: ItemReader("CSV", bucket="b"), "CSV is read from one file"),
        (lambda: ItemReader("CSV", "s3://b/a", key="k"), "the uri= has the key"),
        (lambda: ItemReader("OBJECTS", bucket="b", key="k"), "OBJECTS takes a prefix="),
        (lambda: ItemReader("JSON", bucket="b", prefix="p"), "all others a key="),
        (lambda: ItemReader("JSON", "s3://b/a", csv_delimiter="TAB"), "go with CSV, not with JSON"),
        (lambda: ItemReader("CSV", "s3://b/a", csv_delimiter="TABS"), "did you mean 'TAB'"),
        (lambda: ItemReader("JSON", "s3://b/a", items_pointer="rows"), "a JSON pointer such as"),
        (lambda: ItemReader("JSON", "s3://b/a", load_and_flatten="JSON"), "goes with OBJECTS"),
        (lambda: ItemReader("OBJECTS", "s3://b/a", version_id="1"), "the version of one file"),
        (lambda: ItemReader("JSON", "s3://b/a", manifest_type="ATHENA_DATA"), "CSV, JSONL or PARQUET"),
        (lambda: ItemReader("CSV", "s3://b/a", manifest_type="S3_INVENTORY"), "of the type MANIFEST"),
        (lambda: ItemReader("JSON", "s3://b/a", max_items=0), "from 1 to 100,000,000"),
        (ItemBatcher, "needs max_items_per_batch="),
        (lambda: ItemBatcher(0), "a whole number of 1 or more"),
        (lambda: ItemBatcher(max_input_bytes_per_batch=300_000), "from 1 to 262,144"),
        (ResultWriter, "needs a uri="),
        (lambda: ResultWriter(prefix="p"), "or a bucket="),
        (lambda: ResultWriter("s3://b/p", prefix="p"), "has the prefix in it"),
        (lambda: ResultWriter("s3://b/p", transformation="FLAT"), "did you mean 'FLATTEN'"),
    ],
)
def test_options_that_do_not_go_together_are_refused_at_once(make, said):
    with pytest.raises(ValueError, match=said):
        make()

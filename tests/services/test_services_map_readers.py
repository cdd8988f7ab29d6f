"""What an ItemReader makes of the files and listings it is given."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from maps import distributed, put, reader, run
from stepmill.local import Local
from stepmill.services.map_runs.formats import ReaderFault, hash_order, items, json_entries
from stores import local, machine_text, refused

__all__ = ["local"]

CSV = "H1,H2,H3\na,b,c\n,,\n1,x y,'q'\nshort\nlong,2,3,4\n"
ROWS = [("a", "b", "c"), ("", "", ""), ("1", "x y", "'q'"), ("short", "", ""), ("long", "2", "3")]


def read(body: str | bytes, **config: Any) -> list[Any]:
    data = body if isinstance(body, bytes) else body.encode()
    return list(items(io.BytesIO(data), config.pop("key", "k"), config))


def test_csv_rows_are_objects_of_texts_with_the_header_s_names():
    expected = [dict(zip(("H1", "H2", "H3"), row, strict=True)) for row in ROWS]
    assert read(CSV, InputType="CSV", CSVHeaderLocation="FIRST_ROW") == expected
    given = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["H1"]}
    assert read("a,b\nc\n", **given) == [{"H1": "a"}, {"H1": "c"}]
    assert read("H1;H2\n1;2\n", InputType="CSV", CSVHeaderLocation="FIRST_ROW", CSVDelimiter="SEMICOLON") == [
        {"H1": "1", "H2": "2"}
    ]


def test_names_come_in_the_order_of_a_java_hash_map():
    # what java.util.HashMap of Java 21 printed
    names = ["Id", "Name", "Surname", "Date of birth", "Größe", "日本"]
    assert hash_order(names) == ["Größe", "Id", "日本", "Surname", "Date of birth", "Name"]
    assert hash_order([f"c{n}" for n in range(13)])[:4] == ["c11", "c10", "c12", "c0"]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 16])
def test_a_json_list_is_read_in_pieces_of_any_size(size: int):
    values = [1, 23, -4.5e3, 'a ] , " b', [1, [2]], {"k": [{}]}, None, True, "日本"]
    text = json.dumps(values, ensure_ascii=False, indent=1)
    assert list(json_entries(io.StringIO(text), size)) == values
    assert read(" [ ] ", InputType="JSON") == []


@pytest.mark.parametrize(
    ("body", "config", "said"),
    [
        ('{"a": 1}', {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        ("[1, 2", {"InputType": "JSON"}, "no JSON"),
        ("[1 2]", {"InputType": "JSON"}, "no JSON"),
        ("[1,]", {"InputType": "JSON"}, "no JSON"),
        ('{"a": {"b": 1}}', {"InputType": "JSON", "ItemsPointer": "/a/b"}, "non-iterable"),
        ('{"a": 1}', {"InputType": "JSON", "ItemsPointer": "/b"}, "leads nowhere"),
        ('{"a": 1}\n{', {"InputType": "JSONL"}, "Line 2 is no JSON"),
        ("a,a\n1,2", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "CSV headers cannot contain duplicates."),
        (b"\xff", {"InputType": "JSONL"}, "no UTF-8"),
    ],
)
def test_what_cannot_be_read_is_said(body: str | bytes, config: dict[str, Any], said: str):
    with pytest.raises(ReaderFault, match=said):
        read(body, **config)


def test_a_list_deeper_in_a_file_a_line_an_item_and_packed_files():
    assert read('{"a": [{"b/c": [7]}]}', InputType="JSON", ItemsPointer="/a/0/b~1c") == [7]
    assert read('{"n": 1}\n\n{"n": 2}', InputType="JSONL") == [{"n": 1}, {"n": 2}]
    assert read(gzip.compress(b"[1]"), InputType="JSON", key="a.json.gz") == [1]
    assert read("\ufeff[1]", InputType="JSON") == [1]


def test_a_file_s_items_are_the_children_s_inputs_and_itemspath_is_not_looked_at(local: Local):
    put(local, "rows.csv", CSV)
    config = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    done = run(local, distributed(ItemReader=reader("rows.csv", MaxItems=2, **config), ItemsPath="$.nowhere"), {})
    assert done["output"] == [dict(zip(("H1", "H2", "H3"), row, strict=True)) for row in ROWS[:2]]


@pytest.mark.parametrize(
    ("most", "outcome"),
    [
        (0, 3),
        ("2", 2),
        (100_000_001, 3),
        (-1, "field MaxItems must be positive"),
        ("x", 'The MaxItemsPath field refers to value "x" which is not a valid integer: $.most'),
    ],
)
def test_maxitems_by_path_is_a_number_or_its_text(local: Local, most: Any, outcome: Any):
    put(local, "list.json", "[1, 2, 3]")
    ended = run(
        local, distributed(ItemReader=reader("list.json", InputType="JSON", MaxItemsPath="$.most")), {"most": most}
    )
    if isinstance(outcome, int):
        assert len(ended["output"]) == outcome
    else:
        assert (ended["error"], ended["cause"]) == ("States.ItemReaderFailed", outcome)


def test_maxitems_may_be_an_expression(local: Local):
    put(local, "list.json", "[1, 2, 3]")
    state = distributed()["States"]["Each"]
    state["ItemReader"] = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.n %}"},
        "Arguments": {"Bucket": "data", "Key": "{% 'list' & '.json' %}"},
    }
    assert run(local, json.loads(machine_text(Each=state)), {"n": 2})["output"] == [1, 2]


def test_a_listing_s_objects_are_items_over_all_its_pages(local: Local):
    for number in range(3):
        put(local, f"in/{number:04d}", "12")
    put(local, "other", "1")
    found = run(local, distributed(ItemReader=reader("in/", "listObjectsV2")), {})["output"]
    assert [list(row) for row in found] == [["Etag", "LastModified", "Key", "Size", "StorageClass"]] * 3
    assert [(row["Key"], row["Size"]) for row in found] == [(f"in/{n:04d}", 2) for n in range(3)]
    machine = distributed(
        ItemReader=reader("in/", "listObjectsV2", Transformation="LOAD_AND_FLATTEN", InputType="JSONL")
    )
    assert run(local, machine, {}, "flat")["output"] == [12, 12, 12]


def test_manifests_of_inventories_and_of_athena_lead_to_their_files(local: Local):
    put(local, "inv/1.csv.gz", gzip.compress(b'"data","a%20b","3"\n'))
    put(local, "inv/2.csv.gz", gzip.compress(b'"data","c","4"\n'))
    manifest = {
        "destinationBucket": "arn:aws:s3:::data",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "inv/1.csv.gz"}, {"key": "inv/2.csv.gz"}],
    }
    put(local, "manifest.json", json.dumps(manifest))
    found = run(local, distributed(ItemReader=reader("manifest.json", InputType="MANIFEST")), {})["output"]
    assert found == [{"Bucket": "data", "Key": "a%20b", "Size": "3"}, {"Bucket": "data", "Key": "c", "Size": "4"}]
    put(local, "manifest.json", json.dumps(manifest | {"fileFormat": "ORC"}))
    failed = run(local, distributed(ItemReader=reader("manifest.json", InputType="MANIFEST")), {})
    assert (failed["error"], "ORC" in failed["cause"]) == ("States.ItemReaderFailed", True)
    put(local, "part-1", '{"n": 1}\n')
    put(local, "part-2", '{"n": 2}\n')
    put(local, "unload.csv", "s3://data/part-1\ns3://data/part-2\n")
    athena = reader("unload.csv", InputType="JSONL", ManifestType="ATHENA_DATA")
    assert run(local, distributed(ItemReader=athena), {}, "athena")["output"] == [{"n": 1}, {"n": 2}]


def test_what_s3_refuses_is_the_cause(local: Local):
    put(local, "there", "1")
    ended = run(local, distributed(ItemReader=reader("gone", InputType="JSON")), {})
    assert ended["error"] == "States.ItemReaderFailed"
    assert "The specified key does not exist." in ended["cause"]
    events = local.call("states", "GetExecutionHistory", {"executionArn": ended["executionArn"]})["events"]
    assert [event["type"] for event in events][2:] == [
        "MapStateStarted",
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]
    assert [event["previousEventId"] for event in events] == [0, 0, 2, 3, 4, 5, 6]


def test_parquet_is_refused_by_name_where_pyarrow_is_not(local: Local):
    machine = json.dumps(distributed(ItemReader=reader("rows.parquet", InputType="PARQUET")))
    request = {"name": "p", "definition": machine, "roleArn": "arn:aws:iam::000000000000:role/r"}
    code, message = refused(lambda: local.call("states", "CreateStateMachine", request))
    assert (code, "Parquet files cannot be read here" in message) == ("InvalidDefinition", True)

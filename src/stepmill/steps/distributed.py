"""What a distributed Map reads its items from, how it batches them, and where it writes what became of them.

In: places in S3 and AWS's own options. Out: the fields ItemReader, ItemBatcher and ResultWriter. Touches: nothing.

Sources: Step Functions guide, "ItemReader (Map)", "ItemBatcher (Map)" and "ResultWriter (Map)".
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from stepmill.inputs import Placeholder
from stepmill.nearest import did_you_mean

from .build import Build
from .s3 import bucket_and_key

InputType = Literal["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST", "OBJECTS"]
Loaded = Literal["CSV", "JSON", "JSONL", "PARQUET"]
Delimiter = Literal["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]
ManifestType = Literal["S3_INVENTORY", "ATHENA_DATA"]
Transformation = Literal["NONE", "COMPACT", "FLATTEN"]
OutputType = Literal["JSON", "JSONL"]
MAX_BATCH_BYTES = 262_144


class ItemReader:
    """Where a distributed Map's items come from: the rows or entries of one file in S3, or the objects of a prefix.

    Args:
        input_type: CSV (a row is an item), JSON (a list), JSONL (a line is an item), PARQUET, MANIFEST (an S3
            inventory), or OBJECTS, which lists the objects below a prefix.
        uri: `s3://bucket/key`, of OBJECTS `s3://bucket/prefix`; may hold run-time values and other steps' outputs.
        bucket, key, prefix: instead of the URI. OBJECTS takes a prefix (none: the whole bucket), the others a key.
        version_id: that version of the file.
        max_items: no more than so many items, up to 100,000,000; a number or a run-time value.
        csv_headers: the columns' names, when the file's first row does not have them.
        csv_delimiter: COMMA (default), PIPE, SEMICOLON, SPACE or TAB.
        items_pointer: of JSON, the JSON pointer of the list in the file: `/records/today`.
        manifest_type: ATHENA_DATA: the file is the manifest of an Athena UNLOAD whose files are CSV, JSONL or PARQUET;
            S3_INVENTORY is what MANIFEST means anyway.
        load_and_flatten: of OBJECTS, read each object as CSV, JSON, JSONL or PARQUET and go over what is in them.

    Raises:
        ValueError: a value AWS does not know (with the nearest), or options that do not go together.
    """

    def __init__(
        self,
        input_type: InputType,
        uri: Any = None,
        *,
        bucket: Any = None,
        key: Any = None,
        prefix: Any = None,
        version_id: Any = None,
        max_items: Any = None,
        csv_headers: list[str] | None = None,
        csv_delimiter: Delimiter | None = None,
        items_pointer: str | None = None,
        manifest_type: ManifestType | None = None,
        load_and_flatten: Loaded | None = None,
    ) -> None:
        _known("input_type", input_type, InputType)
        _known("csv_delimiter", csv_delimiter, Delimiter)
        _known("manifest_type", manifest_type, ManifestType)
        _known("load_and_flatten", load_and_flatten, Loaded)
        lists = input_type == "OBJECTS"
        _one_place("ItemReader", uri, bucket)
        if (key is not None) if lists else (prefix is not None):
            raise ValueError("ItemReader: OBJECTS takes a prefix= and no key=, all others a key= and no prefix=")
        if uri is None and not lists and key is None:
            raise ValueError(f"ItemReader: {input_type} is read from one file: give its uri=, or bucket= and key=")
        if uri is not None and (key is not None or prefix is not None):
            raise ValueError("ItemReader: the uri= has the key or the prefix in it; give one of them")
        content = load_and_flatten if lists else input_type
        if content != "CSV" and (csv_headers is not None or csv_delimiter is not None):
            raise ValueError(
                f"ItemReader: csv_headers= and csv_delimiter= go with CSV, not with {content or input_type}"
            )
        if items_pointer is not None and (content != "JSON" or not items_pointer.startswith("/")):
            raise ValueError('ItemReader: items_pointer= goes with JSON, and is a JSON pointer such as "/records"')
        if load_and_flatten is not None and not lists:
            raise ValueError(f"ItemReader: load_and_flatten= goes with OBJECTS, not with {input_type}")
        if lists and version_id is not None:
            raise ValueError("ItemReader: version_id= is the version of one file, not of OBJECTS")
        if manifest_type == "S3_INVENTORY" and input_type != "MANIFEST":
            raise ValueError("ItemReader: an S3_INVENTORY is of the type MANIFEST; its files are always CSV")
        if manifest_type == "ATHENA_DATA" and input_type not in ("CSV", "JSONL", "PARQUET"):
            raise ValueError("ItemReader: with ATHENA_DATA the type is that of the files: CSV, JSONL or PARQUET")
        _number("ItemReader", "max_items", max_items, 100_000_000)
        self.input_type, self.uri, self.bucket, self.key, self.prefix = input_type, uri, bucket, key, prefix
        self.version_id, self.max_items, self.csv_headers = version_id, max_items, csv_headers
        self.csv_delimiter, self.items_pointer = csv_delimiter, items_pointer
        self.manifest_type, self.load_and_flatten = manifest_type, load_and_flatten

    def field(self, build: Build) -> dict[str, Any]:
        """The field ItemReader; what its URI cannot be split into is a problem."""
        lists = self.input_type == "OBJECTS"
        call = "listObjectsV2" if lists else "getObject"
        last = self.prefix if lists else self.key
        bucket, last = (self.bucket, last) if self.uri is None else bucket_and_key(self.uri, build, prefix=lists)
        where = _there({"Bucket": bucket, "Prefix" if lists else "Key": last, "VersionId": self.version_id})
        done: dict[str, Any] = {"Resource": build.resource(f"s3:{call}")}
        if config := self._config():
            done["ReaderConfig"] = config
        return {**done, _given(build): where}

    def _config(self) -> dict[str, Any]:
        content = self.load_and_flatten if self.input_type == "OBJECTS" else self.input_type
        return _there(
            {
                "Transformation": "LOAD_AND_FLATTEN" if self.load_and_flatten else None,
                "ManifestType": self.manifest_type,
                "InputType": None if self.manifest_type == "S3_INVENTORY" else content,
                "CSVHeaderLocation": ("GIVEN" if self.csv_headers else "FIRST_ROW") if content == "CSV" else None,
                "CSVHeaders": self.csv_headers,
                "CSVDelimiter": self.csv_delimiter,
                "ItemsPointer": self.items_pointer,
                "MaxItems": self.max_items,
            }
        )


class ItemBatcher:
    """Gives a distributed Map's items to its executions in batches, as the list `Items` of their input.

    Args:
        max_items_per_batch: so many items at most; a number or a run-time value.
        max_input_bytes_per_batch: so many bytes at most, up to 262,144; a number or a run-time value.
        batch_input: given to every batch, as `BatchInput`; an object, run-time values anywhere in it.

    Raises:
        ValueError: neither limit is given, or one is out of range.
    """

    def __init__(
        self, max_items_per_batch: Any = None, max_input_bytes_per_batch: Any = None, batch_input: Any = None
    ) -> None:
        if max_items_per_batch is None and max_input_bytes_per_batch is None:
            raise ValueError("ItemBatcher needs max_items_per_batch= or max_input_bytes_per_batch=, or both")
        _number("ItemBatcher", "max_items_per_batch", max_items_per_batch)
        _number("ItemBatcher", "max_input_bytes_per_batch", max_input_bytes_per_batch, MAX_BATCH_BYTES)
        self.max_items_per_batch, self.max_input_bytes_per_batch = max_items_per_batch, max_input_bytes_per_batch
        self.batch_input = batch_input

    def field(self, build: Build) -> dict[str, Any]:
        """The field ItemBatcher."""
        return _there(
            {
                "BatchInput": self.batch_input,
                "MaxItemsPerBatch": self.max_items_per_batch,
                "MaxInputBytesPerBatch": self.max_input_bytes_per_batch,
            }
        )


class ResultWriter:
    """Where a distributed Map writes its executions' results, and in which form.

    Args:
        uri: `s3://bucket/prefix`, in the state machine's own region and account. None: nothing is written, the results
            are the state's result.
        bucket, prefix: instead of the URI.
        transformation: NONE (with each execution's metadata; default when something is written), COMPACT (outputs only)
            or FLATTEN (outputs only, and lists of lists made one list).
        output_type: JSON (default) or JSONL.

    Raises:
        ValueError: a value AWS does not know (with the nearest), both a URI and a bucket, or nothing at all.
    """

    def __init__(
        self,
        uri: Any = None,
        *,
        bucket: Any = None,
        prefix: Any = None,
        transformation: Transformation | None = None,
        output_type: OutputType | None = None,
    ) -> None:
        _known("transformation", transformation, Transformation)
        _known("output_type", output_type, OutputType)
        if uri is not None or bucket is not None or prefix is not None:
            _one_place("ResultWriter", uri, bucket)
        elif transformation is None and output_type is None:
            raise ValueError("ResultWriter needs a uri=, or transformation= and output_type=")
        if uri is not None and prefix is not None:
            raise ValueError("ResultWriter: the uri= has the prefix in it; give one of them")
        self.uri, self.bucket, self.prefix = uri, bucket, prefix
        self.transformation, self.output_type = transformation, output_type

    def field(self, build: Build) -> dict[str, Any]:
        """The field ResultWriter; what its URI cannot be split into is a problem."""
        done: dict[str, Any] = {}
        if self.uri is not None or self.bucket is not None:
            bucket, prefix = self.bucket, self.prefix
            if self.uri is not None:
                bucket, prefix = bucket_and_key(self.uri, build, prefix=True)
            done["Resource"] = build.resource("s3:putObject")
            done[_given(build)] = _there({"Bucket": bucket, "Prefix": prefix})
        if self.transformation or self.output_type:
            done["WriterConfig"] = {
                "Transformation": self.transformation or "NONE",
                "OutputType": self.output_type or "JSON",
            }
        return done


def _given(build: Build) -> str:
    return "Arguments" if build.language == "JSONata" else "Parameters"


def _there(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in fields.items() if not (value is None or (isinstance(value, str) and not value))
    }


def _known(name: str, value: Any, words: Any) -> None:
    if value is not None and value not in get_args(words):
        known = get_args(words)
        raise ValueError(
            f"{name}= is one of {', '.join(known)}, not {value!r}; {did_you_mean(str(value), known)}".rstrip("; ")
        )


def _one_place(what: str, uri: Any, bucket: Any) -> None:
    if (uri is None) == (bucket is None):
        raise ValueError(f"{what} needs a uri= such as s3://bucket/prefix, or a bucket=, and not both")


def _number(what: str, name: str, value: Any, most: int | None = None) -> None:
    if value is None or isinstance(value, Placeholder):
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        limit = f"from 1 to {most:,}" if most else "of 1 or more"
        raise ValueError(f"{what}: {name}= is a whole number {limit} or a run-time value, not {value!r}")

"""The items in one file: CSV, JSON, JSON Lines, Parquet.

In: an open file and a ReaderConfig. Out: items, one after another; never the whole file, where the format allows it.
Touches: a temporary file, for Parquet, which is read from its end.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

_DELIMITERS: Final = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_PIECE: Final = 1 << 16
_NO_LIST: Final = "Attempting to map over non-iterable node."
INSTALL: Final = "install it with: pip install 'stepmill[parquet]'"


class ReaderFault(Exception):
    """The items cannot be read; the text is the cause of States.ItemReaderFailed."""


class _Closing(Protocol):
    def close(self) -> None: ...


def items(body: Reader, key: str, config: Mapping[str, Any]) -> Iterator[Any]:
    """The items of a file, as `InputType` says what it is; a `key` that ends in .gz or .zst is unpacked. Raises
    ReaderFault."""
    kind = config.get("InputType", "JSON")
    raw = unpacked(_Raw(body), key)
    if kind == "PARQUET":
        return _parquet(raw)
    text = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8-sig", newline="")
    if kind == "CSV":
        return csv_rows(text, config)
    if kind == "JSONL":
        return _lines(text)
    return _array(text, str(config.get("ItemsPointer", "")))


class _Raw(io.RawIOBase):
    """A body that has only `read` as a file."""

    def __init__(self, body: Reader) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed and hasattr(self._body, "close"):
            self._body.close()
        super().close()


def unpacked(raw: io.RawIOBase, key: str) -> io.RawIOBase:
    """The bytes inside a packed file, by the ending of its key."""
    if key.endswith(".gz"):
        import gzip

        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if key.endswith(".zst"):
        try:
            from compression import zstd  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise ReaderFault(
                f"{key} is packed with zstd, which this Python cannot unpack; pack it with gzip"
            ) from None
        return zstd.ZstdFile(raw)  # type: ignore[no-any-return,unused-ignore]
    return raw


def csv_rows(text: io.TextIOBase, config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Rows as objects of texts. Recorded from AWS: cells beyond the header are dropped, a header that is missing is
    the empty name, and a row has its names in the order of a Java HashMap."""
    import csv

    csv.field_size_limit(1 << 26)
    rows = csv.reader(text, delimiter=_DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    try:
        header = config.get("CSVHeaders") if config.get("CSVHeaderLocation") == "GIVEN" else next(rows, None)
        if header is None:
            return
        if len(set(header)) < len(header):
            raise ReaderFault("CSV headers cannot contain duplicates.")
        order = [(name, header.index(name)) for name in hash_order(header)]
        for row in rows:
            if row:
                yield {name: row[at] if at < len(row) else "" for name, at in order}
    except (csv.Error, UnicodeDecodeError) as fault:
        raise ReaderFault(f"The CSV file cannot be read: {fault}") from None


def hash_order(names: Sequence[str]) -> list[str]:
    """Names as a java.util.HashMap lists them: by bucket of a table that grows with them (recorded from AWS)."""
    size = 16
    while len(names) > size * 0.75:
        size *= 2

    def bucket(name: str) -> int:
        code = 0
        units = name.encode("utf-16-be", "surrogatepass")
        for high, low in zip(units[::2], units[1::2], strict=True):
            code = (code * 31 + (high << 8 | low)) & 0xFFFFFFFF
        return (code ^ code >> 16) & (size - 1)

    return sorted(names, key=bucket)


def _lines(text: io.TextIOBase) -> Iterator[Any]:
    for number, line in enumerate(_read(text), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as fault:
                raise ReaderFault(f"Line {number} is no JSON: {fault}") from None


def _read(text: io.TextIOBase) -> Iterator[str]:
    try:
        yield from text
    except UnicodeDecodeError as fault:
        raise ReaderFault(f"The file is no UTF-8: {fault}") from None


def _array(text: io.TextIOBase, pointer: str) -> Iterator[Any]:
    """The entries of a JSON array; of one deeper in the file, which is then read as a whole."""
    try:
        if pointer:
            found = _pointed(json.load(text), pointer)
            if not isinstance(found, list):
                raise ReaderFault(_NO_LIST)
            yield from found
            return
        yield from json_entries(text)
    except ValueError as fault:
        raise ReaderFault(f"The file is no JSON: {fault}") from None


def _pointed(value: Any, pointer: str) -> Any:
    """RFC 6901."""
    for part in pointer.lstrip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise ReaderFault(f"The ItemsPointer {pointer} leads nowhere")
    return value


def json_entries(text: io.TextIOBase, piece_size: int = _PIECE) -> Iterator[Any]:
    """One entry of a list after another; what is held is one entry and one piece of the file. Raises ValueError."""
    decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().raw_decode
    held, at, over = text.read(piece_size), 0, False

    def more() -> None:
        nonlocal held, at, over
        piece = text.read(piece_size)
        over = not piece
        held, at = held[at:] + piece, 0

    def space() -> str:
        """The next character that is not white, "" at the end."""
        nonlocal at
        while True:
            while at < len(held) and held[at] in " \t\r\n":
                at += 1
            if at < len(held) or over:
                return held[at : at + 1]
            more()

    if space() != "[":
        json.loads(held[at:] + text.read())  # what is no JSON at all is told so
        raise ReaderFault(_NO_LIST)
    at += 1
    first = True
    while space() != "]" or not first:
        if space() == "":
            raise ValueError("it ends within the list")
        while True:
            try:
                value, end = decode(held, at)
                # A number may go on in the next piece.
                whole = over or (end < len(held) and held[end] in ",] \t\r\n")
            except ValueError:
                if over:
                    raise
                whole = False
            if whole:
                break
            more()
        yield value
        at, first = end, False
        mark = space()
        if mark == "]":
            break
        if mark != ",":
            raise ValueError("a comma or the end of the list is missing")
        at += 1


def _parquet(raw: io.RawIOBase) -> Iterator[Any]:
    try:
        from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise ReaderFault(f"Parquet files are read by pyarrow, which is not here; {INSTALL}") from None
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(raw, file)
        try:
            for batch in parquet.ParquetFile(file).iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    yield json.loads(json.dumps(row, default=str))
        except Exception as fault:  # noqa: BLE001 - pyarrow has many
            raise ReaderFault(f"The Parquet file cannot be read: {fault}") from None

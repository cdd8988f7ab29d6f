"""Writes input.zip: four gzip'd idx files, the form in which MNIST is handed round.

From scikit-learn's own digits, 1,797 images of 8 × 8, which needs no network:

    python make_data.py input.zip

From the four files of the full MNIST, plain or gzip'd, anywhere below a folder:

    python make_data.py input.zip --mnist FOLDER
"""

import argparse
import gzip
import struct
import zipfile
from pathlib import Path

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def idx(array) -> bytes:
    """An array of unsigned bytes as an idx file."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype("uint8").tobytes()


def digits() -> dict[str, bytes]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    x, x_test, y, y_test = train_test_split(
        data.images, data.target, test_size=0.2, random_state=0, stratify=data.target
    )
    return dict(zip(NAMES, map(idx, (x, y, x_test, y_test)), strict=True))


def mnist(folder: Path) -> dict[str, bytes]:
    files = {}
    for name in NAMES:
        # Some unpackers write train-images.idx3-ubyte for train-images-idx3-ubyte.
        found = sorted(path for path in folder.rglob(f"{name.replace('-idx', '?idx')}*") if path.is_file())
        if not found:
            raise SystemExit(f"{folder} holds no {name}")
        data = found[0].read_bytes()
        files[name] = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return files


def write(target: Path, files: dict[str, bytes]) -> None:
    """The same data gives the same bytes: no time of day goes into the archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.gz"), gzip.compress(data, mtime=0))
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, nargs="?", default=Path("input.zip"))
    parser.add_argument("--mnist", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    write(options.target, mnist(options.mnist) if options.mnist else digits())

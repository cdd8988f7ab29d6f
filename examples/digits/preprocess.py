"""Unpacks input.zip (four gzip'd idx files, as MNIST comes) and writes train.npz and test.npz for the jobs that follow.

Each holds `x`, one row of grey levels 0–255 per image (uint8), and `y`, the labels. Images may have any size.
"""

import gzip
import struct
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

PROCESSING = Path("/opt/ml/processing")
LIMIT = 1 << 30  # bytes one unpacked file may have; the largest of MNIST has 47 million


def read_idx(data: bytes, name: str) -> np.ndarray:
    """The array in an idx file: two zeros, type 8 (unsigned byte), number of dimensions, their sizes, the data."""
    if len(data) < 4 or data[:3] != b"\x00\x00\x08" or not 1 <= data[3] <= 3:
        raise ValueError(f"{name} is not an idx file of unsigned bytes")
    dimensions = data[3]
    start = 4 + 4 * dimensions
    if len(data) < start:
        raise ValueError(f"{name} ends inside its header")
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    expected = start + int(np.prod(shape, dtype=np.int64))
    if len(data) != expected:
        raise ValueError(f"{name} has {len(data)} bytes where its header promises {expected}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_zip(path: Path) -> dict[str, np.ndarray]:
    """The arrays in the archive by their MNIST names, such as `train-images`, in whatever folder they lie."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            name = PurePosixPath(member).name
            if not name.endswith("ubyte.gz"):
                continue
            with archive.open(member) as packed, gzip.open(packed) as unpacked:
                data = unpacked.read(LIMIT + 1)
            if len(data) > LIMIT:
                raise ValueError(f"{name} unpacks to more than {LIMIT} bytes")
            arrays["-".join(name.replace(".", "-").split("-")[:2])] = read_idx(data, name)
    wanted = ["train-images", "train-labels", "t10k-images", "t10k-labels"]
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise FileNotFoundError(f"{path.name} holds no {', '.join(missing)} (…-ubyte.gz)")
    return arrays


def main(base: Path = PROCESSING) -> None:
    arrays = read_zip(base / "input" / "input.zip")
    brightest = int(arrays["train-images"].max()) or 1
    for part, source in (("train", "train"), ("test", "t10k")):
        images, labels = arrays[f"{source}-images"], arrays[f"{source}-labels"]
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} {source} images, but {len(labels)} labels")
        x = images.reshape(len(images), -1)
        if brightest != 255:
            x = np.clip(np.round(x * (255.0 / brightest)), 0, 255).astype(np.uint8)
        folder = base / part
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / f"{part}.npz", x=x, y=labels)
        size = " × ".join(map(str, images.shape[1:]))
        print(f"{part}: {len(x)} images of {size}, {len(np.unique(labels))} classes")


if __name__ == "__main__":
    main()

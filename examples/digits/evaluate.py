"""Opens model.tar.gz, judges the model by test.npz, and writes evaluation.json: accuracy, confusion matrix, counts."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np

PROCESSING = Path("/opt/ml/processing")
LIMIT = 1 << 30  # bytes the weights may have


def read_weights(archive: Path) -> dict[str, np.ndarray]:
    """The arrays in weights.npz. Nothing is unpacked to disk; no other member, no link and no pickle is read."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if member.name.removeprefix("./") == "weights.npz" and member.isreg():
                if member.size > LIMIT:
                    raise ValueError(f"weights.npz has {member.size} bytes, more than {LIMIT}")
                with np.load(io.BytesIO(tar.extractfile(member).read()), allow_pickle=False) as arrays:
                    return dict(arrays)
    raise FileNotFoundError(f"{archive.name} holds no weights.npz")


def predict(weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The label of each row: one hidden layer of rectified linear units, then the largest output."""
    hidden = np.maximum(x @ weights["w0"] + weights["b0"], 0)
    return weights["classes"][np.argmax(hidden @ weights["w1"] + weights["b1"], axis=1)]


def report(labels: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> dict[str, object]:
    """What evaluation.json says; a row of the confusion matrix is a true class, a column what the model took it for."""
    matrix = [[int(np.sum((labels == true) & (predicted == seen))) for seen in classes] for true in classes]
    return {
        "accuracy": round(float(np.mean(labels == predicted)), 4),
        "images": len(labels),
        "classes": classes.tolist(),
        "confusion_matrix": matrix,
    }


def main(base: Path = PROCESSING) -> None:
    weights = read_weights(base / "model" / "model.tar.gz")
    with np.load(base / "test" / "test.npz", allow_pickle=False) as data:
        x, y = data["x"].astype(np.float32) / 255, data["y"]
    result = report(y, predict(weights, x), weights["classes"])
    folder = base / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(result))
    print(f"accuracy: {result['accuracy']} on {result['images']} images")


if __name__ == "__main__":
    main()

"""Trains a small neural network on train.npz, prints loss and accuracy per epoch, leaves its weights as arrays.

When SageMaker keeps checkpoints (spot instances come and go), training continues from the last finished epoch.
"""

import argparse
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.neural_network import MLPClassifier


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    parser.add_argument("--checkpoints", type=Path, default="/opt/ml/checkpoints")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> float:
    with np.load(options.train / "train.npz", allow_pickle=False) as data:
        x, y = data["x"].astype(np.float32) / 255, data["y"]
    order = np.random.default_rng(0).permutation(len(x))
    held = len(x) // 10  # a tenth is held back, so that the printed accuracy is of images not trained on
    validation, training = order[:held], order[held:]

    model = MLPClassifier((128,), learning_rate_init=options.learning_rate, batch_size=min(256, len(x)), random_state=0)
    done = 0
    # A job has this folder only when its request asks for checkpoints, so a pickle in it is one of ours.
    checkpoint = options.checkpoints / "state.joblib" if options.checkpoints.is_dir() else None
    if checkpoint and checkpoint.exists():
        model, done = joblib.load(checkpoint)
        print(f"continuing after epoch {done}")

    accuracy = 0.0
    for epoch in range(done + 1, options.epochs + 1):
        model.partial_fit(x[training], y[training], classes=np.unique(y))
        accuracy = model.score(x[validation], y[validation])
        print(f"epoch {epoch} loss: {model.loss_:.4f} accuracy: {accuracy:.4f}", flush=True)
        if checkpoint:
            unfinished = checkpoint.with_suffix(".part")
            joblib.dump((model, epoch), unfinished)
            unfinished.replace(checkpoint)

    options.model_dir.mkdir(parents=True, exist_ok=True)
    (w0, w1), (b0, b1) = model.coefs_, model.intercepts_
    np.savez(options.model_dir / "weights.npz", w0=w0, b0=b0, w1=w1, b1=b1, classes=model.classes_)
    return accuracy


if __name__ == "__main__":
    main(arguments())

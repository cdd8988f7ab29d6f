"""The same three scripts as three steps of Metaflow, which also starts a process for each."""

import os
import tarfile
from pathlib import Path

from metaflow import FlowSpec, step

BASE = Path(os.environ["BENCH_BASE"])


class Digits(FlowSpec):
    @step
    def start(self):
        import preprocess

        preprocess.main(BASE)
        self.next(self.train)

    @step
    def train(self):
        import train

        options = ["--train", str(BASE / "train"), "--model_dir", str(BASE / "weights")]
        train.main(train.arguments([*options, "--learning_rate", "0.01", "--epochs", "20"]))
        with tarfile.open(BASE / "model" / "model.tar.gz", "w:gz", compresslevel=1) as tar:
            tar.add(BASE / "weights" / "weights.npz", "weights.npz")
        self.next(self.end)

    @step
    def end(self):
        import evaluate

        evaluate.main(BASE)


if __name__ == "__main__":
    Digits()

"""Writes src/stepmill/sagemaker/image_uris.json from the tables that the SageMaker Python SDK carries.

In: the `image_uri_config` folder of an installed `sagemaker-core` (SDK 3; a superset of the last SDK 2's). Out: which
images AWS publishes, one version a line, each set of registries once. Touches: that one file. Run, with an interpreter
that has `sagemaker>=3.27`: `python tools/make_image_uris.py [YYYY-MM-DD [TARGET]]`.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "stepmill" / "sagemaker" / "image_uris.json"
FRAMEWORKS = ("huggingface", "huggingface-neuron", "pytorch", "pytorch-neuron", "pytorch-smp", "sklearn", "spark",
              "sparkml-serving", "tensorflow", "xgboost")  # fmt: skip
ALGORITHMS = ("blazingtext", "factorization-machines", "forecasting-deepar", "image-classification", "ipinsights",
              "kmeans", "knn", "lda", "linear-learner", "ntm", "object-detection", "object2vec", "pca",
              "randomcutforest", "semantic-segmentation", "seq2seq")  # fmt: skip
OTHERS = ("clarify", "debugger", "model-monitor")


def folded(node: Any, registries: list[dict[str, str]]) -> Any:
    """A table whose registries are numbers."""
    if not isinstance(node, dict):
        return node
    row = {key: folded(value, registries) for key, value in node.items() if key != "registries"}
    if "registries" in node:
        accounts: dict[str, list[str]] = {}
        for region, account in sorted(node["registries"].items()):
            accounts.setdefault(account, []).append(region)
        written = {account: " ".join(regions) for account, regions in sorted(accounts.items())}
        if written not in registries:
            registries.append(written)
        row["registries"] = registries.index(written)
    return row


def lines(node: Any, depth: int = 1) -> Iterator[str]:
    """A table as text, one version a line."""
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    if isinstance(node, dict) and any(key in node for key in ("versions", "training", "inference", "processing")):
        entries = [f"{json.dumps(key)}:{''.join(lines(value, depth + 1))}" for key, value in node.items()]
        yield "{\n" + ",\n".join(entries) + "}"
    elif isinstance(node, dict) and node and all(isinstance(value, dict) for value in node.values()) and depth <= 4:
        entries = [f"{json.dumps(key)}:{json.dumps(value, **compact)}" for key, value in node.items()]
        yield "{\n" + ",\n".join(entries) + "}"
    else:
        yield json.dumps(node, **compact)


def main() -> None:
    found = importlib.util.find_spec("sagemaker.core")
    assert found is not None and found.origin is not None, "this interpreter has no sagemaker-core"
    folder = Path(found.origin).parent / "image_uri_config"
    date = sys.argv[1] if len(sys.argv) > 1 else datetime.datetime.now(datetime.UTC).date().isoformat()
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else TARGET
    registries: list[dict[str, str]] = []
    images = {
        name: folded(json.loads((folder / f"{name}.json").read_text("utf-8")), registries)
        for name in sorted((*FRAMEWORKS, *ALGORITHMS, *OTHERS))
    }
    source = f"image_uri_config of sagemaker-core {importlib.metadata.version('sagemaker-core')}"
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in registries)
    tables = ",\n".join(f"{json.dumps(name)}:{''.join(lines(table))}" for name, table in images.items())
    head = f'{{"source":{json.dumps(source)},"date":"{date}",\n'
    target.write_text(f'{head}"registries":[\n{rows}],\n"images":{{\n{tables}}}}}\n', "utf-8")
    json.loads(target.read_text("utf-8"))


if __name__ == "__main__":
    main()

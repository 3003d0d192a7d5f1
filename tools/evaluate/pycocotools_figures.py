#!/usr/bin/env python3
"""Prints the figures of pycocotools as JSON, in the form of `tros-yolo-seg eval --json`, for a test that compares the two.

    python3 tools/evaluate/pycocotools_figures.py instances.json found.jsonl|results.json

Needs: pip install pycocotools, or Debian's python3-pycocotools.
"""
import contextlib
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from coco import detections, results

NAMES = ("ap", "ap50", "ap75", "apSmall", "apMedium", "apLarge")
NAMES += ("ar1", "ar10", "ar100", "arSmall", "arMedium", "arLarge")


def mean(values):
    known = values[values > -1]
    return float(known.mean()) if known.size else None


def figures(truth, found, kind: str) -> dict:
    scores = COCOeval(truth, results(truth, found, kind), kind)
    scores.evaluate()
    scores.accumulate()
    scores.summarize()
    # IoU x recall x class x area x detections
    precision = scores.eval["precision"][..., 0, -1]
    names = [truth.cats[category]["name"] for category in scores.params.catIds]
    classes = [
        {"name": name, "ap": mean(precision[..., k]), "ap50": mean(precision[0, :, k]), "ap75": mean(precision[5, :, k])}
        for k, name in enumerate(names)
    ]
    stats = [None if s == -1 else float(s) for s in np.asarray(scores.stats)]
    return {**dict(zip(NAMES, stats)), "classes": classes}


def main(annotations: str, file: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        truth = COCO(annotations)
        with open(file) as lines:
            is_list = lines.read(1) == "["
            lines.seek(0)
            found = json.load(lines) if is_list else detections(truth.dataset, lines)
        answer = {"box": figures(truth, found, "bbox")}
        if not found or any("segmentation" in d for d in found):
            answer["mask"] = figures(truth, found, "segm")
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""Scores the JSON lines of `tros-yolo-seg run --json` with pycocotools.

    tros-yolo-seg run images/ --model m.onnx --score 0.001 --iou 0.7 --max-detections 300 --json found.jsonl
    python3 tools/evaluate/coco.py instances.json found.jsonl

Needs: pip install pycocotools. Class names of the model are matched with the category names of the annotations.
"""
import json
import os
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main(annotations: str, lines: str) -> None:
    truth = COCO(annotations)
    category = {c["name"]: c["id"] for c in truth.loadCats(truth.getCatIds())}
    image = {i["file_name"]: i["id"] for i in truth.loadImgs(truth.getImgIds())}
    found = []
    with open(lines) as file:
        for line in file:
            frame = json.loads(line)
            found += [
                {
                    "image_id": image[os.path.basename(frame["source"])],
                    "category_id": category[instance["class_name"]],
                    "score": instance["score"],
                    "bbox": instance["box"],
                    "segmentation": instance["mask"],
                }
                for instance in frame["instances"]
                if instance["class_name"] in category
            ]
    for kind in ("bbox", "segm"):
        # loadRes trusts boxes where there are any; masks are scored with their own area.
        results = truth.loadRes([{k: v for k, v in d.items() if kind == "bbox" or k != "bbox"} for d in found])
        scores = COCOeval(truth, results, kind)
        scores.evaluate()
        scores.accumulate()
        scores.summarize()


if __name__ == "__main__":
    main(*sys.argv[1:3])

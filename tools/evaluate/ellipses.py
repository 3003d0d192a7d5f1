#!/usr/bin/env python3
"""Writes test/vision/evaluate/ellipses.json: made-up detections of ellipses and what pycocotools says of them.

    python3 tools/evaluate/ellipses.py > test/vision/evaluate/ellipses.json

Needs: pip install numpy pycocotools. A region is an ellipse around (x, y); its mask holds the pixels whose center is in it.
"""
import json

import numpy as np
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

WIDTH, HEIGHT, FRAMES, CLASSES = 96, 64, 25, 3
random = np.random.default_rng(7)


def ellipse(x, y, rx, ry):
    column, row = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    inside = ((column - x) / rx) ** 2 + ((row - y) / ry) ** 2 <= 1
    encoded = rle.encode(np.asfortranarray(inside.astype(np.uint8)))
    return {
        "segmentation": encoded,
        "bbox": [x - rx, y - ry, 2 * rx, 2 * ry],
        "area": float(inside.sum()),
    }


def rounded(*values):
    return [round(float(v), 2) for v in values]


def make_frame():
    """Objects as [class, x, y, rx, ry, ignore]; found ones as [class, x, y, rx, ry, score]."""
    objects, found = [], []
    for _ in range(random.integers(1, 7)):
        x, y, rx, ry = rounded(*random.uniform((20, 18, 5, 5), (76, 46, 18, 16)))
        kind = int(random.integers(CLASSES))
        objects.append([kind, x, y, rx, ry, int(random.random() < 0.15)])
        # None, one or two detections of each, off by a little or a lot, sometimes of the wrong class.
        for _ in range(random.choice(3, p=[0.15, 0.7, 0.15])):
            dx, dy, sx, sy = random.normal(0, random.choice([0.03, 0.12]), 4)
            other = int(random.integers(CLASSES)) if random.random() < 0.1 else kind
            shape = rounded(x + dx * rx, y + dy * ry, rx * (1 + sx), ry * (1 + sy))
            found.append([other, *shape, round(float(random.uniform(0.2, 1)), 3)])
    for _ in range(random.integers(3)):
        shape = rounded(*random.uniform((20, 18, 5, 5), (76, 46, 18, 16)))
        found.append([int(random.integers(CLASSES)), *shape, round(float(random.uniform(0, 0.6)), 3)])
    return {"objects": objects, "found": found}


def scores(frames, kind):
    annotations, detections = [], []
    for image, frame in enumerate(frames, 1):
        for category, x, y, rx, ry, ignore in frame["objects"]:
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image, "category_id": category + 1}
                | {"iscrowd": ignore}
                | ellipse(x, y, rx, ry)
            )
        for category, x, y, rx, ry, score in frame["found"]:
            region = ellipse(x, y, rx, ry)
            # loadRes trusts boxes where there are any, so masks go in without.
            if kind == "segm":
                del region["bbox"]
            detections.append({"image_id": image, "category_id": category + 1, "score": score} | region)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": i + 1, "width": WIDTH, "height": HEIGHT} for i in range(len(frames))],
        "categories": [{"id": i + 1, "name": str(i)} for i in range(CLASSES)],
        "annotations": annotations,
        "info": {},
    }
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(detections), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    # [threshold, recall, class, area, detections]: all areas, 100 detections.
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    return {
        "ap": float(precision.mean()),
        "ap50": float(precision[0].mean()),
        "ap50ByClass": precision[0].mean(axis=0).tolist(),
    }


def main():
    frames = [make_frame() for _ in range(FRAMES)]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "classes": CLASSES,
        "frames": frames,
        "pycocotools": {"box": scores(frames, "bbox"), "mask": scores(frames, "segm")},
    }


if __name__ == "__main__":
    import contextlib
    import sys

    with contextlib.redirect_stdout(sys.stderr):
        data = main()
    print(json.dumps(data))

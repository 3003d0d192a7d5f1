#!/usr/bin/env python3
"""Scores the JSON lines of `tros-yolo-seg run --json` with pycocotools.

    tros-yolo-seg run images/ --model m.onnx --score 0.001 --iou 0.7 --max-detections 300 --json found.jsonl
    python3 tools/evaluate/coco.py instances.json found.jsonl

Needs: pip install pycocotools. Class names of the model are matched with the category names of the annotations, pictures with
their file_name: the whole path if it can be, else as much of its end as tells them apart. Lines of pictures that are not
annotated are refused. Without masks (--masks none) the boxes alone are scored.
"""
import json
import sys


def pictures(truth: dict):
    """A function from the source of a line to the annotations' image."""
    by_end = {}
    for image in truth["images"]:
        parts = image["file_name"].replace("\\", "/").split("/")
        for length in range(1, len(parts) + 1):
            by_end.setdefault("/".join(parts[-length:]), []).append(image)
    exact = {}
    for image in truth["images"]:
        exact.setdefault(image["file_name"], image)

    def find(source: str) -> dict:
        if source in exact:
            return exact[source]
        parts = source.split("/")
        # The longest end that source and file_name share: photos/images/g.png is images/g.png before it is g.png.
        for length in range(len(parts), 0, -1):
            end = "/".join(parts[-length:])
            if end in exact:
                return exact[end]
            images = by_end.get(end, [])
            if len(images) == 1:
                return images[0]
            if images:
                names = ", ".join(image["file_name"] for image in images[:3])
                raise SystemExit(
                    f"Expected one annotated picture for {source} but received {len(images)}: {names}. "
                    "Run on the folder above, so that the source names it too."
                )
        raise SystemExit(
            f"Expected an annotated picture for {source} but received none of that name. "
            "Run on the pictures of the annotations only."
        )

    return find


def detections(truth: dict, lines) -> list:
    """Results in COCO's form, `segmentation` only where the line has masks."""
    category = {c["name"]: c["id"] for c in truth["categories"]}
    find = pictures(truth)
    found = []
    for line in lines:
        if line.strip() == "":
            continue
        frame = json.loads(line)
        image = find(frame["source"])
        size = [image.get("height", frame["height"]), image.get("width", frame["width"])]
        if [frame["height"], frame["width"]] != size:
            raise SystemExit(
                f"Expected {frame['source']} to have {size[1]}x{size[0]} pixels, as the annotations say, "
                f"but received {frame['width']}x{frame['height']}."
            )
        for instance in frame["instances"]:
            if instance["class_name"] not in category:
                continue
            result = {
                "image_id": image["id"],
                "category_id": category[instance["class_name"]],
                "score": instance["score"],
                "bbox": instance["box"],
            }
            if "mask" in instance:
                if instance["mask"]["size"] != size:
                    raise SystemExit(
                        f"Expected masks of {size[1]}x{size[0]} pixels for {frame['source']} but received "
                        f"{instance['mask']['size'][1]}x{instance['mask']['size'][0]}. Run again with --masks source."
                    )
                result["segmentation"] = instance["mask"]
            found.append(result)
    return found


def results(truth, found: list, kind: str):
    """loadRes() for any number of detections, none too."""
    from pycocotools.coco import COCO

    if not found:
        empty = COCO()
        empty.dataset = {**truth.dataset, "annotations": []}
        empty.createIndex()
        return empty
    # loadRes trusts boxes where there are any; masks are scored with their own area.
    keep, drop = ("bbox", "segmentation") if kind == "bbox" else ("segmentation", "bbox")
    return truth.loadRes([{k: v for k, v in d.items() if k != drop} for d in found if keep in d])


def main(annotations: str, lines: str) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO(annotations)
    with open(lines) as file:
        found = detections(truth.dataset, file)
    masks = not found or any("segmentation" in d for d in found)
    for kind in ("bbox", "segm") if masks else ("bbox",):
        scores = COCOeval(truth, results(truth, found, kind), kind)
        scores.evaluate()
        scores.accumulate()
        scores.summarize()
    if not masks:
        print("No masks in the lines: boxes only.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])

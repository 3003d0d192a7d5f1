"""Exports networks of the structure of each family, with random weights, as ONNX: what `model cut` and the decoder are tried with.

    python export.py OUT [FAMILY...]
"""

import sys
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from blocks import A2C2f, ADown, C2f, C2PSA, C3k2, Conv, ELAN, SPPF
from heads import PromptFreeSegment, Segment
from queries import QueryNetwork

OUTPUTS = ["output0", "output1"]


class Network(nn.Module):
    """Backbone, feature pyramid and head; the head's names are those of the last of many modules, as in the originals."""

    def __init__(self, block, head, size, widths=(16, 32, 64, 96, 128), levels=(8, 16, 32), down=None, attention=False, **options):
        super().__init__()
        self.levels = levels
        stem, p2, p3, p4, p5 = widths
        step = down or (lambda a, b: Conv(a, b, 3, 2))
        self.stem = nn.Sequential(Conv(3, stem, 3, 2), Conv(stem, p2, 3, 2), C2f(p2, p2))
        self.down = nn.ModuleList([step(p2, p3), step(p3, p4), step(p4, p5)])
        self.blocks = nn.ModuleList([block(p3, p3), block(p4, p4), block(p5, p5)])
        self.pool = nn.Sequential(SPPF(p5), C2PSA(p5)) if attention else SPPF(p5)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.top = nn.ModuleList([block(p5 + p4, p4), block(p4 + p3, p3), block(p3 + p2, p2)])
        self.back = nn.ModuleList([step(p3, p3), step(p4, p4)])
        self.bottom = nn.ModuleList([block(p3 + p4, p4), block(p4 + p5, p5)])
        self.p6 = Conv(p5, p5, 3, 2)
        channels = {4: p2, 8: p3, 16: p4, 32: p5, 64: p5}
        self.model = nn.ModuleDict({"22": head([channels[s] for s in levels], levels, size, **options)})

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        f2 = self.stem(x)
        f3 = self.blocks[0](self.down[0](f2))
        f4 = self.blocks[1](self.down[1](f3))
        f5 = self.pool(self.blocks[2](self.down[2](f4)))
        t4 = self.top[0](torch.cat((self.up(f5), f4), 1))
        t3 = self.top[1](torch.cat((self.up(t4), f3), 1))
        features = {8: t3}
        if 4 in self.levels:
            features[4] = self.top[2](torch.cat((self.up(t3), f2), 1))
        features[16] = self.bottom[0](torch.cat((self.back[0](t3), t4), 1))
        features[32] = self.bottom[1](torch.cat((self.back[1](features[16]), f5), 1))
        features[64] = self.p6(features[32])
        return self.model["22"]([features[s] for s in self.levels])


def area(inputs: int, outputs: int) -> nn.Module:
    return A2C2f(inputs, outputs, area=4 if inputs == outputs and inputs < 128 else 1)


YOLO26 = dict(block=C3k2, attention=True, reg_max=1, proto26=True)
ONE2ONE = dict(end2end=True, names=("one2one_cv2", "one2one_cv3", "one2one_cv4"))
# Settings of the network, and of the export under "export".
FAMILIES = {
    "yolov8-seg": dict(block=C2f, legacy=True, classes=80),
    "yolov8-seg-p2": dict(block=C2f, legacy=True, classes=80, levels=(4, 8, 16, 32)),
    "yolov8-seg-p6": dict(block=C2f, legacy=True, classes=80, levels=(8, 16, 32, 64)),
    "yolov9-seg": dict(block=ELAN, legacy=True, classes=80, down=ADown),
    "yolo11-seg": dict(block=C3k2, attention=True, classes=80),
    "yolo11-seg-1": dict(block=C3k2, attention=True, classes=1, export=dict(opset=20)),
    "yolo11-seg-dynamo": dict(block=C3k2, attention=True, classes=80, export=dict(opset=20, dynamo=True)),
    "yolo12-seg": dict(block=area, classes=80),
    "yolo26-seg": dict(**YOLO26, **ONE2ONE, classes=80, export=dict(opset=20)),
    "yolo26-seg-opset12": dict(**YOLO26, **ONE2ONE, classes=3, export=dict(opset=12)),
    "yolo26-seg-dynamo": dict(**YOLO26, **ONE2ONE, classes=80, export=dict(opset=20, dynamo=True)),
    "yolo26-seg-half": dict(**YOLO26, **ONE2ONE, classes=80, export=dict(opset=20, half=True)),
    "yolo26-seg-p2": dict(**YOLO26, **ONE2ONE, classes=80, levels=(4, 8, 16, 32)),
    "yolo26-seg-p6": dict(**YOLO26, **ONE2ONE, classes=80, levels=(8, 16, 32, 64)),
    "yolo26-seg-two-levels": dict(**YOLO26, **ONE2ONE, classes=80, levels=(8, 16)),
    "yolo26-seg-end2end-false": dict(**YOLO26, classes=80),
    "yoloe-11-seg-1203": dict(block=C3k2, attention=True, classes=1203, names=("cv2", "cv3", "cv5")),
    "yoloe-11-seg-4585": dict(block=C3k2, attention=True, classes=4585, names=("cv2", "cv3", "cv5")),
    "yoloe-26-seg-1203": dict(**YOLO26, classes=1203, end2end=True, names=("one2one_cv2", "one2one_cv3", "one2one_cv5")),
    "yoloe-11-seg-pf": dict(block=C3k2, head=PromptFreeSegment, attention=True, classes=4585),
    # The sizes and queries of RF-DETR-seg Nano and Medium.
    "rf-detr-seg-nano": dict(network=QueryNetwork, size=312, queries=100, classes=91),
    "rf-detr-seg-medium": dict(network=QueryNetwork, size=432, queries=200, classes=91),
}


def calibrate(network: Network, picture: Tensor) -> None:
    """Gives the last layers' outputs a spread that decoding can tell apart: scores that are not saturated, boxes that are boxes."""
    head = network.model["22"]
    box, score, mask = (getattr(head, name) for name in head.names)
    targets = {box: (0.0, 2.0) if head.reg_max > 1 else (3.0, 0.5), score: (-3.0, 1.5), mask: (0.0, 1.0)}
    scores = list(score) if not hasattr(head, "vocab") else list(head.vocab)
    for layers, (mean, deviation) in targets.items():
        for layer in scores if layers is score else layers:
            last = layer[-1] if isinstance(layer, nn.Sequential) else layer
            seen = []
            hook = last.register_forward_hook(lambda _, __, output: seen.append(output))
            with torch.no_grad():
                network(picture)
                hook.remove()
                factor = deviation / seen[0].std().item()
                last.weight *= factor
                last.bias.copy_((last.bias - seen[0].mean()) * factor + mean)


def export(family: str, folder: Path) -> None:
    settings = dict(FAMILIES[family])
    how = settings.pop("export", {})
    kind = settings.pop("network", Network)
    size = settings.pop("size", 320)
    classes = settings["classes"]
    torch.manual_seed(1)
    if kind is Network:
        network = Network(head=settings.pop("head", Segment), size=(size, size), **settings).eval()
    else:
        network = kind(size=size, **settings).eval()
    for parameter in network.parameters():
        # Variance is kept from layer to layer, so that random heads tell cells apart.
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=1.4 / (parameter[0].numel() ** 0.5))
        else:
            nn.init.normal_(parameter, std=0.1)
    picture = torch.rand(1, 3, size, size)
    if kind is Network:
        network.model["22"].bins_as_weights()
        calibrate(network, picture)
    else:
        picture = (picture - 0.45) / 0.22
        network.calibrate(picture)
    if how.get("half"):
        network, picture = network.half(), picture.half()
    path = folder / f"{family}.onnx"
    names = (["images"], OUTPUTS) if kind is Network else (["input"], ["dets", "labels"])
    options = dict(input_names=names[0], output_names=names[1], opset_version=how.get("opset", 17))
    with torch.no_grad():
        if how.get("dynamo"):
            torch.onnx.export(network, (picture,), str(path), dynamo=True, external_data=False, **options)
        else:
            torch.onnx.export(network, (picture,), str(path), dynamo=False, **options)
    model = onnx.load(str(path))
    if kind is Network:
        facts = dict(task="segment", stride=str(max(network.levels)), imgsz=f"[{size}, {size}]",
                     names=str({i: f"class {i}" for i in range(classes)}))
        onnx.helper.set_model_props(model, facts)
        onnx.save(model, str(path))
    print(f"{path}: opset {model.opset_import[0].version}, {len(model.graph.node)} nodes, {path.stat().st_size >> 10} KiB")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for family in sys.argv[2:] or FAMILIES:
        export(family, folder)


if __name__ == "__main__":
    main()

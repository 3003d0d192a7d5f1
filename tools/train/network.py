"""The demo network: a small residual backbone, a top-down neck, and the ten heads of YOLOv8-seg.

Only the layout of the outputs follows YOLOv8-seg, so that the same post-processing fits; the layers are our own.
For strides 8, 16, 32 there are, on each cell,

    box  4 * REG_MAX logits: distances left, top, right, bottom in units of the stride, each a distribution over
         0 .. REG_MAX - 1 whose expectation is the distance (Li et al., "Generalized Focal Loss", 2020)
    cls  one logit for each class
    mc   MASKS coefficients: the mask's logits are their inner product with the prototypes

and at stride 4 there are MASKS prototypes (Bolya et al., "YOLACT", 2019).
"""

import torch
from torch import nn

STRIDES = (8, 16, 32)
REG_MAX = 16
MASKS = 32


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, normalization, ReLU (which ONNX Runtime and the BPU fold into the convolution)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, channels: int, inner: int):
        super().__init__()
        self.layers = nn.Sequential(conv(channels, inner), conv(inner, channels))

    def forward(self, x):
        return x + self.layers(x)


class Head(nn.Module):
    """The three outputs of one stride."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.box = nn.Sequential(conv(channels, channels), nn.Conv2d(channels, 4 * REG_MAX, 1))
        self.cls = nn.Sequential(conv(channels, channels), nn.Conv2d(channels, classes, 1))
        self.mc = nn.Sequential(conv(channels, MASKS), nn.Conv2d(MASKS, MASKS, 1))
        # Start with a probability of 1 % everywhere, as nearly all cells are background.
        nn.init.constant_(self.cls[-1].bias, -4.6)
        nn.init.constant_(self.box[-1].bias, 1.0)

    def forward(self, x):
        return self.mc(x), self.box(x), self.cls(x)


class Network(nn.Module):
    def __init__(self, classes: int, widths=(16, 24, 40, 64, 72), neck: int = 48):
        super().__init__()
        w2, w4, w8, w16, w32 = widths
        self.to4 = nn.Sequential(conv(3, w2, stride=2), conv(w2, w4, stride=2), Residual(w4, w4 // 2))
        self.to8 = nn.Sequential(conv(w4, w8, stride=2), Residual(w8, w8 // 2))
        self.to16 = nn.Sequential(conv(w8, w16, stride=2), Residual(w16, w16 // 2))
        self.to32 = nn.Sequential(
            conv(w16, w32, stride=2), Residual(w32, w32 // 2), Residual(w32, w32 // 2)
        )
        self.lateral32 = conv(w32, neck, 1)
        self.lateral16 = conv(w16, neck, 1)
        self.lateral8 = conv(w8, neck, 1)
        self.lateral4 = conv(w4, MASKS, 1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.merge16 = conv(neck, neck)
        self.merge8 = conv(neck, neck)
        self.heads = nn.ModuleList(Head(neck, classes) for _ in STRIDES)
        self.to_proto = conv(neck, MASKS, 1)
        self.proto = nn.Sequential(conv(MASKS, MASKS), nn.Conv2d(MASKS, MASKS, 1))

    def forward(self, images):
        """images: [N, 3, H, W] RGB in 0 .. 1. Returns mc, box and cls as lists by stride, and the prototypes."""
        x4 = self.to4(images)
        x8 = self.to8(x4)
        x16 = self.to16(x8)
        p32 = self.lateral32(self.to32(x16))
        p16 = self.merge16(self.lateral16(x16) + self.up(p32))
        p8 = self.merge8(self.lateral8(x8) + self.up(p16))
        mc, box, cls = zip(*(head(p) for head, p in zip(self.heads, (p8, p16, p32))))
        proto = self.proto(self.lateral4(x4) + self.up(self.to_proto(p8)))
        return list(mc), list(box), list(cls), proto


class Export(nn.Module):
    """The network with its outputs as D-Robotics' tools make them: ten tensors, channels last."""

    names = [f"{kind}{stride}" for kind in ("mc", "box", "cls") for stride in STRIDES] + ["proto"]

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, images):
        mc, box, cls, proto = self.network(images)
        return tuple(x.permute(0, 2, 3, 1) for x in (*mc, *box, *cls, proto))

"""Segmentation heads and their decoding as stock exports have it."""

import torch
from torch import Tensor, nn

from blocks import Conv, depthwise


class Proto(nn.Module):
    def __init__(self, inputs: int, hidden: int, prototypes: int):
        super().__init__()
        self.cv1 = Conv(inputs, hidden, 3)
        self.upsample = nn.ConvTranspose2d(hidden, hidden, 2, 2)
        self.cv2 = Conv(hidden, hidden, 3)
        self.cv3 = Conv(hidden, prototypes)

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(self.cv2(self.upsample(self.cv1(x))))


class Proto26(Proto):
    """YOLO26: the coarser levels are refined, enlarged and added first."""

    def __init__(self, channels: list[int], hidden: int, prototypes: int):
        super().__init__(channels[0], hidden, prototypes)
        self.feat_refine = nn.ModuleList(Conv(c, channels[0]) for c in channels[1:])
        self.feat_fuse = Conv(channels[0], channels[0], 3)

    def forward(self, levels: list[Tensor]) -> Tensor:
        y = levels[0]
        for refine, level in zip(self.feat_refine, levels[1:]):
            y = y + nn.functional.interpolate(refine(level), size=y.shape[2:], mode="nearest")
        return super().forward(self.feat_fuse(y))


class Segment(nn.Module):
    """Heads of each level and the prototypes.

    `names` are those of the lists of box, class and coefficient heads: cv2, cv3, cv4; YOLO26's end-to-end branch has one2one_cv2 and
    so on; YOLOE, whose cv4 compares with the vocabulary until that is folded into cv3, has cv5 for coefficients.
    """

    def __init__(self, channels, strides, size, classes, reg_max=16, legacy=False, end2end=False, proto26=False,
                 names=("cv2", "cv3", "cv4"), prototypes=32, rows=300):
        super().__init__()
        self.classes, self.reg_max, self.end2end, self.proto26 = classes, reg_max, end2end, proto26
        self.prototypes, self.rows, self.names = prototypes, rows, names
        c2, c3 = max(16, channels[0] // 4, 4 * reg_max), max(channels[0], min(classes, 100))
        c4 = max(channels[0] // 4, prototypes)
        box = (nn.Sequential(Conv(c, c2, 3), Conv(c2, c2, 3), nn.Conv2d(c2, 4 * reg_max, 1)) for c in channels)
        if legacy:
            score = (nn.Sequential(Conv(c, c3, 3), Conv(c3, c3, 3), nn.Conv2d(c3, classes, 1)) for c in channels)
        else:
            score = (nn.Sequential(depthwise(c, c3), depthwise(c3, c3), nn.Conv2d(c3, classes, 1)) for c in channels)
        mask = (nn.Sequential(Conv(c, c4, 3), Conv(c4, c4, 3), nn.Conv2d(c4, prototypes, 1)) for c in channels)
        for name, modules in zip(names, (box, score, mask)):
            setattr(self, name, nn.ModuleList(modules))
        self.proto = Proto26(channels, channels[0], prototypes) if proto26 else Proto(channels[0], channels[0], prototypes)
        if reg_max > 1:
            self.dfl = nn.Conv2d(reg_max, 1, 1, bias=False)
        centers, steps = [], []
        for stride in strides:
            y, x = torch.meshgrid(torch.arange(size[0] // stride) + 0.5, torch.arange(size[1] // stride) + 0.5, indexing="ij")
            centers.append(torch.stack((x, y)).view(2, -1))
            steps.append(torch.full((1, x.numel()), float(stride)))
        self.register_buffer("anchors", torch.cat(centers, 1)[None], persistent=False)
        self.register_buffer("strides", torch.cat(steps, 1), persistent=False)

    def bins_as_weights(self) -> None:
        """The DFL's weights are no random numbers."""
        if self.reg_max > 1:
            self.dfl.weight.data = torch.arange(self.reg_max, dtype=torch.float).view(1, -1, 1, 1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        b = levels[0].shape[0]
        box, score, mask = (
            torch.cat([head(x).view(b, count, -1) for head, x in zip(getattr(self, name), levels)], -1)
            for name, count in zip(self.names, (4 * self.reg_max, self.classes, self.prototypes))
        )
        proto = self.proto(levels) if self.proto26 else self.proto(levels[0])
        cells = torch.cat((self.boxes(box), score.sigmoid(), mask), 1)
        return (self.choose(cells.permute(0, 2, 1)) if self.end2end else cells), proto

    def boxes(self, box: Tensor) -> Tensor:
        if self.reg_max > 1:
            b, _, cells = box.shape
            bins = box.view(b, 4, self.reg_max, cells).transpose(2, 1).softmax(1)
            box = self.dfl(bins).view(b, 4, cells)
        left_top, right_bottom = box.chunk(2, 1)
        first, second = self.anchors - left_top, self.anchors + right_bottom
        if self.end2end:
            return torch.cat((first, second), 1) * self.strides
        return torch.cat(((first + second) / 2, second - first), 1) * self.strides

    def choose(self, cells: Tensor) -> Tensor:
        """The best rows: first the best cells, then the best pairs of cell and class among them."""
        boxes, scores, masks = cells.split([4, self.classes, self.prototypes], dim=-1)
        best = scores.max(dim=-1)[0].topk(self.rows)[1].unsqueeze(-1)
        scores, index = scores.gather(1, best.repeat(1, 1, self.classes)).flatten(1).topk(self.rows)
        cell = best[torch.arange(cells.shape[0])[..., None], index // self.classes]
        boxes = boxes.gather(1, cell.repeat(1, 1, 4))
        masks = masks.gather(1, cell.repeat(1, 1, self.prototypes))
        label = (index % self.classes)[..., None].to(scores.dtype)
        return torch.cat([boxes, scores[..., None], label, masks], dim=-1)


class PromptFreeSegment(Segment):
    """YOLOE without a prompt: the vocabulary is a matrix on the two finer levels, and cells are zeroed by a filter of their own."""

    def __init__(self, channels, *args, **options):
        super().__init__(channels, *args, names=("cv2", "cv3", "cv5"), **options)
        embedding = 64
        for i, c in enumerate(channels):
            self.cv3[i] = nn.Sequential(depthwise(c, c), Conv(c, embedding))
        self.pf = nn.ModuleList(nn.Conv2d(embedding, 1, 1) for _ in channels)
        self.vocab = nn.ModuleList([nn.Linear(embedding, self.classes), nn.Linear(embedding, self.classes), nn.Conv2d(embedding, self.classes, 1)])

    def forward(self, levels):
        b = levels[0].shape[0]
        scores = []
        for i, x in enumerate(levels):
            feature = self.cv3[i](x)
            if i < 2:
                keep = (self.pf[i](feature).flatten(2).transpose(-1, -2) > 0).int()
                scores.append(self.vocab[i](feature.flatten(2).transpose(-1, -2) * keep).transpose(-1, -2))
            else:
                scores.append(self.vocab[i](feature).flatten(2))
        box = torch.cat([head(x).view(b, 4 * self.reg_max, -1) for head, x in zip(self.cv2, levels)], -1)
        mask = torch.cat([head(x).view(b, self.prototypes, -1) for head, x in zip(self.cv5, levels)], -1)
        return torch.cat((self.boxes(box), torch.cat(scores, -1).sigmoid(), mask), 1), self.proto(levels[0])

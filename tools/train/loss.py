"""What is minimized: task-aligned assignment, then classification, box, distance and mask terms.

Assignment after Feng et al., "TOOD: Task-aligned One-stage Object Detection", 2021: an object takes the TOP cells
within its box whose score and overlap are best together, and their target score is their normalized alignment.
"""

import torch
import torch.nn.functional as F

from data import Batch
from network import MASKS, REG_MAX, STRIDES

TOP = 10
# Exponents of score and overlap in the alignment.
ALPHA, BETA = 0.5, 6.0
# Weights of the terms.
CLS, BOX, DFL, MASK, DICE = 0.7, 6.0, 1.5, 4.0, 1.0
# Cells per batch that the mask term looks at; more costs time and adds little.
MASK_SAMPLES = 160


def grid(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Centers [A, 2] in model pixels and strides [A, 1] of all cells."""
    centers, strides = [], []
    for s in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // s), torch.arange(width // s), indexing="ij")
        centers.append((torch.stack([x, y], -1).reshape(-1, 2) + 0.5) * s)
        strides.append(torch.full((len(centers[-1]), 1), float(s)))
    return torch.cat(centers), torch.cat(strides)


def flat(levels: list[torch.Tensor]) -> torch.Tensor:
    """[N, C, h, w] of each stride to [N, A, C]."""
    return torch.cat([x.float().flatten(2) for x in levels], 2).transpose(1, 2)


def decode(logits: torch.Tensor, centers: torch.Tensor, strides: torch.Tensor) -> torch.Tensor:
    """Distance logits [..., 4 * REG_MAX] to x1, y1, x2, y2 in model pixels."""
    shares = logits.unflatten(-1, (4, REG_MAX)).softmax(-1)
    distances = shares @ torch.arange(REG_MAX, dtype=torch.float32) * strides
    return torch.cat([centers - distances[..., :2], centers + distances[..., 2:]], -1)


def overlap(a: torch.Tensor, b: torch.Tensor, complete: bool = False) -> torch.Tensor:
    """IoU of boxes that broadcast; `complete` subtracts the penalties of CIoU (Zheng et al., 2020)."""
    wa, ha = (a[..., 2:] - a[..., :2]).clamp(min=1e-3).unbind(-1)
    wb, hb = (b[..., 2:] - b[..., :2]).clamp(min=1e-3).unbind(-1)
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    intersection = inner.prod(-1)
    iou = intersection / (wa * ha + wb * hb - intersection)
    if not complete:
        return iou
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    between = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = (between**2).sum(-1) / (hull**2).sum(-1)
    aspect = (4 / torch.pi**2) * (torch.atan(wb / hb) - torch.atan(wa / ha)) ** 2
    with torch.no_grad():
        weight = aspect / (1 - iou + aspect + 1e-6)
    return iou - distance - weight * aspect


@torch.no_grad()
def assign(scores, boxes, centers, batch: Batch):
    """For each cell: its object's index in the batch table, whether it has one, and its target score [N, A]."""
    wanted = (batch.numbers > 0) & ~batch.ignore
    inside = within(centers, batch.boxes) & wanted[..., None]
    iou = overlap(boxes[:, None], batch.boxes[:, :, None]) * inside
    index = batch.classes[..., None].expand(-1, -1, scores.shape[1])
    score = scores.transpose(1, 2).gather(1, index)
    alignment = score**ALPHA * iou**BETA * inside
    best = alignment.topk(TOP, dim=-1)
    chosen = torch.zeros_like(inside).scatter_(-1, best.indices, best.values > 1e-9)
    # A cell that several objects want goes to the one it overlaps most.
    owner = (iou * chosen).argmax(1)
    positive = chosen.any(1)
    mine = F.one_hot(owner, iou.shape[1]).transpose(1, 2).bool() & positive[:, None]
    alignment = alignment * mine
    peak = (iou * mine).amax(-1, keepdim=True)
    target = alignment * peak / (alignment.amax(-1, keepdim=True) + 1e-9)
    return owner, positive, target.amax(1)


def within(centers, boxes):
    """Which cells [N, G, A] have their center in which boxes."""
    low = (centers[None, None] - boxes[:, :, None, :2]).amin(-1)
    high = (boxes[:, :, None, 2:] - centers[None, None]).amin(-1)
    return torch.minimum(low, high) > 0


class Loss:
    def __init__(self, height: int, width: int):
        self.centers, self.strides = grid(height, width)
        y, x = torch.meshgrid(torch.arange(height // 4), torch.arange(width // 4), indexing="ij")
        self.proto_x, self.proto_y = (x + 0.5) * 4, (y + 0.5) * 4

    def __call__(self, outputs, batch: Batch) -> dict[str, torch.Tensor]:
        mc, distances, cls = (flat(levels) for levels in outputs[:3])
        boxes = decode(distances, self.centers, self.strides)
        owner, positive, target = assign(cls.sigmoid(), boxes, self.centers, batch)
        total = target.sum().clamp(min=1)

        classes = batch.classes.gather(1, owner)
        wanted = F.one_hot(classes, cls.shape[-1]) * (target * positive)[..., None]
        hardly = (within(self.centers, batch.boxes) & batch.ignore[..., None]).any(1) & ~positive
        entropy = F.binary_cross_entropy_with_logits(cls, wanted, reduction="none").sum(-1)
        terms = {"cls": CLS * (entropy * ~hardly).sum() / total}

        n, a = positive.nonzero(as_tuple=True)
        if len(n) == 0:
            return terms
        weight = target[n, a]
        goal = batch.boxes[n, owner[n, a]]
        terms["box"] = BOX * ((1 - overlap(boxes[n, a], goal, complete=True)) * weight).sum() / total
        terms["dfl"] = DFL * (self.distribution(distances[n, a], goal, a) * weight).sum() / total
        some = torch.randperm(len(n))[:MASK_SAMPLES]
        n, a = n[some], a[some]
        terms |= self.masks(mc[n, a], outputs[3].float(), batch, n, owner[n, a])
        return terms

    def distribution(self, logits, goal, a):
        """Cross entropy with the two whole distances around the right one."""
        centers, strides = self.centers[a], self.strides[a]
        distance = torch.cat([centers - goal[:, :2], goal[:, 2:] - centers], -1) / strides
        distance = distance.clamp(0, REG_MAX - 1.01)
        lower = distance.long()
        share = distance - lower
        logits = logits.reshape(-1, REG_MAX)
        below = F.cross_entropy(logits, lower.flatten(), reduction="none")
        above = F.cross_entropy(logits, lower.flatten() + 1, reduction="none")
        return (below * (1 - share.flatten()) + above * share.flatten()).reshape(-1, 4).mean(-1)

    def masks(self, mc, proto, batch: Batch, n, owner):
        """Cross entropy and Dice within the box (and a cell around it), against the covered share of each prototype cell.

        The logit is zero where a cell is half covered, so interpolated logits cross zero on the outline.
        """
        order = torch.argsort(n)
        mc, n, owner = mc[order], n[order], owner[order]
        counts = torch.bincount(n, minlength=len(proto)).tolist()
        logits = torch.cat([c @ p.reshape(MASKS, -1) for c, p in zip(mc.split(counts), proto)])
        logits = logits.reshape(-1, *proto.shape[2:])
        pairs, which = torch.unique(torch.stack([n, owner]), dim=1, return_inverse=True)
        seen = batch.owners[pairs[0]] == batch.numbers[pairs[0], pairs[1]][:, None, None]
        shares = F.avg_pool2d(seen[:, None].float(), 4)[:, 0][which]
        x1, y1, x2, y2 = batch.boxes[n, owner][..., None, None].unbind(1)
        crop = (self.proto_x > x1 - 4) & (self.proto_x < x2 + 4)
        crop = crop & (self.proto_y > y1 - 4) & (self.proto_y < y2 + 4)
        entropy = F.binary_cross_entropy_with_logits(logits, shares, reduction="none") * crop
        area = crop.sum((1, 2))
        guess = logits.sigmoid() * crop
        shares = shares * crop
        dice = 1 - (2 * (guess * shares).sum((1, 2)) + 1) / ((guess**2 + shares**2).sum((1, 2)) + 1)
        return {"mask": MASK * (entropy.sum((1, 2)) / area).mean(), "dice": DICE * dice.mean()}

"""A network of RF-DETR-seg's structure: a vision transformer, queries chosen among its tokens, a decoder with deformable attention,
and a box, class logits and a mask for each query. Written from the papers (DETR, Deformable DETR, LW-DETR) and the shapes and names of
RF-DETR's export."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, n, c))


class Feed(nn.Sequential):
    def __init__(self, width: int):
        super().__init__(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class Block(nn.Module):
    """Of the backbone."""

    def __init__(self, width: int):
        super().__init__()
        self.norm, self.attention, self.feed = nn.LayerNorm(width), Attention(width), Feed(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm(x))
        return x + self.feed(x)


class DecoderBlock(nn.Module):
    """Queries look at each other, then at some points of the picture around their boxes."""

    def __init__(self, width: int, heads: int = 4, points: int = 2):
        super().__init__()
        self.heads, self.points = heads, points
        self.norm, self.attention = nn.LayerNorm(width), Attention(width)
        self.offsets, self.weights = nn.Linear(width, heads * points * 2), nn.Linear(width, heads * points)
        self.value, self.out, self.feed = nn.Linear(width, width), nn.Linear(width, width), Feed(width)

    def forward(self, x: Tensor, memory: Tensor, boxes: Tensor, grid: int) -> Tensor:
        x = x + self.attention(self.norm(x))
        b, q, c = x.shape
        values = self.value(memory).transpose(1, 2).reshape(b * self.heads, c // self.heads, grid, grid)
        offsets = self.offsets(x).view(b, q, self.heads, self.points, 2).tanh()
        places = boxes[:, :, None, None, :2] + offsets * boxes[:, :, None, None, 2:] * 0.5
        places = (2 * places - 1).transpose(1, 2).flatten(0, 1)
        seen = F.grid_sample(values, places, mode="bilinear", padding_mode="zeros", align_corners=False)
        weights = self.weights(x).view(b, q, self.heads, self.points).softmax(-1).transpose(1, 2).flatten(0, 1)
        seen = (seen * weights[:, None]).sum(-1).view(b, c, q).transpose(1, 2)
        x = x + self.out(seen)
        return x + self.feed(x)


class MaskBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm, self.pointwise = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = F.gelu(self.pointwise(self.norm(self.depthwise(x).permute(0, 2, 3, 1))))
        return x + y.permute(0, 3, 1, 2)


class QueryNetwork(nn.Module):
    """Normalized picture [1, 3, size, size] to boxes [1, Q, 4], logits [1, Q, C], masks [1, Q, size / 4, size / 4]."""

    def __init__(self, size: int, classes: int, queries: int, width: int = 64, patch: int = 12):
        super().__init__()
        self.size, self.queries, self.grid = size, queries, size // patch
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.place = nn.Parameter(torch.zeros(1, self.grid**2, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(3))
        self.first_class, self.first_box = nn.Linear(width, classes), nn.Linear(width, 4)
        self.query = nn.Parameter(torch.zeros(1, queries, width))
        self.decoder = nn.ModuleList(DecoderBlock(width) for _ in range(2))
        self.norm, self.class_embed, self.bbox_embed = nn.LayerNorm(width), nn.Linear(width, classes), nn.Linear(width, 4)
        self.mask_blocks = nn.ModuleList(MaskBlock(width) for _ in range(2))
        self.mask_features, self.mask_query = nn.Conv2d(width, width, 1), nn.Linear(width, width)
        self.mask_bias = nn.Parameter(torch.zeros(1))
        y, x = torch.meshgrid(*[(torch.arange(self.grid) + 0.5) / self.grid] * 2, indexing="ij")
        cells = torch.stack((x, y, torch.full_like(x, 0.2), torch.full_like(x, 0.2)), -1)
        self.register_buffer("cells", cells.view(1, -1, 4), persistent=False)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        memory = self.patches(picture).flatten(2).transpose(1, 2) + self.place
        for block in self.blocks:
            memory = block(memory)
        best = self.first_class(memory).max(-1)[0].topk(self.queries, dim=1)[1].unsqueeze(-1)
        boxes = moved(self.first_box(memory), self.cells).gather(1, best.repeat(1, 1, 4))
        x = self.query + memory.gather(1, best.repeat(1, 1, memory.shape[-1]))
        for block in self.decoder:
            x = block(x, memory, boxes, self.grid)
        x = self.norm(x)
        features = memory.transpose(1, 2).reshape(1, -1, self.grid, self.grid)
        features = F.interpolate(features, size=(self.size // 4, self.size // 4), mode="bilinear", align_corners=False)
        for block in self.mask_blocks:
            features = block(features)
        masks = torch.einsum("bchw,bqc->bqhw", self.mask_features(features), self.mask_query(x)) + self.mask_bias
        return moved(self.bbox_embed(x), boxes), self.class_embed(x), masks

    def calibrate(self, picture: Tensor) -> None:
        """Gives the outputs a spread that decoding can tell apart."""
        with torch.no_grad():
            for layer, index, mean, deviation in ((self.class_embed, 1, -3.0, 1.5), (self.mask_query, 2, 0.0, 3.0)):
                seen = self(picture)[index]
                factor = deviation / seen.std().item()
                layer.weight *= factor
                layer.bias *= factor
                if layer is self.class_embed:
                    layer.bias += mean - factor * seen.mean()


def moved(delta: Tensor, boxes: Tensor) -> Tensor:
    """Boxes (center, size) moved by a part of their size, and scaled by a power of e."""
    return torch.cat((0.1 * delta[..., :2] * boxes[..., 2:] + boxes[..., :2], (0.3 * delta[..., 2:]).exp() * boxes[..., 2:]), -1)

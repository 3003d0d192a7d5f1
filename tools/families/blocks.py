"""Building blocks of YOLO networks, as they are after their batch norms are folded into the convolutions.

Written from the papers and from published descriptions of the architectures; only what shapes the exported graph matters here, so
widths and repeats are small and weights random.
"""

import torch
from torch import Tensor, nn


class Conv(nn.Module):
    """Convolution and SiLU; `same` padding."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
        self.act = nn.SiLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


def depthwise(channels: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(Conv(channels, channels, kernel, groups=channels), Conv(channels, outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, shortcut: bool = True, ratio: float = 0.5):
        super().__init__()
        hidden = int(outputs * ratio)
        self.cv1 = Conv(inputs, hidden, 3)
        self.cv2 = Conv(hidden, outputs, 3)
        self.add = shortcut and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


class C2f(nn.Module):
    """Cross-stage block of YOLOv8: every bottleneck's output goes into the concatenation. C3k2 (YOLO11) with `inner`."""

    def __init__(self, inputs: int, outputs: int, repeats: int = 1, inner=Bottleneck):
        super().__init__()
        self.hidden = outputs // 2
        self.cv1 = Conv(inputs, 2 * self.hidden)
        self.cv2 = Conv((2 + repeats) * self.hidden, outputs)
        self.m = nn.ModuleList(inner(self.hidden, self.hidden) for _ in range(repeats))

    def forward(self, x: Tensor) -> Tensor:
        y = list(self.cv1(x).chunk(2, 1))
        for m in self.m:
            y.append(m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class C3k(nn.Module):
    """The inner block of C3k2: two bottlenecks beside a shortcut."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(inputs, hidden)
        self.cv3 = Conv(2 * hidden, outputs)
        self.m = nn.Sequential(Bottleneck(hidden, hidden, ratio=1.0), Bottleneck(hidden, hidden, ratio=1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class C3k2(C2f):
    def __init__(self, inputs: int, outputs: int, repeats: int = 1):
        super().__init__(inputs, outputs, repeats, C3k)


class SPPF(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.cv1 = Conv(channels, channels // 2)
        self.cv2 = Conv(2 * channels, channels)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(self.m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class Attention(nn.Module):
    """Multi-head attention over all cells, with a depthwise convolution for the place (YOLO11's C2PSA)."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.head = channels // heads
        self.key = self.head // 2
        self.qkv = Conv(channels, channels + 2 * self.key * heads, act=False)
        self.proj = Conv(channels, channels, act=False)
        self.pe = Conv(channels, channels, 3, groups=channels, act=False)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        qkv = self.qkv(x).view(b, self.heads, 2 * self.key + self.head, h * w)
        q, k, v = qkv.split([self.key, self.key, self.head], dim=2)
        weights = ((q.transpose(-2, -1) @ k) * self.key**-0.5).softmax(dim=-1)
        y = (v @ weights.transpose(-2, -1)).view(b, c, h, w) + self.pe(v.reshape(b, c, h, w))
        return self.proj(y)


class C2PSA(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.hidden = channels // 2
        self.cv1 = Conv(channels, channels)
        self.cv2 = Conv(channels, channels)
        self.attn = Attention(self.hidden, max(1, self.hidden // 64))
        self.ffn = nn.Sequential(Conv(self.hidden, channels), Conv(channels, self.hidden, act=False))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.cv1(x).split((self.hidden, self.hidden), dim=1)
        b = b + self.attn(b)
        b = b + self.ffn(b)
        return self.cv2(torch.cat((a, b), 1))


class AreaAttention(nn.Module):
    """Attention within `area` stripes of the picture (YOLO12)."""

    def __init__(self, channels: int, heads: int, area: int):
        super().__init__()
        self.area, self.heads, self.head = area, heads, channels // heads
        self.qkv = Conv(channels, 3 * channels, act=False)
        self.proj = Conv(channels, channels, act=False)
        self.pe = Conv(channels, channels, 7, groups=channels, act=False)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        n = h * w
        qkv = self.qkv(x).flatten(2).transpose(1, 2).reshape(b * self.area, n // self.area, 3 * c)
        qkv = qkv.view(b * self.area, n // self.area, self.heads, 3 * self.head).permute(0, 2, 3, 1)
        q, k, v = qkv.split([self.head] * 3, dim=2)
        weights = ((q.transpose(-2, -1) * self.head**-0.5) @ k).softmax(dim=-1)
        y = (v @ weights.transpose(-2, -1)).permute(0, 3, 1, 2).reshape(b, n, c)
        v = v.permute(0, 3, 1, 2).reshape(b, n, c)
        y = y.reshape(b, h, w, c).permute(0, 3, 1, 2).contiguous()
        v = v.reshape(b, h, w, c).permute(0, 3, 1, 2).contiguous()
        return self.proj(y + self.pe(v))


class AreaBlock(nn.Module):
    def __init__(self, channels: int, heads: int, area: int):
        super().__init__()
        self.attn = AreaAttention(channels, heads, area)
        self.mlp = nn.Sequential(Conv(channels, 2 * channels), Conv(2 * channels, channels, act=False))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(x)
        return x + self.mlp(x)


class A2C2f(nn.Module):
    """YOLO12's block: area attention in the place of bottlenecks."""

    def __init__(self, inputs: int, outputs: int, area: int = 1):
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(2 * hidden, outputs)
        heads = max(1, hidden // 32)
        self.m = nn.Sequential(AreaBlock(hidden, heads, area), AreaBlock(hidden, heads, area))

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv1(x)
        return self.cv2(torch.cat((y, self.m(y)), 1))


class RepConv(nn.Module):
    """A 3x3 and a 1x1 convolution side by side, not yet fused (YOLOv9)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = Conv(inputs, outputs, 3, act=False)
        self.conv2 = Conv(inputs, outputs, 1, act=False)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv1(x) + self.conv2(x))


class RepCSP(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(inputs, hidden)
        self.cv3 = Conv(2 * hidden, outputs)
        self.rep = RepConv(hidden, hidden)
        self.conv = Conv(hidden, hidden, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv1(x)
        return self.cv3(torch.cat((y + self.conv(self.rep(y)), self.cv2(x)), 1))


class ELAN(nn.Module):
    """YOLOv9's generalized ELAN with repeated CSP blocks."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = nn.Sequential(RepCSP(hidden // 2, hidden // 2), Conv(hidden // 2, hidden // 2, 3))
        self.cv3 = nn.Sequential(RepCSP(hidden // 2, hidden // 2), Conv(hidden // 2, hidden // 2, 3))
        self.cv4 = Conv(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = list(self.cv1(x).chunk(2, 1))
        y.append(self.cv2(y[-1]))
        y.append(self.cv3(y[-1]))
        return self.cv4(torch.cat(y, 1))


class ADown(nn.Module):
    """YOLOv9's downsampling: one half by a convolution, one by a maximum."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.cv1 = Conv(inputs // 2, outputs // 2, 3, 2)
        self.cv2 = Conv(inputs // 2, outputs // 2)

    def forward(self, x: Tensor) -> Tensor:
        a, b = nn.functional.avg_pool2d(x, 2, 1, 0).chunk(2, 1)
        return torch.cat((self.cv1(a), self.cv2(nn.functional.max_pool2d(b, 3, 2, 1))), 1)

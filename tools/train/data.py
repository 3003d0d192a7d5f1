"""Reads what scenes.ts wrote and makes batches: NV12 to RGB as at run time, flips, and a camera's moods."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


@dataclass
class Batch:
    images: torch.Tensor  # [N, 3, H, W] RGB, 0 .. 1
    owners: torch.Tensor  # [N, H, W] uint8, number of the object seen, 0 for none
    numbers: torch.Tensor  # [N, G] number of each object in owners, 0 for padding
    classes: torch.Tensor  # [N, G]
    boxes: torch.Tensor  # [N, G, 4] x1, y1, x2, y2 in model pixels
    ignore: torch.Tensor  # [N, G] bool: hardly visible, neither right nor wrong


class SceneData:
    def __init__(self, folder: str):
        path = Path(folder)
        meta = json.loads((path / "meta.json").read_text())
        self.frames, self.width, self.height = meta["frames"], meta["width"], meta["height"]
        self.classes: list[str] = meta["classes"]
        self.nv12 = np.memmap(path / "frames.u8", np.uint8, "r").reshape(self.frames, -1)
        self.owners = np.memmap(path / "owners.u8", np.uint8, "r")
        self.owners = self.owners.reshape(self.frames, self.height, self.width)
        rows = torch.from_numpy(np.fromfile(path / "objects.f32", np.float32).reshape(-1, 8))
        counts = torch.bincount(rows[:, 0].long(), minlength=self.frames)
        self.objects = torch.split(rows[:, 1:], counts.tolist())

    def batch(self, indices: np.ndarray) -> Batch:
        indices = np.sort(indices)
        objects = [self.objects[i] for i in indices]
        table = torch.zeros(len(objects), max(1, max(len(o) for o in objects)), 7)
        for row, o in zip(table, objects):
            row[: len(o)] = o
        luma, u, v = self.planes(indices)
        return Batch(
            images=to_rgb(luma, u, v),
            owners=torch.from_numpy(self.owners[indices]),
            numbers=table[..., 0].to(torch.uint8),
            classes=table[..., 1].long(),
            boxes=table[..., 2:6],
            ignore=table[..., 6] > 0,
        )

    def planes(self, indices: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Y, U - 128, V - 128 as floats [N, 1, H, W], chroma interpolated."""
        n, h, w = len(indices), self.height, self.width
        nv12 = torch.from_numpy(self.nv12[indices])
        luma = nv12[:, : h * w].reshape(n, 1, h, w).float()
        chroma = nv12[:, h * w :].reshape(n, h // 2, w // 2, 2).permute(0, 3, 1, 2).float() - 128
        u, v = F.interpolate(chroma, scale_factor=2, mode="bilinear").split(1, dim=1)
        return luma, u, v


def to_rgb(luma: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Full-range BT.601, clipped, 0 .. 1."""
    rgb = torch.cat([luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v, luma + 1.772 * u], dim=1)
    return (rgb / 255).clamp_(0, 1)


class TrainingData(SceneData):
    """Batches with augmentation; everything random comes from one generator."""

    def __init__(self, folder: str, seed: int):
        super().__init__(folder)
        self.random = np.random.default_rng(seed)

    def epoch(self, size: int):
        order = self.random.permutation(self.frames)
        for first in range(0, self.frames - size + 1, size):
            yield self.flipped(self.batch(order[first : first + size]))

    def planes(self, indices: np.ndarray):
        luma, u, v = super().planes(indices)
        n = len(indices)
        draw = self.draw
        # Gamma, contrast and brightness of the scene; color cast and strength.
        luma = 255 * (luma / 255) ** draw(n, 0.75, 1.35)
        luma = (luma - 128) * draw(n, 0.7, 1.25) + 128 + draw(n, -25, 25)
        turn = draw(n, -np.pi, np.pi) * (draw(n, 0, 1) < 0.4)
        strength = draw(n, 0.3, 1.3)
        u, v = (
            strength * (u * turn.cos() - v * turn.sin()),
            strength * (u * turn.sin() + v * turn.cos()),
        )
        # A limited-range picture that is taken for full range, as happens with videos: gray and flat.
        limited = draw(n, 0, 1) < 0.35
        luma = torch.where(limited, 16 + luma * (219 / 255), luma)
        u = torch.where(limited, u * (224 / 255), u)
        v = torch.where(limited, v * (224 / 255), v)
        grain = torch.from_numpy(self.random.standard_normal(luma.shape, np.float32))
        return luma + grain * draw(n, 0, 6), u, v

    def draw(self, n: int, low: float, high: float) -> torch.Tensor:
        """One number for each picture, shaped to go with its planes."""
        return torch.from_numpy(self.random.uniform(low, high, (n, 1, 1, 1)).astype(np.float32))

    def flipped(self, batch: Batch) -> Batch:
        """Mirrors the whole batch along x, y or both; a shape stays what it is."""
        for axis, size, low, high in ((-1, self.width, 0, 2), (-2, self.height, 1, 3)):
            if self.random.random() < 0.5:
                batch.images = batch.images.flip(axis)
                batch.owners = batch.owners.flip(axis)
                corners = batch.boxes.clone()
                corners[..., low] = size - batch.boxes[..., high]
                corners[..., high] = size - batch.boxes[..., low]
                batch.boxes = corners
        return batch

"""The job of src/vision/depth as NumPy does it, and what it costs: the last column of the table in docs/depth.md (Cost).

The frame is that of bench/instructions/depth-cases.ts, registered: six ellipses before a wall. `clouds` makes points, centroids,
covariances and boxes; `masked` takes the grown masks out of the depth picture. Boxes are simpler than ours: along the principal axes on
the ground. Masks are eroded and grown by shifted copies, with squares where ours are discs.

Counted as arm64 instructions under qemu-user, like everything else in that table. Without --counts it prints milliseconds:

    /usr/bin/python3 tools/measure/depth_numpy.py clouds 640 352

For the counts: build/arm64/instructions.so (bash scripts/arm64-build.sh), and a folder ROOT with python3-numpy of Debian 12 for arm64 and
all that it depends on, unpacked (dpkg-deb -x) from apt-get download after dpkg --add-architecture arm64. LIB is /usr/lib/aarch64-linux-gnu:

    qemu-aarch64 -plugin build/arm64/instructions.so,out=/tmp/counts -L ROOT -E OPENBLAS_NUM_THREADS=1 -E LD_LIBRARY_PATH=LIB/blas:LIB/lapack \
        ROOT/usr/bin/python3.11 tools/measure/depth_numpy.py clouds 640 352 --counts /tmp/counts
"""

import argparse
import os
import time

import numpy as np

OBJECTS = 6
# Pixels along a mask's edge that are left out of clouds, and by which it is grown for masked depth.
BAND = 2
MARGIN = 4
# As DepthGate: shares before and behind the core, and by how much the gate is wider than the core.
TAIL, WIDER, SLACK = 10, 0.5, 0.02
POINT = [(name, 'f4') for name in 'xyz'] + [('rgb', 'u4'), ('class_id', 'u4'), ('confidence', 'f4'), ('instance_id', 'u4')]
RUNS = 4


def scene(width, height):
    """Give the depth picture in millimeters and, for each object, column, row and mask of its crop."""
    depth = np.full((height, width), 5000, np.uint16)
    masks = []
    for i in range(OBJECTS):
        w, h = round(0.14 * width), round(0.36 * height)
        x = round(((i % 3) * 0.3 + 0.04 + (0.05 if i > 2 else 0)) * width)
        y = round((0.1 if i < 3 else 0.44) * height)
        v, u = np.mgrid[0:h, 0:w]
        inside = np.hypot((2 * u + 1) / w - 1, (2 * v + 1) / h - 1) < 0.95
        depth[y : y + h, x : x + w][inside] = (1500 + 300 * i + u + (u * v) % 7)[inside]
        masks.append((x, y, inside))
    return depth, masks


def erode(mask, cells):
    for _ in range(cells):
        smaller = mask.copy()
        smaller[1:] &= mask[:-1]
        smaller[:-1] &= mask[1:]
        smaller[:, 1:] &= mask[:, :-1]
        smaller[:, :-1] &= mask[:, 1:]
        mask = smaller
    return mask


def grow(mask, cells):
    mask = np.pad(mask, cells)
    for _ in range(cells):
        larger = mask.copy()
        larger[1:] |= mask[:-1]
        larger[:-1] |= mask[1:]
        larger[:, 1:] |= mask[:, :-1]
        larger[:, :-1] |= mask[:, 1:]
        mask = larger
    return mask


def gated(z):
    """Tell which depths are of the object."""
    known = z > 0
    low, middle, high = np.percentile(z[known], (TAIL, 50, 100 - TAIL))
    room = WIDER * (high - low) + SLACK * middle
    return known & (z >= low - room) & (z <= high + room)


def clouds(depth, masks, step):
    """Give the bytes of the cloud, and for each object mean, covariance and bounds."""
    height, width = depth.shape
    focal = np.float32(0.8 * width)
    cx, cy = np.float32(width / 2), np.float32(height / 2)
    taken = np.zeros(depth.shape, bool)
    parts, objects = [], []
    for i, (x, y, mask) in enumerate(masks):
        h, w = mask.shape
        own = erode(mask, BAND)[::step, ::step] & ~taken[y : y + h : step, x : x + w : step]
        taken[y : y + h, x : x + w] |= mask
        v, u = np.nonzero(own)
        z = depth[y : y + h : step, x : x + w : step][v, u].astype(np.float32) * np.float32(0.001)
        kept = gated(z)
        z = z[kept]
        px = ((u[kept] * step + x).astype(np.float32) - cx) * z / focal
        py = ((v[kept] * step + y).astype(np.float32) - cy) * z / focal
        part = np.empty(len(z), POINT)
        part['x'], part['y'], part['z'] = px, py, z
        part['rgb'], part['class_id'], part['confidence'], part['instance_id'] = 0xFF00, 0, 0.9, i + 1
        points = np.stack([px, py, z])
        mean = points.mean(1)
        ground = points[[0, 2]] - mean[[0, 2]][:, None]
        _, axes = np.linalg.eigh(np.cov(ground))
        along = axes.T @ ground
        objects.append((mean, np.cov(points), along.min(1), along.max(1), py.min(), py.max()))
        parts.append(part)
    return np.concatenate(parts).tobytes(), objects


def masked(depth, masks):
    """Give the bytes of the depth picture without the objects."""
    height, width = depth.shape
    out = depth.copy()
    for x, y, mask in masks:
        grown = grow(mask, MARGIN)
        top, left = y - MARGIN, x - MARGIN
        first_row, first_column = max(0, -top), max(0, -left)
        grown = grown[first_row : height - top, first_column : width - left]
        top, left = max(0, top), max(0, left)
        out[top : top + grown.shape[0], left : left + grown.shape[1]][grown] = 0
    return out.tobytes()


def instructions(file):
    """Give what this thread has executed, by bench/instructions/plugin.c."""
    os.umask(0o022)
    with open(file, encoding='utf8') as lines:
        return next(int(line.split()[0]) for line in lines if ' * ' in line)


def main():
    parser = argparse.ArgumentParser(description='What depth costs with NumPy.')
    parser.add_argument('what', choices=['clouds', 'masked'])
    parser.add_argument('width', type=int)
    parser.add_argument('height', type=int)
    parser.add_argument('--counts', help='file of the plugin; without it, time is measured')
    given = parser.parse_args()
    depth, masks = scene(given.width, given.height)
    # As defaultStep(): 2 for 640x352, 4 for 1280x720.
    step = max(1, round((given.width * given.height / 57600) ** 0.5))
    run = (lambda: clouds(depth, masks, step)) if given.what == 'clouds' else (lambda: masked(depth, masks))
    for _ in range(3):
        run()
    if given.counts:
        begin = instructions(given.counts)
        looked = instructions(given.counts)
        for _ in range(RUNS):
            run()
        count = instructions(given.counts) - looked - (looked - begin)
        print(f'{given.what} {given.width}x{given.height}: {count / RUNS / 1e6:.3g} million instructions')
    else:
        begin = time.perf_counter()
        for _ in range(RUNS):
            run()
        print(f'{given.what} {given.width}x{given.height}: {(time.perf_counter() - begin) / RUNS * 1e3:.3g} ms')


if __name__ == '__main__':
    main()

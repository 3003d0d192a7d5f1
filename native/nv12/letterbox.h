#pragma once

#include "nv12/picture.h"

namespace nv12 {

struct Kernels;

/** Padding: the gray that Ultralytics models are trained with. Same as PAD_LUMA in letterbox.ts. */
constexpr uint8_t kPadLuma = 114;
constexpr uint8_t kPadChroma = 128;

/**
 * Scales `source` to the content rectangle of `target` and pads the rest. One pass over the frame's pixels,
 * directly into the model's input. A frame that already has the rectangle's size is copied.
 *
 * Plain bilinear interpolation with aligned pixel centers, also when shrinking, like cv2.INTER_LINEAR, which
 * the models were trained with. Chroma is assumed to be sited at the center of its 2x2 block, as in JPEG and
 * as a 2x2 average produces it. Scaling the two planes independently then keeps them aligned. Arithmetic:
 * scale_rows.h.
 *
 * `content` is even and lies within `target`; the two pictures must not overlap in memory.
 */
void Letterbox(const Source& source, const Content& content, const Target& target);

/** The same with specific kernels (kernels.h), for tests and benchmarks. */
void Letterbox(const Source& source, const Content& content, const Target& target, const Kernels& kernels);

}  // namespace nv12

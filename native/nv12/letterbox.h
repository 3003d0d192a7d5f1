#pragma once

#include "nv12/picture.h"

namespace nv12 {

struct Kernels;

/** Padding: the gray that Ultralytics models are trained with. Same as PAD_LUMA in letterbox.ts. */
constexpr uint8_t kPadLuma = 114;
constexpr uint8_t kPadChroma = 128;

/**
 * Scales `source` to the content rectangle of `target` and pads the rest: one pass over the frame's pixels,
 * straight into the model's input. A frame that has the rectangle's size is copied.
 *
 * Plain bilinear, pixel center on pixel center, also when shrinking: what cv2.INTER_LINEAR does, and so what
 * the models were trained on. Chroma is taken as sited in the middle of its 2x2 block (as JPEG has it, and as
 * a 2x2 average makes it), where scaling the two planes as pictures of their own keeps them in register.
 * Arithmetic: scale_rows.h.
 *
 * `content` is even and lies within `target`; the two pictures do not share memory.
 */
void Letterbox(const Source& source, const Content& content, const Target& target);

/** The same with given kernels (kernels.h), for tests and measurements. */
void Letterbox(const Source& source, const Content& content, const Target& target, const Kernels& kernels);

}  // namespace nv12

#include "camera/region.h"

#include <algorithm>
#include <string>

namespace camera {
namespace {

/** In the format of the parameter roi. */
std::string Text(const Region& region) {
  return std::to_string(region.x) + "," + std::to_string(region.y) + "," + std::to_string(region.width) +
         "," + std::to_string(region.height);
}

std::string Name(int width, int height) {
  return "the " + std::to_string(width) + "x" + std::to_string(height) + " picture";
}

}  // namespace

Region ClipRegion(const Region& wanted, int width, int height) {
  if (wanted.x >= width || wanted.y >= height) {
    throw Failure("a region of interest with pixels of " + Name(width, height), Text(wanted),
                  "Set roi to a part of it, or to '' for all of it.");
  }
  const int x = wanted.x - wanted.x % 2;
  const int y = wanted.y - wanted.y % 2;
  return {x, y, std::min(nv12::EvenSize(wanted.x + wanted.width), width) - x,
          std::min(nv12::EvenSize(wanted.y + wanted.height), height) - y};
}

bool Exceeds(const Region& wanted, int width, int height) {
  return wanted.x + wanted.width > width || wanted.y + wanted.height > height;
}

Failure ExceedingRegion(const Region& wanted, int width, int height) {
  return {"a region of interest within " + Name(width, height), Text(wanted),
          "Only " + Text(ClipRegion(wanted, width, height)) +
              " is used. Check roi and the size of the camera's images."};
}

ImageView Crop(const ImageView& view, const Region& part) {
  const auto x = static_cast<size_t>(part.x);
  const auto y = static_cast<size_t>(part.y);
  ImageView cropped = view;
  cropped.width = part.width;
  cropped.height = part.height;
  switch (view.encoding->layout) {
    case Layout::kNv12:
    case Layout::kNv21:
      cropped.picture = Crop(view.picture, part);
      break;
    case Layout::kPacked:
      cropped.packed.width = part.width;
      cropped.packed.height = part.height;
      cropped.packed.data =
          view.packed.Row(part.y) + x * static_cast<size_t>(nv12::BytesPerPixel(view.encoding->format));
      break;
    case Layout::kI420:
    case Layout::kYv12: {
      const nv12::PlanarImage& planes = view.planar;
      const size_t chroma = y / 2 * planes.chroma_stride + x / 2 * planes.chroma_step;
      cropped.planar.width = part.width;
      cropped.planar.height = part.height;
      cropped.planar.luma = planes.luma + y * planes.luma_stride + x;
      cropped.planar.u = planes.u + chroma;
      cropped.planar.v = planes.v + chroma;
      break;
    }
  }
  return cropped;
}

nv12::Source Crop(const nv12::Source& frame, const Region& part) {
  const auto x = static_cast<size_t>(part.x);
  return {nv12::EvenSize(part.width),      nv12::EvenSize(part.height), frame.LumaRow(part.y) + x,
          frame.ChromaRow(part.y / 2) + x, frame.luma_stride,           frame.chroma_stride};
}

}  // namespace camera

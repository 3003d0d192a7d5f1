#pragma once

#include <cstddef>
#include <cstdint>

#include "depth/grid_runs.h"

/** Pixels of a depth picture as points in space: the C++ forms of src/vision/depth, which is the reference.
 */
namespace depth {

/** A depth picture: millimeters, or meters as floats; row by row without gaps. */
struct Picture {
  /** One of them is null. */
  const uint16_t* millimeters;
  const float* meters;
  int width;
  int height;
};

/** Row of the depth picture in the upper 16 bits and column in the lower ones, and meters. */
struct Points {
  uint32_t* pixels;
  float* depths;
  size_t capacity;
};

/** Rays of all pixels at a depth of 1: x, y; none if data is null. */
struct Rays {
  const float* data;
  size_t length;
};

/**
 * Candidates.collect() of one instance.
 *
 * @param labels of the picture's size
 * @param used points before; those beyond the capacity are only counted
 * @returns the points after
 */
size_t Collect(const Picture& picture, const uint16_t* labels, uint16_t label, const Runs& inner, int step,
               Points points, size_t used, double& seen);

/** Numbers of a placement, in the order of PLACE (src/vision/depth/kernels.ts). */
struct Placement {
  double cx, cy, ix, iy;
  double low, high, median;
  double right[3];
  double up[3];
};
constexpr size_t kPlacementLength = 13;
constexpr size_t kSums = 13;
/** Words of a point of the cloud. */
constexpr size_t kPointWords = 7;

/**
 * SpaceMeasurer's placement of points [from, to) into the cloud.
 *
 * @param rays of a picture of that width; pixels beyond them have none
 * @param words has room for all of them
 * @returns the number of points placed
 */
size_t Place(const uint32_t* pixels, const float* depths, size_t from, size_t to, int width, Rays rays,
             const Placement& numbers, const uint32_t (&tags)[4], float* words, double (&sums)[kSums]);

constexpr int kStrips = 64;
/** Numbers of an outline: where strips start, strips of a meter, and two axes. */
constexpr size_t kOutlineLength = 8;

/** OutlineRectangle.add(). @param low, high x, y of each strip @param outer x, y of the first and last point
 */
void AddToOutline(const float* words, size_t from, size_t to, size_t stride,
                  const double (&numbers)[kOutlineLength], double* low, double* high, double* outer);

/** Numbers of a projection, in the order of PROJECT (src/vision/depth/kernels.ts). */
struct Projection {
  float cx, cy, fx, fy;
  float color_cx, color_cy, color_fx, color_fy;
  float matrix[9];
  float translation[3];
  float distortion[8];
  float limit;
};
constexpr size_t kProjectionLength = 29;

/** The color picture's grid. */
template <typename Cell>
struct Grid {
  const Cell* cells;
  int width;
  int height;
};

/** The nearest depth on each square of the color picture. */
struct Nearest {
  float* nearest;
  int columns;
  int shift;
};

/** What lies behind the nearest by more than a share of its depth, and by more than that, is hidden. */
struct Hidden {
  double share;
  /** In units of the picture. */
  double least;
};

/** Points by instance. */
struct Groups {
  Points points;
  /** Of instance i, the first point; and at `count`, one past the last of all. */
  int32_t* ends;
  size_t count;
};

/** Pixels of a side, every step-th of which is looked at. */
inline size_t LookedAt(int side, int step) { return static_cast<size_t>((side - 1) / step) + 1; }

/**
 * Candidates' projection.
 *
 * @param rays none, or those of all pixels
 * @param labels 0, or one more than the instance
 * @param groups has room for all pixels that are looked at, and count + 1 ends
 * @returns the number of points
 */
size_t Project(const Picture& picture, int step, Rays rays, const Projection& numbers, Grid<uint16_t> labels,
               Nearest near, Hidden hidden, const Groups& groups);

/**
 * DepthMasker's projection.
 *
 * @param rays none, or those of all pixels
 * @param marks 0 or 1
 * @param target as the picture's values; other memory
 */
void Cut(const Picture& picture, Rays rays, const Projection& numbers, Grid<uint8_t> marks, uint8_t kept,
         void* target);

}  // namespace depth

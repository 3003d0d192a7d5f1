#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace decode {

/** How contours are made of runs. */
struct OutlineOptions {
  /** Largest distance in cells that simplification may move a contour; 0 keeps every step of the staircase.
   */
  double tolerance;
  /** Contours that enclose fewer cells are left out. */
  double least_area;
};

/** Contours of a mask: corners in cells of its crop, and for each contour how many it has and whether it is a
 * hole. */
struct Outlines {
  /** x, y, x, y ... */
  std::vector<int32_t> points;
  struct Ring {
    int32_t points;
    bool hole;
  };
  std::vector<Ring> rings;
};

/**
 * Copies runs that may change meanwhile, if they are those of a mask: in order, none empty, where one may
 * begin where the one before ends, and none below the lowest row that a mask may have.
 *
 * @param length numbers, two for each run
 */
bool CopyRuns(const int32_t* runs, size_t length, int width, std::vector<int32_t>& copy);

/**
 * The contours of the runs of a mask, along the edges between cells: PolygonTracer of
 * src/vision/mask/polygon.ts, in its order and with its corners. Outer ones run clockwise on the screen,
 * holes against. Cells that touch only at a corner belong to different contours.
 *
 * @param runs pairs as FindRuns() gives them, of a crop `width` cells wide
 * @param out keeps its memory from call to call
 */
void FindOutlines(const int32_t* runs, size_t count, int width, const OutlineOptions& options, Outlines& out);

}  // namespace decode

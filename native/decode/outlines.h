#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace decode {

/** Options of contours. */
struct OutlineOptions {
  /** Largest distance in cells that simplification may move a contour; 0 keeps every step of the staircase.
   */
  double tolerance;
  /** Contours that enclose fewer cells are left out. */
  double least_area;
};

/** Contours of a mask: corners in cells of its crop, and for each contour their number and whether it is a
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
 * Copies runs, which another thread may be changing, if they are valid: in order, none empty (one may begin
 * where the previous one ends), and none below the lowest row that a mask may have.
 *
 * @param length number of elements, two for each run
 * @return nothing, or what is wrong with them, for the second half of an error
 */
std::optional<std::string> CopyRuns(const int32_t* runs, size_t length, int width,
                                    std::vector<int32_t>& copy);

/**
 * Finds the contours of the runs of a mask, along the edges between cells, in the order and with the corners
 * of PolygonTracer (src/vision/mask/polygon.ts). Outer ones run clockwise on the screen, holes
 * counterclockwise. Cells that touch only at a corner belong to different contours.
 *
 * @param runs pairs from FindRuns(), of a crop `width` cells wide
 * @param out keeps its memory from call to call
 */
void FindOutlines(const int32_t* runs, size_t count, int width, const OutlineOptions& options, Outlines& out);

}  // namespace decode

#pragma once

#include <vector>

#include "decode/boxes.h"
#include "decode/scan.h"

namespace decode {

/**
 * Class-wise non-maximum suppression, like src/vision/decode/nms.ts: visits candidates best first and drops
 * each whose IoU with a kept one of its class is above `iou`. Equal scores keep the order of the cells.
 */
class Suppression {
 public:
  /**
   * @param valid candidates whose entry is 0 are skipped
   * @param iou 1 for none
   * @returns indices of the candidates kept, best first; valid until the next call
   */
  const std::vector<int32_t>& Run(const Candidates& candidates, const Boxes& boxes, const uint8_t* valid,
                                  double iou, size_t most);

 private:
  std::vector<int32_t> order_;
  std::vector<int32_t> kept_;
};

}  // namespace decode

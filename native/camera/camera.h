#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "camera/attachment.h"
#include "camera/message.h"
#include "camera/pace.h"
#include "camera/region.h"
#include "camera/stamp_log.h"

namespace camera {

/**
 * A camera whose frames never pass through JavaScript: each is letterboxed from its message straight into the
 * input of the engine that the camera is attached to, on the thread that brings it.
 *
 * All functions may be called from any thread.
 */
class Camera {
 public:
  /** Known by its number until it is closed. */
  static std::shared_ptr<Camera> Create();
  /** @returns null when there is none with this number, any more */
  static std::shared_ptr<Camera> Find(int64_t id);
  ~Camera() { Close(); }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  int64_t id() const { return id_; }
  /** Not found any more; who has it goes on. */
  void Close();

  /**
   * Takes a message, whose memory is not needed any more afterwards. Takes as long as the letterbox takes;
   * never waits for an engine and never throws: what cannot be read is counted.
   */
  void Offer(const Message& message);

  /** From now on frames go to this attachment. Waits for the frame that is being taken. @returns false, and
   * changes nothing, when they go to another that is attached */
  bool Attach(std::shared_ptr<Attachment> attachment);
  /** From now on frames are discarded, unless they go to another attachment. Waits for the frame that is
   * being taken. */
  void Detach(const std::shared_ptr<Attachment>& attachment);

  /** From now on images are read so. Waits for the frame that is being taken. */
  void SetReading(const ImageReading& reading);

  /** From now on the model sees this region only, as PartOf() has it; none: the whole picture. Waits for the
   * frame that is being taken. */
  void SetRegion(const std::optional<Region>& region);

  /** Whether the full picture is copied along with each frame. */
  void KeepPixels(bool keep) { keep_pixels_ = keep; }

  /** From now on a frame is taken once per `period` at most; 0: all are. Waits for the frame that is being
   * taken. */
  void Limit(Pace::Clock::duration period);

  const std::shared_ptr<SharedCounters>& counters() const { return counters_; }
  /** Of all messages, readable or not. */
  StampLog& stamps() { return stamps_; }

 private:
  explicit Camera(int64_t id) : id_(id) {}

  void Process(const Message& message, Clock::time_point received);
  void FillFrameInfo(const Message& message, const ImageView& view, const Region& part);
  /** Tells of rows that are not explained and of a region that exceeds the picture, or that all is well now.
   */
  void UpdateWarning(const ImageView& view, size_t size);

  const int64_t id_;
  const std::shared_ptr<SharedCounters> counters_ = std::make_shared<SharedCounters>();
  StampLog stamps_;
  const std::shared_ptr<PixelPool> pool_ = std::make_shared<PixelPool>();
  std::atomic<bool> keep_pixels_{false};
  /** Held while a frame is taken. */
  std::mutex mutex_;
  std::shared_ptr<Attachment> attachment_;
  ImageReading reading_;
  std::optional<Region> region_;
  Pace pace_;
  FrameInfo frame_info_;
  /** What the warning in the counters is of, where there is one. */
  bool warned_ = false;
  size_t warned_size_ = 0;
  int warned_width_ = 0;
  int warned_height_ = 0;
};

}  // namespace camera

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
 * A camera whose frames never pass through JavaScript. Each is letterboxed from its message directly into an
 * input of the attached engine, on the thread that delivers the message.
 *
 * All functions may be called from any thread.
 */
class Camera {
 public:
  /** The camera can be found by its number until it is closed. */
  static std::shared_ptr<Camera> Create();
  /** @returns null when there is no open camera with this number */
  static std::shared_ptr<Camera> Find(int64_t id);
  ~Camera() { Close(); }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  int64_t id() const { return id_; }
  /** Find() no longer returns it; existing pointers stay valid. */
  void Close();

  /**
   * Takes a message, whose memory may be reused afterwards. Takes as long as the letterbox; never waits for
   * an engine and never throws. Unreadable messages are counted.
   */
  void Offer(const Message& message);

  /**
   * Frames go to this attachment from now on. Waits for a frame in progress.
   * @returns false, without any change, when another attachment is active
   */
  bool Attach(std::shared_ptr<Attachment> attachment);
  /**
   * Frames are discarded from now on, unless they go to another attachment. Waits for a frame in progress.
   */
  void Detach(const std::shared_ptr<Attachment>& attachment);

  /** Sets how images are read from now on. Waits for a frame in progress. */
  void SetReading(const ImageReading& reading);

  /**
   * Sets the region that the model sees, in the sense of ClipRegion(); unset for the whole picture. Waits for
   * a frame in progress.
   */
  void SetRegion(const std::optional<Region>& region);

  /** Sets whether the full picture is copied along with each frame. */
  void SetKeepPixels(bool keep) { keep_pixels_ = keep; }

  /** Takes at most one frame per `period` from now on; 0 takes all. Waits for a frame in progress. */
  void SetMinPeriod(Pace::Clock::duration period);

  const std::shared_ptr<SharedCounters>& counters() const { return counters_; }
  /** Stamps of all messages, readable or not. */
  StampLog& stamps() { return stamps_; }

 private:
  explicit Camera(int64_t id) : id_(id) {}

  void Process(const Message& message, Clock::time_point received);
  void FillFrameInfo(const Message& message, const ImageView& view, const Region& part);
  /** Sets the warning about unexplained rows or a region that exceeds the picture, or clears it. */
  void UpdateWarning(const ImageView& view, size_t size);

  const int64_t id_;
  const std::shared_ptr<SharedCounters> counters_ = std::make_shared<SharedCounters>();
  StampLog stamps_;
  const std::shared_ptr<PixelPool> pool_ = std::make_shared<PixelPool>();
  std::atomic<bool> keep_pixels_{false};
  /** Held while a frame is processed. */
  std::mutex mutex_;
  std::shared_ptr<Attachment> attachment_;
  ImageReading reading_;
  std::optional<Region> region_;
  Pace pace_;
  FrameInfo frame_info_;
  /** What the current warning is about, if there is one. */
  bool warned_ = false;
  size_t warned_size_ = 0;
  int warned_width_ = 0;
  int warned_height_ = 0;
};

}  // namespace camera

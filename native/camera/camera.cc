#include "camera/camera.h"

#include <algorithm>
#include <exception>
#include <map>

#include "nv12/color.h"
#include "nv12/letterbox.h"

namespace camera {
namespace {

/** Pictures that JavaScript may keep, plus the one that is being written. */
constexpr int kExtraPixelBuffers = 3;

struct Registry {
  std::mutex mutex;
  std::map<int64_t, std::weak_ptr<Camera>> cameras;
  int64_t next = 1;
};

/** Never destroyed: cameras may outlive static destructors. */
Registry& OpenCameras() {
  static auto* registry = new Registry;
  return *registry;
}

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

uint64_t PixelsOf(const ImageView& view) {
  return static_cast<uint64_t>(view.width) * static_cast<uint64_t>(view.height);
}

}  // namespace

std::shared_ptr<Camera> Camera::Create() {
  Registry& registry = OpenCameras();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const int64_t id = registry.next++;
  std::shared_ptr<Camera> camera(new Camera(id));
  registry.cameras[id] = camera;
  return camera;
}

std::shared_ptr<Camera> Camera::Find(int64_t id) {
  Registry& registry = OpenCameras();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const auto found = registry.cameras.find(id);
  return found == registry.cameras.end() ? nullptr : found->second.lock();
}

void Camera::Close() {
  Registry& registry = OpenCameras();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  registry.cameras.erase(id_);
}

bool Camera::Attach(std::shared_ptr<Attachment> attachment) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attachment_ && attachment_->attached()) return false;
  std::swap(attachment_, attachment);
  return true;
}

void Camera::Detach(const std::shared_ptr<Attachment>& attachment) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attachment_ == attachment) attachment_.reset();
}

void Camera::SetMinPeriod(Pace::Clock::duration period) {
  const std::lock_guard<std::mutex> lock(mutex_);
  pace_.SetMinPeriod(period);
}

void Camera::Offer(const Message& message) {
  const Clock::time_point received = Clock::now();
  stamps_.Add(message.sec, message.nanosec);
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool take = pace_.Take(received);
  counters_->Update([take](CameraCounters& counters) {
    counters.received++;
    if (!take) counters.skipped++;
  });
  if (!take) return;
  const auto fail = [this](Failure failure) {
    // The warning was about a readable frame.
    warned_ = false;
    counters_->Update([&](CameraCounters& counters) {
      counters.failed++;
      counters.warning.reset();
      counters.last_failure = std::move(failure);
    });
  };
  try {
    Process(message, received);
  } catch (Failure& failure) {
    fail(std::move(failure));
  } catch (...) {
    fail(OutOfMemory());
  }
  const double elapsed = Milliseconds(Clock::now() - received);
  counters_->Update(
      [&](CameraCounters& counters) { counters.slowest = std::max(counters.slowest, elapsed); });
}

void Camera::Process(const Message& message, Clock::time_point received) {
  const ImageView view = ViewImage(message, reading_);
  const Region part =
      region_ ? ClipRegion(*region_, view.width, view.height) : Region{0, 0, view.width, view.height};
  const ImageView seen = Crop(view, part);
  UpdateWarning(view, message.size);
  const auto discard = [this] { counters_->Update([](CameraCounters& counters) { counters.discarded++; }); };
  if (!attachment_) return discard();

  const Clock::time_point start = Clock::now();
  const bool convert = !view.IsFrame();
  const bool keep = keep_pixels_;
  nv12::Source picture = seen.picture;
  const bool swapped = view.IsSwapped();
  CameraCounters done;
  std::shared_ptr<PixelBuffer> pixels;
  if (convert || keep) {
    // Copy only the region unless the full picture is wanted.
    const ImageView& copied = keep ? view : seen;
    const int width = nv12::EvenSize(copied.width);
    const int height = nv12::EvenSize(copied.height);
    const size_t bytes = PixelBuffer::BytesFor(width, height);
    // A conversion always needs a buffer, however many JavaScript keeps.
    pixels = pool_->Lend(bytes, attachment_->max_frames() + kExtraPixelBuffers + (convert ? 1 : 0));
    if (!pixels && convert) pixels = std::make_shared<PixelBuffer>(bytes);
    if (pixels) {
      const nv12::Target target = pixels->View(width, height);
      Convert(copied, target);
      if (convert) {
        picture = keep ? Crop(nv12::AsSource(target), part) : nv12::AsSource(target);
        done.converted = 1;
        done.bytes_read += static_cast<uint64_t>(message.size) * PixelsOf(copied) / PixelsOf(view);
      } else {
        done.pixel_copies = 1;
        done.bytes_read += bytes;
      }
      done.bytes_written += bytes;
    } else {
      done.pixels_missed = 1;
    }
  }

  ModelInput* input = attachment_->BeginWrite();
  if (!input) return discard();
  // A copy: after Commit the input may be gone at once.
  const nv12::Target model = input->target();
  try {
    const nv12::Content content =
        LetterboxContent(picture.width, picture.height, model.width, model.height, input->stretch());
    nv12::Letterbox(picture, content, model);
    // Swapping after the letterbox gives the same bytes and touches far fewer.
    if (swapped) nv12::SwapChroma(model);
    FillFrameInfo(message, view, part);
  } catch (...) {
    attachment_->Cancel();
    throw;
  }
  frame_info_.received = received;
  frame_info_.preprocess = Milliseconds(Clock::now() - start);
  if (keep) frame_info_.pixels = std::move(pixels);
  attachment_->Commit(frame_info_);
  frame_info_.pixels.reset();

  const size_t model_bytes = PixelBuffer::BytesFor(model.width, model.height);
  done.bytes_read += PixelBuffer::BytesFor(picture.width, picture.height) + (swapped ? model_bytes / 3 : 0);
  done.bytes_written += model_bytes + (swapped ? model_bytes / 3 : 0);
  counters_->Update([&](CameraCounters& counters) {
    counters.converted += done.converted;
    counters.pixel_copies += done.pixel_copies;
    counters.pixels_missed += done.pixels_missed;
    counters.bytes_read += done.bytes_read;
    counters.bytes_written += done.bytes_written;
  });
}

void Camera::UpdateWarning(const ImageView& view, size_t size) {
  const bool exceeds = region_ && Exceeds(*region_, view.width, view.height);
  if (view.rows.explained && !exceeds) {
    if (!warned_) return;
    warned_ = false;
    return counters_->Update([](CameraCounters& counters) { counters.warning.reset(); });
  }
  // Once per kind of frame, because the text allocates.
  if (warned_ && warned_size_ == size && warned_width_ == view.width && warned_height_ == view.height) return;
  warned_ = true;
  warned_size_ = size;
  warned_width_ = view.width;
  warned_height_ = view.height;
  // Report a wrong row layout before a region that exceeds the picture.
  counters_->Update([&](CameraCounters& counters) {
    counters.warning = view.rows.explained ? ExceedingRegion(*region_, view.width, view.height)
                                           : UnexplainedRows(view.shape, view.rows, size);
  });
}

void Camera::SetReading(const ImageReading& reading) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reading_ = reading;
}

void Camera::SetRegion(const std::optional<Region>& region) {
  const std::lock_guard<std::mutex> lock(mutex_);
  region_ = region;
  // The old warning may have been about the old region.
  warned_ = false;
  counters_->Update([](CameraCounters& counters) { counters.warning.reset(); });
}

void Camera::FillFrameInfo(const Message& message, const ImageView& view, const Region& part) {
  frame_info_.sec = message.sec;
  frame_info_.nanosec = message.nanosec;
  frame_info_.index = message.index;
  frame_info_.frame_id.assign(message.frame_id);
  frame_info_.has_frame_id = message.has_frame_id;
  frame_info_.part = part;
  frame_info_.width = view.width;
  frame_info_.height = view.height;
}

}  // namespace camera

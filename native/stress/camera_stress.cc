/**
 * Stress test for cameras, slots and the engine on many threads, for ThreadSanitizer (scripts/tsan.sh). Uses
 * them as the addon does, but without Node.
 *
 *      camera_stress LIBDNN MODEL [ROUNDS]
 *
 * Each round opens an engine; attaches, detaches and moves cameras that send continuously; submits frames;
 * releases slots late; keeps pictures; and closes the engine in the middle. Every frame has its own
 * brightness, so a frame in the wrong slot is detected. Exits with 1 and a description of any problem.
 */
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bpu/engine.h"
#include "camera/camera.h"
#include "decode/plan.h"

namespace {

using camera::Attachment;
using camera::Camera;

constexpr int kSlots = 3;
constexpr int kCameras = 4;
constexpr auto kRound = std::chrono::milliseconds(400);

std::atomic<int> problems{0};

void Expect(bool right, const char* what) {
  if (right) return;
  if (problems++ < 20) std::fprintf(stderr, "wrong: %s\n", what);
}

uint8_t BrightnessOf(int64_t index) { return static_cast<uint8_t>(1 + index % 250); }

/** A plan for a network of three levels whose heads are ten float outputs, channels last: classes, boxes and
 * coefficients of each level, then the prototypes. Null for another one. */
std::shared_ptr<const decode::Plan> PlanFor(const bpu::Model& model, int32_t version) {
  const auto& outputs = model.outputs();
  if (outputs.size() != 10) return nullptr;
  decode::PlanParts parts;
  std::vector<size_t> bytes;
  for (size_t i = 0; i < outputs.size(); i++) {
    const auto& properties = outputs[i].properties;
    const int32_t* shape = properties.validShape.dimensionSize;
    bytes.push_back(static_cast<size_t>(properties.alignedByteSize));
    decode::PlanParts::HeadParts head;
    head.block = {1, 0, shape[1], shape[2], shape[3], shape[2] * shape[3], shape[3], 1, 0};
    // The prototypes come first.
    parts.heads.insert(i == 9 ? parts.heads.begin() : parts.heads.end(), head);
  }
  parts.version = version;
  parts.numbers = {decode::kPlanVersion, 16, 300, 1, 4, 9, 3, 8, 0, 1, 2, 16, 3, 4, 5, 32, 6, 7, 8};
  parts.lowest = -1e6;
  parts.iou = 0.7;
  parts.limits.assign(static_cast<size_t>(outputs[0].properties.validShape.dimensionSize[3]), parts.lowest);
  std::string expected;
  std::string received;
  auto plan = decode::MakePlan(std::move(parts), bytes, expected, received);
  if (!plan) std::fprintf(stderr, "expected %s but received %s\n", expected.c_str(), received.c_str());
  return plan;
}

/** Sends frames of varying sizes, some of them invalid, until `stop`. */
void Send(Camera& target, unsigned seed, const std::atomic<bool>& stop) {
  std::mt19937 random(seed);
  std::vector<uint8_t> pixels;
  const std::array<std::array<uint32_t, 2>, 3> sizes = {{{64, 64}, {320, 240}, {130, 66}}};
  for (int64_t index = seed; !stop; index++) {
    const auto [width, height] = sizes[random() % sizes.size()];
    pixels.assign(width * height * 3 / 2, BrightnessOf(index));
    camera::Message message;
    message.index = index;
    message.width = random() % 20 == 0 ? width + 1 : width;
    message.height = height;
    message.encoding = random() % 20 == 0 ? "mono8" : "nv12";
    message.data = pixels.data();
    message.size = pixels.size();
    target.Offer(message);
    if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
  }
}

/** Plays the role of the JS thread: handles events, releases slots, attaches and detaches cameras. */
class Round {
 public:
  Round(const bpu::Options& options, const std::vector<std::shared_ptr<Camera>>& cameras, unsigned seed)
      : random_(seed), cameras_(cameras), attachments_(cameras.size()) {
    engine_ = std::make_unique<bpu::Engine>(
        options,
        [this](int slot, const bpu::Outcome& outcome) {
          Push({slot, outcome.failure.has_value(), false});
        },
        [this](int slot) {
          Push({slot, false, true});
        });
    engine_->ReserveAhead();
  }

  /** Frames of all rounds that were decoded ahead. */
  static uint64_t looked_at;

  void Run() {
    const auto end = camera::Clock::now() + kRound;
    while (camera::Clock::now() < end) {
      HandleEvents(std::chrono::microseconds(random_() % 500));
      const size_t index = random_() % cameras_.size();
      switch (random_() % 12) {
        case 0:
          Attach(index);
          break;
        case 1:
          if (random_() % 4 == 0) Detach(index);
          break;
        case 2:
          cameras_[index]->SetKeepPixels(random_() % 2 == 0);
          break;
        case 3:
          Submit();
          break;
        case 4:
          pixels_.clear();
          break;
        case 6:
          if (!requested_) engine_->table()->Request();
          requested_ = true;
          break;
        case 7:
          if (requested_ && random_() % 4 == 0 && engine_->table()->CancelRequest()) requested_ = false;
          break;
        case 8:
          if (random_() % 4 == 0)
            engine_->SetPlan(random_() % 3 > 0 ? PlanFor(engine_->model(), ++plans_) : nullptr);
          break;
        case 5:
          std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 20));
          break;
        default:
          break;
      }
    }
    // Half of the rounds end orderly, the others with cameras attached and frames in flight.
    if (random_() % 2 == 0) {
      for (size_t i = 0; i < attachments_.size(); i++) Detach(i);
      if (requested_ && engine_->table()->CancelRequest()) requested_ = false;
      while (requested_ || in_flight_ > 0 || Outstanding() > 0) HandleEvents(std::chrono::milliseconds(10));
      Expect(engine_->table()->free() == kSlots, "all slots are free at the end");
    }
    engine_.reset();
  }

 private:
  struct Done {
    int slot;
    bool failed;
    bool granted;
  };

  void Push(Done done) {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_.push_back(done);
    changed_.notify_one();
  }

  struct Count {
    uint64_t submitted = 0;
    uint64_t delivered = 0;
    bool detached = false;
    std::vector<bool> seen;
  };

  void Attach(size_t index) {
    if (attachments_[index]) return;
    const uint32_t number = next_++;
    attachments_[index] =
        engine_->Attach(1 + static_cast<int>(number % 3), number, cameras_[index]->counters());
    numbers_[index] = number;
    counts_[number] = {};
    Expect(cameras_[index]->Attach(attachments_[index]), "a camera that was detached can be attached");
  }

  void Detach(size_t index) {
    if (!attachments_[index]) return;
    cameras_[index]->Detach(attachments_[index]);
    Count& count = counts_[numbers_[index]];
    count.submitted = attachments_[index]->Detach();
    count.detached = true;
    attachments_[index].reset();
  }

  uint64_t Outstanding() const {
    uint64_t outstanding = 0;
    for (const auto& [number, count] : counts_) {
      if (count.detached) outstanding += count.submitted - count.delivered;
    }
    return outstanding;
  }

  void Submit() {
    const int slot = engine_->table()->Take();
    if (slot >= 0) Start(slot);
  }

  void Start(int slot) {
    const size_t stride = 64;
    engine_->Start(slot, {{64, 64, own_.data(), own_.data() + 4096, stride, stride},
                          {0, 0, engine_->width(), engine_->height()}});
    in_flight_++;
  }

  void HandleEvents(std::chrono::microseconds patience) {
    std::deque<Done> events;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, patience, [this] { return !done_.empty(); });
      events.swap(done_);
    }
    for (const Done& event : events) {
      auto& state = engine_->table()->state(event.slot);
      if (event.granted) {
        Expect(requested_, "granted only when requested");
        requested_ = false;
        Expect(!state.attachment, "a granted slot has no camera");
        if (random_() % 2 == 0) {
          Start(event.slot);
          continue;
        }
      } else if (state.attachment) {
        CheckFrame(state, event.failed);
      } else {
        in_flight_--;
      }
      if (!event.granted) ReadFound(event.slot, event.failed);
      if (random_() % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 5));
      engine_->table()->Release(event.slot);
    }
  }

  void CheckFrame(camera::SlotTable::SlotState& state, bool failed) {
    Count& count = counts_[state.attachment->number()];
    count.delivered++;
    if (count.seen.size() <= state.sequence) count.seen.resize(state.sequence + 1);
    Expect(!count.seen[state.sequence], "a frame is reported once");
    count.seen[state.sequence] = true;
    const camera::FrameInfo& frame_info = state.frame_info;
    const nv12::Target& target = state.input->target();
    const uint8_t brightness = BrightnessOf(frame_info.index);
    // After a timeout the slot has a different input.
    Expect(failed || target.LumaRow(target.height / 2)[target.width / 2] == brightness,
           "the slot's input is the frame's");
    Expect(frame_info.received <= frame_info.submitted, "received, then submitted");
    if (!frame_info.pixels) return;
    const nv12::Target picture = frame_info.pixels->View(frame_info.width, frame_info.height);
    Expect(picture.LumaRow(picture.height - 1)[picture.width - 1] == brightness,
           "the picture is the frame's");
    pixels_.push_back(std::move(state.frame_info.pixels));
    if (pixels_.size() > 4) pixels_.erase(pixels_.begin());
  }

  /** Reads what was found in a frame, as JavaScript does before it releases the slot. */
  void ReadFound(int slot, bool failed) {
    const auto found = engine_->found(slot);
    const int32_t* numbers = found->numbers.data();
    Expect(!failed || numbers[0] == 0, "nothing is found in a frame that failed");
    Expect(numbers[0] >= 0 && numbers[0] <= plans_, "found by a plan that was set");
    if (numbers[0] == 0) return;
    looked_at++;
    Expect(numbers[1] >= 0 && numbers[1] <= 300, "as many instances as the plan wants");
  }

  int32_t plans_ = 0;
  std::mt19937 random_;
  const std::vector<std::shared_ptr<Camera>>& cameras_;
  std::vector<std::shared_ptr<Attachment>> attachments_;
  std::map<size_t, uint32_t> numbers_;
  std::map<uint32_t, Count> counts_;
  uint32_t next_ = 1;
  int in_flight_ = 0;
  bool requested_ = false;
  std::vector<std::shared_ptr<camera::PixelBuffer>> pixels_;
  const std::vector<uint8_t> own_ = std::vector<uint8_t>(size_t{64} * 96, 0);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Done> done_;
  std::unique_ptr<bpu::Engine> engine_;
};

uint64_t Round::looked_at = 0;

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "camera_stress LIBDNN MODEL [ROUNDS]\n");
    return 2;
  }
  bpu::Options options;
  options.library = arguments[1];
  options.file = arguments[2];
  options.slots = kSlots;
  options.schedule.timeout_ms = 2000;
  const int rounds = count > 3 ? std::atoi(arguments[3]) : 10;

  std::atomic<bool> stop{false};
  std::vector<std::shared_ptr<Camera>> cameras;
  std::vector<std::thread> threads;
  cameras.reserve(kCameras);
  for (int i = 0; i < kCameras; i++) cameras.push_back(Camera::Create());
  for (unsigned i = 0; i < kCameras; i++) threads.emplace_back([&, i] { Send(*cameras[i], i, stop); });
  try {
    for (int i = 0; i < rounds; i++) {
      options.spare = i % 3;
      Round(options, cameras, static_cast<unsigned>(i)).Run();
    }
  } catch (const Failure& failure) {
    std::fprintf(stderr, "Expected %s but received %s. %s\n", failure.expected.c_str(),
                 failure.received.c_str(), failure.hint.c_str());
    problems++;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  camera::CameraCounters sum;
  for (const auto& one : cameras) {
    const camera::CameraCounters counters = one->counters()->Read();
    Expect(counters.received == counters.dropped + counters.failed + counters.discarded + counters.submitted,
           "received = dropped + failed + discarded + submitted");
    sum.received += counters.received;
    sum.dropped += counters.dropped;
    sum.failed += counters.failed;
    sum.discarded += counters.discarded;
    sum.submitted += counters.submitted;
    sum.pixel_copies += counters.pixel_copies;
  }
  std::printf(
      "%d rounds: %llu frames, %llu submitted, %llu dropped, %llu failed, %llu discarded, %llu pictures, "
      "%llu decoded ahead, %d problems\n",
      rounds, static_cast<unsigned long long>(sum.received), static_cast<unsigned long long>(sum.submitted),
      static_cast<unsigned long long>(sum.dropped), static_cast<unsigned long long>(sum.failed),
      static_cast<unsigned long long>(sum.discarded), static_cast<unsigned long long>(sum.pixel_copies),
      static_cast<unsigned long long>(Round::looked_at), problems.load());
  return problems > 0 ? 1 : 0;
}

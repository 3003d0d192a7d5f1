#include "camera/slots.h"

#include <algorithm>
#include <utility>

namespace camera {

SlotTable::SlotTable(std::vector<std::shared_ptr<Input>> inputs, int most, Start start, Grant grant)
    : most_(most), start_(std::move(start)), grant_(std::move(grant)) {
  places_.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); i++) places_[i].input = std::move(inputs[i]);
}

int SlotTable::free() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto places =
      std::count_if(places_.begin(), places_.end(), [](const Place& place) { return !place.taken; });
  return std::min(static_cast<int>(places), most_ - at_work_);
}

int SlotTable::FindFree() const {
  if (at_work_ >= most_) return -1;
  int unfit = -1;
  for (size_t i = 0; i < places_.size(); i++) {
    if (places_[i].taken) continue;
    if (!places_[i].unfit) return static_cast<int>(i);
    if (unfit < 0) unfit = static_cast<int>(i);
  }
  return unfit;
}

void SlotTable::Occupy(Place& place) {
  place.taken = true;
  place.at_work = true;
  at_work_++;
}

int SlotTable::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int slot = closed_ ? -1 : FindFree();
  if (slot >= 0) Occupy(place(slot));
  return slot;
}

void SlotTable::Answered(int slot) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!std::exchange(place(slot).at_work, false)) return;
  at_work_--;
  Dispatch(lock);
}

void SlotTable::Release(int slot) {
  std::unique_lock<std::mutex> lock(mutex_);
  Place& released = place(slot);
  // Outside the lock at the end of this function, as their last owner may have work to do.
  const auto feed = std::move(released.feed);
  const auto pixels = std::move(released.arrival.pixels);
  released.taken = false;
  if (std::exchange(released.at_work, false)) at_work_--;
  Dispatch(lock);
  lock.unlock();
}

void SlotTable::Put(Place& place, const std::shared_ptr<Feed>& feed) {
  Occupy(place);
  place.feed = feed;
  place.sequence = feed->submitted_++;
  Feed::Frame& frame = feed->oldest();
  std::swap(place.input, frame.input);
  std::swap(place.arrival, frame.arrival);
  place.arrival.submitted = Clock::now();
  frame.arrival.pixels.reset();
  feed->Advance();
  feed->tally_->Update([](Counters& counters) { counters.submitted++; });
}

void SlotTable::Ask() {
  std::unique_lock<std::mutex> lock(mutex_);
  asked_ = true;
  Dispatch(lock);
}

bool SlotTable::Unask() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(asked_, false);
}

void SlotTable::Dispatch(std::unique_lock<std::mutex>& lock) {
  while (!closed_) {
    const int slot = FindFree();
    if (slot < 0) return;
    const size_t count = feeds_.size() + 1;
    const auto waits = [this](size_t index) {
      return index < feeds_.size() ? feeds_[index]->waiting_ > 0 : asked_;
    };
    size_t next = turn_ % count;
    size_t looked = 0;
    while (looked < count && !waits(next)) {
      next = (next + 1) % count;
      looked++;
    }
    if (looked == count) return;
    turn_ = next + 1;
    const bool guest = next == feeds_.size();
    if (guest) {
      Occupy(place(slot));
      asked_ = false;
    } else {
      Put(place(slot), feeds_[next]);
    }
    busy_++;
    lock.unlock();
    (guest ? grant_ : start_)(slot);
    lock.lock();
    busy_--;
    changed_.notify_all();
  }
}

std::shared_ptr<Feed> SlotTable::Attach(std::vector<std::shared_ptr<Input>> inputs, uint32_t number,
                                        std::shared_ptr<Tally> tally) {
  auto feed = std::make_shared<Feed>(shared_from_this(), std::move(inputs), number, std::move(tally));
  // Freed when the lock is given back.
  std::vector<Feed::Frame> frames;
  const std::lock_guard<std::mutex> lock(mutex_);
  feed->detached_ = closed_;
  if (closed_)
    frames.swap(feed->frames_);
  else
    feeds_.push_back(feed);
  return feed;
}

void SlotTable::Close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
  while (!feeds_.empty()) {
    auto feed = feeds_.back();
    auto frames = feed->Close(lock);
    lock.unlock();
    frames.clear();
    feed.reset();
    lock.lock();
  }
  changed_.wait(lock, [this] { return busy_ == 0; });
}

void SlotTable::FreePlaces() {
  for (Place& place : places_) {
    std::unique_lock<std::mutex> lock(mutex_);
    // Outside the lock: their last owner may have work to do.
    const auto input = std::move(place.input);
    const auto feed = std::move(place.feed);
    const auto pixels = std::move(place.arrival.pixels);
    lock.unlock();
  }
}

bool Feed::attached() const {
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  return !detached_;
}

Feed::Feed(std::shared_ptr<SlotTable> table, std::vector<std::shared_ptr<Input>> inputs, uint32_t number,
           std::shared_ptr<Tally> tally)
    : table_(std::move(table)),
      number_(number),
      tally_(std::move(tally)),
      queue_(static_cast<int>(inputs.size())),
      frames_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); i++) frames_[i].input = std::move(inputs[i]);
}

void Feed::Advance() {
  oldest_ = (oldest_ + 1) % frames_.size();
  waiting_--;
}

Input* Feed::Begin() {
  // Of the frame that is dropped; freed when the lock is given back.
  std::shared_ptr<Pixels> pixels;
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  if (detached_) return nullptr;
  if (waiting_ == frames_.size()) {
    pixels = std::move(oldest().arrival.pixels);
    Advance();
    tally_->Update([](Counters& counters) { counters.dropped++; });
  }
  writing_ = true;
  table_->busy_++;
  return frames_[(oldest_ + waiting_) % frames_.size()].input.get();
}

void Feed::Commit(Arrival& arrival) {
  SlotTable& table = *table_;
  std::unique_lock<std::mutex> lock(table.mutex_);
  writing_ = false;
  if (detached_) {
    tally_->Update([](Counters& counters) { counters.discarded++; });
  } else {
    std::swap(frames_[(oldest_ + waiting_) % frames_.size()].arrival, arrival);
    waiting_++;
    table.Dispatch(lock);
  }
  table.busy_--;
  table.changed_.notify_all();
}

void Feed::Cancel() {
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  writing_ = false;
  table_->busy_--;
  table_->changed_.notify_all();
}

uint64_t Feed::Detach() {
  // Freed when the lock is given back.
  std::vector<Frame> frames;
  std::unique_lock<std::mutex> lock(table_->mutex_);
  if (!detached_) frames = Close(lock);
  return submitted_;
}

std::vector<Feed::Frame> Feed::Close(std::unique_lock<std::mutex>& lock) {
  auto& feeds = table_->feeds_;
  const auto self = shared_from_this();
  feeds.erase(std::find(feeds.begin(), feeds.end(), self));
  detached_ = true;
  tally_->Update([this](Counters& counters) { counters.discarded += waiting_; });
  waiting_ = 0;
  table_->changed_.wait(lock, [this] { return !writing_; });
  return std::exchange(frames_, {});
}

}  // namespace camera

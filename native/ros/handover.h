#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ros {

/**
 * Merges the messages of two subscriptions to one topic while a new subscription replaces the former: each
 * message is taken once, and none is lost.
 *
 * The same rules as Handover in src/node/ros/renewable-subscription.ts.
 */
class Handover {
 public:
  using Clock = std::chrono::steady_clock;

  /**
   * @param several whether the topic has several publishers. They discover the new subscription one by one,
   * so that messages of one say nothing of the others: the handover is over when End is called.
   */
  explicit Handover(bool several) : several_(several) {}

  /** Whether the former subscription is no longer needed. */
  bool over() const { return over_; }

  /** Ignores the former subscription from now on. */
  void End() { over_ = true; }

  /** @param stamp 0 for none @returns whether to take the message */
  bool Admit(bool by_new, int64_t stamp, Clock::time_point now) {
    const bool repeated = stamp != 0 && Forget(by_new, stamp);
    if (over_) {
      // The former subscription may have been ahead. Once the new one has caught up, stamps may repeat, e.g.
      // when a bag restarts.
      if (by_new && !repeated) seen_count_ = 0;
      return by_new && !repeated;
    }
    if (by_new && !began_) began_ = now;
    // Each subscription delivers a publisher's messages in order. From the first message that both deliver,
    // the new subscription has all that follow.
    if (repeated) {
      over_ = !several_;
      return false;
    }
    if (stamp != 0) Remember({stamp, by_new});
    // Without stamps duplicates cannot be recognized; better one message twice than one lost.
    if (by_new && (stamp == 0 || (!several_ && now - *began_ > kLongest))) over_ = true;
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds kLongest{1000};
  struct SeenMessage {
    int64_t stamp = 0;
    bool by_new = false;
  };

  /**
   * Forgets a message that the other subscription has delivered: it excuses one message only, because a
   * camera's stamps may stand still. Those of a single publisher before it will not come, either.
   *
   * @returns whether there was one
   */
  bool Forget(bool by_new, int64_t stamp) {
    for (size_t i = seen_count_; i-- > 0;) {
      if (seen_[i].stamp != stamp || seen_[i].by_new == by_new) continue;
      const auto at = seen_.begin() + static_cast<std::ptrdiff_t>(i);
      const auto first = several_ ? at : seen_.begin();
      std::move(at + 1, seen_.begin() + static_cast<std::ptrdiff_t>(seen_count_), first);
      seen_count_ -= static_cast<size_t>(at + 1 - first);
      return true;
    }
    return false;
  }

  void Remember(const SeenMessage& message) {
    if (seen_count_ == seen_.size()) {
      std::move(seen_.begin() + 1, seen_.end(), seen_.begin());
      seen_count_--;
    }
    seen_[seen_count_++] = message;
  }

  bool several_;
  /** Oldest first. */
  std::array<SeenMessage, 32> seen_{};
  size_t seen_count_ = 0;
  std::optional<Clock::time_point> began_;
  bool over_ = false;
};

}  // namespace ros

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ros {

/**
 * Two subscriptions to one topic, while a new one takes over: each message once, and none is lost.
 *
 * The same rules as Handover in src/node/ros/renewable-subscription.ts.
 */
class Handover {
 public:
  using Clock = std::chrono::steady_clock;

  /** Whether the former subscription has nothing to say any more. */
  bool over() const { return over_; }

  /** Nothing of the former subscription is taken any more. */
  void End() { over_ = true; }

  /** @param stamp 0: it has none @returns whether the message is to be taken */
  bool Admit(bool by_new, int64_t stamp, Clock::time_point now) {
    const bool repeated = stamp != 0 && std::any_of(seen_.begin(), seen_.end(), [&](const Message& message) {
                            return message.stamp == stamp && message.by_new != by_new;
                          });
    if (over_) {
      // The former one may have been ahead; once the new one is, stamps may come again: a bag that begins
      // anew.
      if (by_new && !repeated) seen_.fill({});
      return by_new && !repeated;
    }
    if (by_new && !began_) began_ = now;
    // Each brings the messages of a publisher in order: from one that both have on, the new one has all.
    if (repeated) {
      over_ = true;
      return false;
    }
    if (stamp != 0) seen_[next_++ % seen_.size()] = {stamp, by_new};
    // Without stamps they cannot be told apart: rather one twice than one lost.
    if (by_new && (stamp == 0 || now - *began_ > kLongest)) over_ = true;
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds kLongest{1000};
  struct Message {
    int64_t stamp = 0;
    bool by_new = false;
  };
  std::array<Message, 32> seen_{};
  size_t next_ = 0;
  std::optional<Clock::time_point> began_;
  bool over_ = false;
};

}  // namespace ros

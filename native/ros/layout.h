#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

/**
 * What the code in this folder assumes of generated message classes, checked when it is compiled.
 *
 * The classes differ between releases of ROS 2: `uint8[]` is a std::vector up to Kilted, and from Lyrical on
 * a rosidl::Buffer, whose bytes may be in another memory than this process's (ros2/rosidl#942). C++ code that
 * uses the members survives that, and the checks here say what does not. They need no ROS:
 * test/native/layout.test.ts compiles them with classes of its own.
 */
namespace ros {

/** The bytes of an image message are one block of uint8_t, reached by data() and size(). */
template <typename Message>
constexpr void CheckPixels() {
  using Data = decltype(std::declval<const Message&>().data);
  static_assert(
      std::is_same_v<decltype(std::declval<const Data&>().data()), const uint8_t*>,
      "Expected the pixels of an image message as one block of uint8_t. See docs/distributions.md.");
  static_assert(
      std::is_convertible_v<decltype(std::declval<const Data&>().size()), size_t>,
      "Expected image messages to know how many bytes of pixels they have. See docs/distributions.md.");
}

/**
 * An HbmMsg is one block without pointers, laid out as in the compilers that TROS's cameras are built with: a
 * lent message is read in the memory where another process has written it.
 */
template <typename Message, size_t Capacity>
constexpr void CheckHbmLayout() {
  static_assert(std::is_standard_layout_v<Message> && std::is_trivially_copyable_v<Message>,
                "Expected HbmMsg to be a plain struct: it is read in shared memory.");
  static_assert(std::is_same_v<decltype(Message::data), std::array<uint8_t, Capacity>> &&
                    std::is_same_v<decltype(Message::encoding), std::array<uint8_t, 12>>,
                "Expected HbmMsg to have arrays of fixed size.");
  static_assert(offsetof(Message, index) == 0 && offsetof(Message, time_stamp) == 4 &&
                    sizeof(Message::time_stamp) == 8 && offsetof(Message, height) == 12 &&
                    offsetof(Message, width) == 16 && offsetof(Message, data_size) == 20 &&
                    offsetof(Message, step) == 24 && offsetof(Message, encoding) == 28 &&
                    offsetof(Message, data) == 40 && sizeof(Message) == 40 + Capacity,
                "Expected the fields of HbmMsg where hbm_img_msgs has had them since 2022.");
}

template <typename Sequence, typename = void>
struct HasBackend : std::false_type {};
template <typename Sequence>
struct HasBackend<Sequence, std::void_t<decltype(std::declval<const Sequence&>().get_backend_type())>>
    : std::true_type {};

/**
 * @throws std::runtime_error unless the bytes are in this process's memory. Subscriptions only accept such
 * messages unless they are told otherwise; this tells a user who has done so what to undo.
 */
template <typename Sequence>
void RequireOwnMemory(const Sequence& sequence) {
  if constexpr (HasBackend<Sequence>::value) {
    const std::string backend = sequence.get_backend_type();
    if (backend != "cpu") {
      throw std::runtime_error("the pixels are in memory of the buffer backend " + backend +
                               "; let the camera publish with the backend cpu");
    }
  }
}

}  // namespace ros

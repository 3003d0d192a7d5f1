#include "camera/encodings.h"

#include <algorithm>

namespace camera {
namespace {

constexpr std::string_view kJpeg = "jpeg";

/** ASCII only, independent of the locale. */
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameLetters(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

/** Calls `use(name)` with the encoding's name and each alias. */
template <typename Use>
void ForEachName(const Encoding& encoding, Use use) {
  use(std::string_view(encoding.name));
  std::string_view left = encoding.aliases;
  while (!left.empty()) {
    const size_t end = std::min(left.find(' '), left.size());
    use(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

}  // namespace

const Encoding* FindEncoding(std::string_view name) {
  for (const Encoding& encoding : kEncodings) {
    bool found = false;
    ForEachName(encoding, [&](std::string_view known) { found = found || SameLetters(known, name); });
    if (found) return &encoding;
  }
  return nullptr;
}

std::string KnownEncodings() {
  std::string text;
  for (const Encoding& encoding : kEncodings) {
    std::string others;
    ForEachName(encoding, [&](std::string_view name) {
      if (name == encoding.name) return;
      others += (others.empty() ? " (" : ", ") + std::string(name);
    });
    text += (text.empty() ? "" : ", ") + std::string(encoding.name) + others + (others.empty() ? "" : ")");
  }
  return text;
}

std::string_view HbmEncoding(const uint8_t* letters, size_t length) {
  std::string_view text(reinterpret_cast<const char*>(letters), length);
  text = text.substr(0, text.find('\0'));
  std::string_view longest;
  const auto compare = [&](std::string_view known) {
    if (known.size() > longest.size() && SameLetters(text.substr(0, known.size()), known)) longest = known;
  };
  compare(kJpeg);
  for (const Encoding& encoding : kEncodings) ForEachName(encoding, compare);
  return longest.empty() ? text : longest;
}

}  // namespace camera

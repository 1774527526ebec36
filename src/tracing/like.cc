// SPDX-License-Identifier: Apache-2.0
#include "like.h"

#include <cstddef>
#include <optional>

#include "base/text.h"

namespace slipway::tracing {
namespace {

std::size_t character_at(std::string_view text, std::size_t at) {
  std::size_t size = 1;
  while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80) {
    ++size;
  }
  return size;
}

// Where `segment`, starting at `at`, ends in `text`; nothing when it is not there.
std::optional<std::size_t> match_at(std::string_view segment, std::string_view text,
                                    std::size_t at) {
  for (const char c : segment) {
    if (at >= text.size()) return std::nullopt;
    if (c == '_') {
      at += character_at(text, at);
    } else if (text[at++] != c) {
      return std::nullopt;
    }
  }
  return at;
}

// The end of the first place from `at` on.
std::optional<std::size_t> find_from(std::string_view segment, std::string_view text,
                                     std::size_t at) {
  if (segment.find('_') == std::string_view::npos) {
    const auto found = text.find(segment, at);
    if (found == std::string_view::npos) return std::nullopt;
    return found + segment.size();
  }
  for (; at <= text.size(); ++at) {
    if (const auto end = match_at(segment, text, at)) return end;
  }
  return std::nullopt;
}

}  // namespace

Like::Like(std::string_view pattern, bool any_case) : any_case_(any_case) {
  const std::string text = any_case ? to_lower(pattern) : std::string(pattern);
  for (const auto segment : split(text, '%')) {
    segments_.emplace_back(segment);
  }
}

bool Like::matches(std::string_view text) const {
  return any_case_ ? matches_exact(to_lower(text)) : matches_exact(text);
}

bool Like::matches_exact(std::string_view text) const {
  const auto start = match_at(segments_.front(), text, 0);
  if (!start) return false;
  if (segments_.size() == 1) return *start == text.size();
  std::size_t at = *start;
  for (std::size_t i = 1; i + 1 < segments_.size(); ++i) {
    const auto end = find_from(segments_[i], text, at);
    if (!end) return false;
    at = *end;
  }
  const auto& last = segments_.back();
  if (last.find('_') == std::string::npos) {
    return text.size() >= at + last.size() && text.ends_with(last);
  }
  for (; at <= text.size(); ++at) {
    if (match_at(last, text, at) == text.size()) return true;
  }
  return false;
}

std::vector<std::string> Like::parts() const {
  std::vector<std::string> out;
  for (const auto& segment : segments_) {
    for (const auto part : split(segment, '_')) {
      if (!part.empty()) out.emplace_back(part);
    }
  }
  return out;
}

}  // namespace slipway::tracing

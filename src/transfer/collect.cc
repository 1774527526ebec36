// SPDX-License-Identifier: Apache-2.0
#include "transfer/collect.h"

#include <utility>

namespace slipway::transfer {
namespace {

constexpr std::size_t kWeightAtOnce = 1u << 20;
constexpr std::size_t kLinesAtOnce = 5'000;

}  // namespace

Result<void> SeriesCollector::add(const std::string& key, const std::string& kind,
                                  SeriesEntryRecord entry) {
  auto name = key;
  if (kinds_.try_emplace(name, kind).first->second != kind) {
    name += " (" + kind + ")";
    kinds_.try_emplace(name, kind);
  }
  auto& record = waiting_[name];
  record.run = run_;
  record.key = name;
  record.kind = kind;
  weight_ += 128 + entry.content.size();
  record.entries.push_back(std::move(entry));
  return weight_ >= kWeightAtOnce ? finish() : Result<void>();
}

Result<void> SeriesCollector::finish() {
  for (auto& [key, record] : waiting_) SW_CHECK_OK(each_(std::move(record)));
  waiting_.clear();
  weight_ = 0;
  return {};
}

Result<void> ConsoleCollector::add(const std::string& stream, std::int64_t time,
                                   std::string_view text) {
  auto& open = open_[stream];
  while (!text.empty()) {
    if (open.text.empty()) open.time = time;
    const auto end = text.find('\n');
    open.text += text.substr(0, end);
    if (end == std::string_view::npos) return {};
    SW_CHECK_OK(end_line(stream));
    text.remove_prefix(end + 1);
  }
  return {};
}

Result<void> ConsoleCollector::end_line(const std::string& stream) {
  auto& open = open_[stream];
  auto text = std::move(open.text);
  open.text.clear();
  while (text.ends_with('\r')) text.pop_back();
  if (const auto back = text.rfind('\r'); back != std::string::npos) text.erase(0, back + 1);
  weight_ += 64 + text.size();
  waiting_.lines.push_back({stream, open.time, std::move(text)});
  const bool full = weight_ >= kWeightAtOnce || waiting_.lines.size() >= kLinesAtOnce;
  return full ? flush() : Result<void>();
}

Result<void> ConsoleCollector::flush() {
  if (waiting_.lines.empty()) return {};
  waiting_.run = run_;
  waiting_.first = next_;
  next_ += static_cast<std::int64_t>(waiting_.lines.size());
  SW_CHECK_OK(each_(std::exchange(waiting_, {})));
  weight_ = 0;
  return {};
}

Result<void> ConsoleCollector::finish() {
  for (auto& [stream, open] : open_) {
    if (!open.text.empty()) SW_CHECK_OK(end_line(stream));
  }
  return flush();
}

}  // namespace slipway::transfer

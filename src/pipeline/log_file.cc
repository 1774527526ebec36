// SPDX-License-Identifier: Apache-2.0
#include "log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

namespace slipway::pipeline {
namespace {

constexpr std::size_t kShortestLine = 6;  // of a multi-line secret that is masked by itself

}  // namespace

Masker::Masker(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    secrets_.push_back(secret);
    if (secret.find('\n') == secret.npos) continue;
    for (const auto line : split(secret, '\n')) {
      if (line.size() >= kShortestLine) secrets_.emplace_back(line);
    }
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
  for (const auto& secret : secrets_) first_bytes_ += secret[0];
}

std::string Masker::feed(std::string_view piece) {
  if (secrets_.empty()) return std::string(piece);
  held_ += piece;
  return mask(false);
}

std::string Masker::rest() {
  return mask(true);
}

std::string Masker::mask(bool at_end) {
  std::string out;
  std::string_view text = held_;
  while (!text.empty()) {
    const auto at = text.find_first_of(first_bytes_);
    out += text.substr(0, at);
    if (at == text.npos) {
      text = {};
      break;
    }
    text.remove_prefix(at);
    std::size_t length = 0;
    bool wait = false;
    for (const auto& secret : secrets_) {
      if (text.starts_with(secret)) {
        length = secret.size();
      } else if (!at_end && std::string_view(secret).starts_with(text)) {
        wait = true;
      }
      if (length > 0 || wait) break;
    }
    if (wait) break;
    out += length > 0 ? std::string_view("***") : text.substr(0, 1);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  held_ = std::string(text);
  return out;
}

LogFile::LogFile(std::string path, const std::vector<std::string>& secrets, std::size_t limit)
    : path_(std::move(path)), masker_(secrets), limit_(limit) {}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string LogFile::write(std::string_view piece) {
  auto text = masker_.feed(piece);
  keep(text);
  return text;
}

std::string LogFile::finish() {
  auto text = masker_.rest();
  keep(text);
  if (left_out_ > 0 || !tail_.empty()) {
    const auto dropped = left_out_ - std::min<std::uint64_t>(left_out_, tail_.size());
    if (dropped > 0) put("\n[.. " + std::to_string(dropped) + " bytes left out ..]\n");
    put(tail_);
    tail_.clear();
    left_out_ = 0;
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  return text;
}

void LogFile::keep(std::string_view text) {
  const auto room = limit_ - std::min(limit_, written_);
  put(text.substr(0, room));
  written_ += std::min(room, text.size());
  text.remove_prefix(std::min(room, text.size()));
  if (text.empty()) return;
  left_out_ += text.size();
  tail_ += text;
  if (tail_.size() > 2 * kTail) tail_.erase(0, tail_.size() - kTail);
}

void LogFile::put(std::string_view text) {
  if (text.empty() || failed_) return;
  if (fd_ < 0) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  while (fd_ >= 0 && !text.empty()) {
    const auto n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (!text.empty()) {
    failed_ = true;  // said once; the step itself goes on
    log::warn("pipeline.log_lost", {{"path", path_}, {"why", std::strerror(errno)}});
  }
}

std::string log_path(const std::string& folder, const std::string& execution,
                     const std::string& step, std::int64_t item, int attempt) {
  auto out = folder + "/" + execution + "/" + step;
  if (item >= 0) out += "/" + std::to_string(item);
  return out + "." + std::to_string(attempt) + ".log";
}

}  // namespace slipway::pipeline

// SPDX-License-Identifier: Apache-2.0
#include "analysis/ordered_column.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <queue>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace slipway::analysis {
namespace {

constexpr std::size_t kWindow = std::size_t{1} << 17;  // values, 1 MiB
constexpr std::size_t kPiece = std::size_t{1} << 13;   // of a run that is merged

Error cannot(const char* what) {
  return unavailable(std::string("cannot ") + what + " a temporary file in '" +
                         std::filesystem::temp_directory_path().string() +
                         "': " + std::strerror(errno),
                     "set TMPDIR to a folder with room for 16 bytes a row");
}

Result<int> nameless_file() {
  const auto folder = std::filesystem::temp_directory_path().string();
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  auto pattern = folder + "/slipway-column-XXXXXX";
  file = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (file < 0) return cannot("make");
  ::unlink(pattern.c_str());
  return file;
}

Result<void> write_all(int file, std::span<const double> values) {
  const auto* bytes = reinterpret_cast<const char*>(values.data());
  for (std::size_t left = values.size_bytes(); left > 0;) {
    const auto wrote = ::write(file, bytes, left);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return cannot("write");
    bytes += wrote;
    left -= static_cast<std::size_t>(wrote);
  }
  return {};
}

// A sorted run, a piece at a time.
class Run {
 public:
  Run(int file, std::size_t begin, std::size_t end) : file_(file), next_(begin), end_(end) {}

  Result<bool> fill() {  // false: it has ended
    if (at_ < piece_.size()) return true;
    const auto count = std::min(kPiece, end_ - next_);
    piece_.resize(count);
    at_ = 0;
    if (count == 0) return false;
    auto* bytes = reinterpret_cast<char*>(piece_.data());
    auto offset = next_ * sizeof(double);
    for (std::size_t left = count * sizeof(double); left > 0;) {
      const auto read = ::pread(file_, bytes, left, static_cast<off_t>(offset));
      if (read < 0 && errno == EINTR) continue;
      if (read <= 0) return cannot("read");
      bytes += read;
      offset += static_cast<std::size_t>(read);
      left -= static_cast<std::size_t>(read);
    }
    next_ += count;
    return true;
  }
  double value() const { return piece_[at_]; }
  void pass() { ++at_; }

 private:
  int file_;
  std::size_t next_;
  std::size_t end_;
  std::vector<double> piece_;
  std::size_t at_ = 0;
};

}  // namespace

OrderedColumn::OrderedColumn(std::size_t expected, std::size_t in_memory) : in_memory_(in_memory) {
  values_.reserve(std::min(expected, in_memory));
}

OrderedColumn::~OrderedColumn() {
  if (window_ != nullptr) ::munmap(window_, kWindow * sizeof(double));
  for (const int file : {runs_, merged_}) {
    if (file >= 0) ::close(file);
  }
}

Result<void> OrderedColumn::add(std::span<const double> values, std::vector<double>& scratch) {
  while (!values.empty()) {
    if (values_.size() == in_memory_) SW_CHECK_OK(spill(scratch));
    const auto taken = std::min(values.size(), in_memory_ - values_.size());
    values_.insert(values_.end(), values.begin(), values.begin() + static_cast<long>(taken));
    size_ += taken;
    values = values.subspan(taken);
  }
  return {};
}

Result<void> OrderedColumn::spill(std::vector<double>& scratch) {
  if (runs_ < 0) {
    SW_TRY(runs_, nameless_file());
  }
  stats::sort_numbers(values_, scratch);
  SW_CHECK_OK(write_all(runs_, values_));
  values_.clear();
  return {};
}

Result<void> OrderedColumn::finish(std::vector<double>& scratch) {
  if (runs_ < 0) {
    stats::sort_numbers(values_, scratch);
    return {};
  }
  SW_CHECK_OK(spill(scratch));
  values_ = {};
  return merge();
}

Result<void> OrderedColumn::merge() {
  SW_TRY(merged_, nameless_file());
  std::vector<Run> runs;
  for (std::size_t begin = 0; begin < size_; begin += in_memory_) {
    runs.emplace_back(runs_, begin, std::min(size_, begin + in_memory_));
  }
  using Head = std::pair<double, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    SW_TRY(const bool more, runs[i].fill());
    if (more) heads.emplace(runs[i].value(), i);
  }
  std::vector<double> out;
  out.reserve(kWindow);
  while (!heads.empty()) {
    const auto [value, which] = heads.top();
    heads.pop();
    auto& run = runs[which];
    const double limit = heads.empty() ? value : heads.top().first;
    // As long as it stays the smallest it needs no place in the queue.
    bool more = true;
    do {
      out.push_back(run.value());
      if (out.size() == kWindow) {
        SW_CHECK_OK(write_all(merged_, out));
        out.clear();
      }
      run.pass();
      SW_TRY(more, run.fill());
    } while (more && (heads.empty() || run.value() <= limit));
    if (more) heads.emplace(run.value(), which);
  }
  SW_CHECK_OK(write_all(merged_, out));
  ::close(std::exchange(runs_, -1));
  return {};
}

std::span<const double> OrderedColumn::from(std::size_t position) const {
  if (merged_ < 0) return std::span<const double>(values_).subspan(position);
  if (position >= size_) return {};
  const auto begin = position / kWindow * kWindow;
  if (window_ == nullptr || begin != window_begin_) {
    if (window_ != nullptr) ::munmap(window_, kWindow * sizeof(double));
    window_size_ = std::min(kWindow, size_ - begin);
    window_ = ::mmap(nullptr, kWindow * sizeof(double), PROT_READ, MAP_SHARED, merged_,
                     static_cast<off_t>(begin * sizeof(double)));
    SW_ASSERT(window_ != MAP_FAILED);
    window_begin_ = begin;
  }
  const auto skipped = position - begin;
  return {static_cast<const double*>(window_) + skipped, window_size_ - skipped};
}

std::vector<double> OrderedColumn::take() {
  if (in_memory()) return std::move(values_);
  std::vector<double> out;
  out.reserve(size_);
  for (std::size_t at = 0; at < size_;) {
    const auto block = from(at);
    out.insert(out.end(), block.begin(), block.end());
    at += block.size();
  }
  return out;
}

}  // namespace slipway::analysis

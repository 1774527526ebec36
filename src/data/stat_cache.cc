// SPDX-License-Identifier: Apache-2.0
#include "data/stat_cache.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace slipway::data {
namespace {

constexpr std::string_view kMagic = "SWSTAT2\n";
constexpr std::size_t kRecord = 5 * 8 + 16;
constexpr std::size_t kLimit = 4'000'000;
constexpr std::int64_t kRacyNs = 50'000'000;
constexpr std::size_t kBatch = 1024;  // records read or written at once

std::int64_t to_ns(const timespec& at) {
  return at.tv_sec * 1'000'000'000LL + at.tv_nsec;
}

// FNV-1a over words of 8 bytes: finds torn and shortened files, which is all that it is for.
class Check {
 public:
  void add(std::string_view bytes) {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      sum_ = (sum_ ^ word) * 0x100000001b3ULL;
    }
  }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 0xcbf29ce484222325ULL;
};

}  // namespace

static_assert(std::endian::native == std::endian::little);

StatCache::StatCache(std::string path, Clock& clock) : path_(std::move(path)), clock_(clock) {
  if (!path_.empty()) load();
}

StatCache::Record StatCache::record_of(const struct stat& info, const Md5& md5) {
  return {info.st_dev,         info.st_ino,         static_cast<std::uint64_t>(info.st_size),
          to_ns(info.st_mtim), to_ns(info.st_ctim), md5};
}

std::size_t StatCache::slot_of(std::uint64_t device, std::uint64_t inode) const {
  const std::uint64_t mixed = (inode ^ (device << 32)) * 0x9e3779b97f4a7c15ULL;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = static_cast<std::size_t>(mixed >> 20) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) return at;
    const auto& record = records_[slots_[at] - 1];
    if (record.inode == inode && record.device == device) return at;
  }
}

void StatCache::grow(std::size_t records) {
  const auto wanted = std::bit_ceil(records * 2 + 16);
  if (wanted <= slots_.size()) return;
  slots_.assign(wanted, 0);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    slots_[slot_of(records_[i].device, records_[i].inode)] = static_cast<std::uint32_t>(i + 1);
  }
}

void StatCache::keep(const Record& record) {
  grow(records_.size() + 1);
  auto& slot = slots_[slot_of(record.device, record.inode)];
  if (slot == 0) {
    records_.push_back(record);
    used_.push_back(true);
    slot = static_cast<std::uint32_t>(records_.size());
  } else {
    records_[slot - 1] = record;
    used_[slot - 1] = true;
  }
}

void StatCache::load() {
  std::ifstream in(path_, std::ios::binary | std::ios::ate);
  if (!in) return;
  const auto size = static_cast<std::size_t>(in.tellg());
  const std::size_t frame = kMagic.size() + 8;
  if (size < frame || (size - frame) % kRecord != 0 || (size - frame) / kRecord > 2 * kLimit) {
    return;
  }
  in.seekg(0);
  std::string piece(kMagic.size(), '\0');
  in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
  if (!in || piece != kMagic) return;
  std::vector<Record> records((size - frame) / kRecord);
  static_assert(sizeof(Record) == kRecord);
  in.read(reinterpret_cast<char*>(records.data()),
          static_cast<std::streamsize>(records.size() * kRecord));
  std::uint64_t sum = 0;
  in.read(reinterpret_cast<char*>(&sum), 8);
  Check check;
  check.add({reinterpret_cast<const char*>(records.data()), records.size() * kRecord});
  if (!in || sum != check.sum()) return;
  records_ = std::move(records);
  used_.assign(records_.size(), false);
  grow(records_.size());
}

std::optional<Md5> StatCache::find(const struct stat& info) const {
  const std::scoped_lock lock(mutex_);
  if (slots_.empty()) return std::nullopt;
  const auto slot = slots_[slot_of(info.st_dev, info.st_ino)];
  if (slot == 0) return std::nullopt;
  const auto& record = records_[slot - 1];
  const auto now = record_of(info, record.md5);
  if (record.size != now.size || record.modified_ns != now.modified_ns ||
      record.changed_ns != now.changed_ns) {
    return std::nullopt;
  }
  used_[slot - 1] = true;
  return record.md5;
}

void StatCache::remember(const struct stat& info, const Md5& md5) {
  if (clock_.now().ms * 1'000'000 - to_ns(info.st_ctim) < kRacyNs) return;
  remember_written(info, md5);
}

void StatCache::remember_written(const struct stat& info, const Md5& md5) {
  const std::scoped_lock lock(mutex_);
  keep(record_of(info, md5));
  changed_ = true;
}

// Not synced: what a power cut leaves of it does not pass the check, and is an empty cache.
Result<void> StatCache::save() {
  const std::scoped_lock lock(mutex_);
  if (path_.empty() || !changed_) return {};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  const auto temporary = path_ + ".tmp-" + std::to_string(::getpid());
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out << kMagic;
  Check check;
  std::string batch;
  const auto flush = [&] {
    check.add(batch);
    out << batch;
    batch.clear();
  };
  const bool drop_unused = records_.size() > kLimit;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (drop_unused && !used_[i]) continue;
    batch.append(reinterpret_cast<const char*>(&records_[i]), kRecord);
    if (batch.size() >= kBatch * kRecord) flush();
  }
  flush();
  const auto sum = check.sum();
  out.write(reinterpret_cast<const char*>(&sum), 8);
  out.close();
  if (!out || std::rename(temporary.c_str(), path_.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return unavailable("cannot write '" + path_ + "'");
  }
  changed_ = false;
  return {};
}

}  // namespace slipway::data

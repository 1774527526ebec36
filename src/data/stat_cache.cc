// SPDX-License-Identifier: Apache-2.0
#include "data/stat_cache.h"

#include <cstring>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::data {
namespace {

constexpr std::string_view kMagic = "SWSTAT1\n";
constexpr std::size_t kRecord = 5 * 8 + 16;
constexpr std::size_t kLimit = 4'000'000;
constexpr std::int64_t kRacyNs = 50'000'000;

std::int64_t to_ns(const timespec& at) {
  return at.tv_sec * 1'000'000'000LL + at.tv_nsec;
}

void put(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(n >> (8 * i) & 255);
}

std::uint64_t take(std::string_view& in) {
  std::uint64_t n = 0;
  for (int i = 0; i < 8; ++i) {
    n |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  }
  in.remove_prefix(8);
  return n;
}

}  // namespace

StatCache::StatCache(std::string path, Clock& clock) : path_(std::move(path)), clock_(clock) {
  if (!path_.empty()) load();
}

StatCache::Key StatCache::key_of(const struct stat& info) {
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), to_ns(info.st_mtim),
          to_ns(info.st_ctim)};
}

void StatCache::load() {
  const auto bytes = blob::read_file(path_, kLimit * kRecord + kMagic.size());
  if (!bytes || !bytes->starts_with(kMagic)) return;
  std::string_view rest = std::string_view(*bytes).substr(kMagic.size());
  known_.reserve(rest.size() / kRecord);
  while (rest.size() >= kRecord) {
    Key key;
    key.device = take(rest);
    key.inode = take(rest);
    key.size = take(rest);
    key.modified_ns = static_cast<std::int64_t>(take(rest));
    key.changed_ns = static_cast<std::int64_t>(take(rest));
    std::memcpy(known_[key].md5.data(), rest.data(), 16);
    rest.remove_prefix(16);
  }
}

std::optional<std::string> StatCache::find(const struct stat& info) const {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(key_of(info));
  if (found == known_.end()) return std::nullopt;
  found->second.used = true;
  return to_hex({reinterpret_cast<const char*>(found->second.md5.data()), 16});
}

void StatCache::remember(const struct stat& info, const std::string& md5) {
  if (clock_.now().ms * 1'000'000 - to_ns(info.st_ctim) < kRacyNs) return;
  const auto bytes = from_hex(md5);
  if (!bytes || bytes->size() != 16) return;
  const std::scoped_lock lock(mutex_);
  auto& known = known_[key_of(info)];
  std::memcpy(known.md5.data(), bytes->data(), 16);
  known.used = true;
  changed_ = true;
}

Result<void> StatCache::save() {
  const std::scoped_lock lock(mutex_);
  if (path_.empty() || !changed_) return {};
  std::string out(kMagic);
  const bool drop_unused = known_.size() > kLimit;
  for (const auto& [key, known] : known_) {
    if (drop_unused && !known.used) continue;
    put(out, key.device);
    put(out, key.inode);
    put(out, key.size);
    put(out, static_cast<std::uint64_t>(key.modified_ns));
    put(out, static_cast<std::uint64_t>(key.changed_ns));
    out.append(reinterpret_cast<const char*>(known.md5.data()), 16);
  }
  changed_ = false;
  return blob::write_file_atomically(path_, out);
}

}  // namespace slipway::data

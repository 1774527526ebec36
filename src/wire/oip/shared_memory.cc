// SPDX-License-Identifier: Apache-2.0
#include "shared_memory.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slipway::wire::oip {
namespace {

constexpr std::size_t kMaxRegions = 4096;
constexpr std::uint64_t kMaxSize = 1ULL << 40;
constexpr std::size_t kMaxRead = std::size_t{1} << 30;

bool is_key(std::string_view key) {
  return key.size() > 1 && key.size() < 250 && key[0] == '/' &&
         key.find('/', 1) == std::string_view::npos && key.find('\0') == std::string_view::npos;
}

Error no_region(const std::string& name) {
  return not_found("there is no shared memory region '" + name.substr(0, 100) + "'",
                   "register it first");
}

}  // namespace

struct SharedMemory::Open {
  Region region;
  int file = -1;

  Open(Region its_region, int its_file) : region(std::move(its_region)), file(its_file) {}
  ~Open() { ::close(file); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
};

SharedMemory::~SharedMemory() = default;

Result<void> SharedMemory::add(Region region) {
  if (region.name.empty() || region.name.size() > 250) {
    return invalid("the name of a shared memory region is missing or too long");
  }
  if (!is_key(region.key)) {
    return invalid("'" + region.key.substr(0, 100) + "' is no key of shared memory",
                   "it is a slash and a name, as shm_open takes it");
  }
  if (region.size == 0 || region.offset > kMaxSize || region.size > kMaxSize) {
    return invalid("the size or the offset of region '" + region.name + "' is out of range");
  }
  const int file = ::shm_open(region.key.c_str(), O_RDWR | O_CLOEXEC, 0);
  if (file < 0) {
    return invalid("cannot open shared memory '" + region.key + "': " + std::strerror(errno));
  }
  const auto name = region.name;
  const auto end = region.offset + region.size;
  auto open = std::make_shared<const Open>(std::move(region), file);
  struct stat facts {};
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) ||
      static_cast<std::uint64_t>(facts.st_size) < end) {
    return invalid("shared memory '" + open->region.key + "' has fewer than " +
                   std::to_string(end) + " bytes");
  }
  const std::scoped_lock lock(mutex_);
  if (regions_.count(name) != 0) {
    return already_exists("there is a shared memory region '" + name + "' already",
                          "unregister it first");
  }
  if (regions_.size() >= kMaxRegions) return exhausted("too many shared memory regions");
  regions_.emplace(name, std::move(open));
  return {};
}

void SharedMemory::remove(const std::string& name) {
  decltype(regions_) gone;
  const std::scoped_lock lock(mutex_);
  if (name.empty()) {
    gone.swap(regions_);
  } else if (const auto found = regions_.find(name); found != regions_.end()) {
    gone.insert(regions_.extract(found));
  }
}

Result<std::vector<SharedMemory::Region>> SharedMemory::list(const std::string& name) const {
  std::vector<Region> out;
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, open] : regions_) {
    if (name.empty() || key == name) out.push_back(open->region);
  }
  if (!name.empty() && out.empty()) return no_region(name);
  return out;
}

Result<std::shared_ptr<const SharedMemory::Open>> SharedMemory::find(
    const SharedPlace& place) const {
  std::shared_ptr<const Open> open;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = regions_.find(place.region);
    if (found == regions_.end()) return no_region(place.region);
    open = found->second;
  }
  const auto& region = open->region;
  if (place.offset > region.size || place.size > region.size - place.offset) {
    return invalid("bytes " + std::to_string(place.offset) + " to " +
                   std::to_string(place.offset + place.size) + " are outside of region '" +
                   region.name + "', which has " + std::to_string(region.size));
  }
  return open;
}

Result<std::shared_ptr<const std::string>> SharedMemory::read(const SharedPlace& place) const {
  SW_TRY(const auto open, find(place));
  if (place.size > kMaxRead) return exhausted("a tensor of more than 1 GiB in shared memory");
  std::string bytes(place.size, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto at = static_cast<off_t>(open->region.offset + place.offset + have);
    const auto got = ::pread(open->file, bytes.data() + have, bytes.size() - have, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return invalid("region '" + place.region + "' was cut short by its owner");
    have += static_cast<std::size_t>(got);
  }
  return std::make_shared<const std::string>(std::move(bytes));
}

Result<void> SharedMemory::write(const SharedPlace& place, std::string_view bytes) const {
  SW_TRY(const auto open, find(place));
  if (bytes.size() > place.size) {
    return invalid("an output of " + std::to_string(bytes.size()) +
                   " bytes does not fit into the " + std::to_string(place.size) +
                   " given in region '" + place.region + "'");
  }
  struct stat facts {};
  const auto end = open->region.offset + place.offset + bytes.size();
  if (::fstat(open->file, &facts) != 0 || static_cast<std::uint64_t>(facts.st_size) < end) {
    return invalid("region '" + place.region + "' was cut short by its owner");
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto at = static_cast<off_t>(open->region.offset + place.offset + done);
    const auto put = ::pwrite(open->file, bytes.data() + done, bytes.size() - done, at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return unavailable("cannot write into region '" + place.region + "'");
    done += static_cast<std::size_t>(put);
  }
  return {};
}

bool is_local(std::string_view remote) {
  return remote.starts_with("127.") || remote == "::1" || remote.starts_with("::ffff:127.");
}

}  // namespace slipway::wire::oip

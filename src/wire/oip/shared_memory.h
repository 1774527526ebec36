// SPDX-License-Identifier: Apache-2.0
// Regions of system shared memory that clients on this machine have registered.
//
// They are read and written like files, not mapped: a client that cuts its region short gets an
// error, and cannot take the server down.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::wire::oip {

// Where a tensor lies.
struct SharedPlace {
  std::string region;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Thread-safe.
class SharedMemory {
 public:
  struct Region {
    std::string name;
    std::string key;  // as in shm_open: "/name"
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  Result<void> add(Region region);
  void remove(const std::string& name);  // empty: all; one that is not there is gone already
  Result<std::vector<Region>> list(const std::string& name) const;  // empty: all

  Result<std::shared_ptr<const std::string>> read(const SharedPlace& place) const;
  Result<void> write(const SharedPlace& place, std::string_view bytes) const;

 private:
  struct Open;
  Result<std::shared_ptr<const Open>> find(const SharedPlace& place) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Open>> regions_;
};

// Shared memory is for clients on this machine.
bool is_local(std::string_view remote);

}  // namespace slipway::wire::oip

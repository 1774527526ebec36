// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <memory>
#include <mutex>

#include <dlfcn.h>

#include "base/library.h"
#include "base/log.h"

namespace slipway::drivers::duckdb {
namespace {

Result<std::unique_ptr<Library>> open_once(const std::string& path) {
  const std::string hint =
      "keep the folder lib/ beside the executable (./dev build puts it there), or set "
      "SLIPWAY_DUCKDB to the path of libduckdb.so";
  SW_TRY(const auto opened, open_library("DuckDB", path, "libduckdb.so", hint));
  auto library = std::make_unique<Library>();
  bool whole = true;
  const auto take = [&](const char* name) {
    void* symbol = ::dlsym(opened.handle, name);
    whole = whole && symbol != nullptr;
    return symbol;
  };
#define SLIPWAY_DUCKDB_TAKE(name) \
  library->name = reinterpret_cast<decltype(library->name)>(take("duckdb_" #name));
  SLIPWAY_DUCKDB_FUNCTIONS(SLIPWAY_DUCKDB_TAKE)
#undef SLIPWAY_DUCKDB_TAKE
  if (!whole) return unavailable("'" + opened.path + "' is no DuckDB of 1.1 or newer", hint);
  log::debug("duckdb.opened", {{"version", library->library_version()}, {"library", opened.path}});
  return library;
}

}  // namespace

Result<const Library*> Library::open(const std::string& path) {
  static std::mutex mutex;
  static std::unique_ptr<Library> opened;
  const std::scoped_lock lock(mutex);
  if (opened == nullptr) {
    SW_TRY(opened, open_once(path));
  }
  return opened.get();
}

}  // namespace slipway::drivers::duckdb

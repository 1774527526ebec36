// SPDX-License-Identifier: Apache-2.0
#include "libcurl.h"

#include <dlfcn.h>

namespace slipway::fetch {
namespace {

struct Loaded {
  LibCurl functions;
  bool ok = false;
};

template <class Function>
bool find(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(dlsym(library, name));
  return into != nullptr;
}

Loaded load() {
  Loaded out;
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return out;
  auto& f = out.functions;
  out.ok = find(library, "curl_global_init", f.global_init) &&
           find(library, "curl_easy_init", f.easy_init) &&
           find(library, "curl_easy_setopt", f.easy_setopt) &&
           find(library, "curl_easy_getinfo", f.easy_getinfo) &&
           find(library, "curl_easy_perform", f.easy_perform) &&
           find(library, "curl_easy_reset", f.easy_reset) &&
           find(library, "curl_easy_cleanup", f.easy_cleanup) &&
           find(library, "curl_easy_strerror", f.easy_strerror) &&
           find(library, "curl_slist_append", f.slist_append) &&
           find(library, "curl_slist_free_all", f.slist_free_all) &&
           f.global_init(CURL_GLOBAL_ALL) == CURLE_OK;
  return out;
}

}  // namespace

Result<const LibCurl*> libcurl() {
  static const Loaded loaded = load();
  if (!loaded.ok) {
    return unavailable("libcurl.so.4 is not there, and outgoing HTTP needs it",
                       "install it: apt-get install libcurl4");
  }
  return &loaded.functions;
}

}  // namespace slipway::fetch

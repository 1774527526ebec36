// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch.h"

#include <array>
#include <memory>
#include <mutex>

#include <sys/socket.h>

#include "base/text.h"
#include "fetch/address.h"
#include "libcurl.h"

namespace slipway::fetch {
namespace {

// Handles keep their connections, so they are used again.
class Handles {
 public:
  explicit Handles(const LibCurl& curl) : curl_(curl) {}

  CURL* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return curl_.easy_init();
    CURL* out = idle_.back();
    idle_.pop_back();
    return out;
  }

  void give(CURL* handle) {
    curl_.easy_reset(handle);
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kKept) {
      idle_.push_back(handle);
    } else {
      curl_.easy_cleanup(handle);
    }
  }

 private:
  static constexpr std::size_t kKept = 8;
  const LibCurl& curl_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

// Never destroyed: other threads may still be in a call when the process ends.
Handles& handles(const LibCurl& curl) {
  static auto* const all = new Handles(curl);
  return *all;
}

struct Exchange {
  const Request& request;
  Response response;
  std::size_t received = 0;
  bool too_large = false;
  bool refused = false;  // the address is not public
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.received += size;
  if (exchange.request.on_body) {
    return exchange.request.on_body({bytes, size}) ? size : 0;
  }
  if (exchange.received > exchange.request.body_limit) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(bytes, size);
  return size;
}

std::size_t on_upload(char* into, std::size_t, std::size_t size, void* context) {
  const auto n = static_cast<Exchange*>(context)->request.upload(into, size);
  return n < 0 ? CURL_READFUNC_ABORT : static_cast<std::size_t>(n);
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::string_view line(bytes, size);
  if (line.starts_with("HTTP/")) exchange.response.headers.clear();  // of an interim answer
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    exchange.response.headers.emplace_back(to_lower(trim(line.substr(0, colon))),
                                           std::string(trim(line.substr(colon + 1))));
  }
  return size;
}

// The last look before a connection is made: names may resolve otherwise than a moment ago.
curl_socket_t open_public(void* context, curlsocktype, struct curl_sockaddr* address) {
  if (!is_public(&address->addr)) {
    static_cast<Exchange*>(context)->refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

Result<List> header_list(const LibCurl& curl, const Headers& headers) {
  List out(nullptr, curl.slist_free_all);
  const auto append = [&](const std::string& line) {
    out.reset(curl.slist_append(out.release(), line.c_str()));
  };
  append("Expect:");  // a round trip less for large bodies
  for (const auto& [name, value] : headers) {
    if (name.find_first_of("\r\n:") != std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos) {
      return invalid("the header '" + name + "' holds a line break");
    }
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  return out;
}

Error error_of(CURLcode code, const Exchange& exchange, const char* detail) {
  const auto& request = exchange.request;
  if (exchange.refused) {
    return invalid("'" + request.url + "' leads to an address that is not public");
  }
  const auto why = "cannot reach '" + request.url + "': ";
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::deadline, "'" + request.url + "' did not answer in time: " + detail};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return invalid("'" + request.url + "' is not an http or https URL");
    case CURLE_WRITE_ERROR:
      if (exchange.too_large) {
        return exhausted("the answer of '" + request.url + "' is larger than " +
                         std::to_string(request.body_limit) + " bytes");
      }
      return {Code::cancelled, "stopped reading '" + request.url + "'"};
    case CURLE_ABORTED_BY_CALLBACK:
      return {Code::cancelled, "stopped sending to '" + request.url + "'"};
    default:
      return unavailable(why + detail);
  }
}

}  // namespace

Result<Response> send(const Request& request) {
  SW_TRY(const auto* curl, libcurl());
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    return invalid("'" + request.url + "' is not an http or https URL");
  }
  SW_TRY(const auto headers, header_list(*curl, request.headers));
  CURL* handle = handles(*curl).take();
  if (handle == nullptr) return internal("curl_easy_init failed");
  Exchange exchange{.request = request};
  std::array<char, CURL_ERROR_SIZE> detail{};
  const auto set = [&](CURLoption option, auto value) { curl->easy_setopt(handle, option, value); };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_USERAGENT, "slipway");
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (request.public_only) {
    set(CURLOPT_PROXY, "");
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_public);
    set(CURLOPT_OPENSOCKETDATA, &exchange);
  }
  if (request.upload) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_size));
    set(CURLOPT_READFUNCTION, &on_upload);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  const auto code = curl->easy_perform(handle);
  long status = 0;
  curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  handles(*curl).give(handle);
  if (code != CURLE_OK) {
    return error_of(code, exchange, detail[0] != '\0' ? detail.data() : curl->easy_strerror(code));
  }
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

}  // namespace slipway::fetch

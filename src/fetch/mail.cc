// SPDX-License-Identifier: Apache-2.0
#include "fetch/mail.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "libcurl.h"

namespace slipway::fetch {
namespace {

struct Message {
  const std::string& text;
  std::size_t sent = 0;
};

std::size_t on_read(char* into, std::size_t, std::size_t size, void* context) {
  auto& message = *static_cast<Message*>(context);
  const auto piece = std::min(size, message.text.size() - message.sent);
  std::memcpy(into, message.text.data() + message.sent, piece);
  message.sent += piece;
  return piece;
}

std::size_t ignore(char*, std::size_t, std::size_t size, void*) {
  return size;
}

bool is_here(const std::string& url) {
  for (const std::string_view host : {"smtp://127.", "smtp://localhost", "smtp://[::1]"}) {
    if (url.starts_with(host)) return true;
  }
  return false;
}

}  // namespace

Result<void> check_address(const std::string& address) {
  const auto at = address.rfind('@');
  const bool odd = std::any_of(address.begin(), address.end(), [](unsigned char c) {
    return c <= ' ' || c >= 0x7f || std::strchr("<>,;:\"()[]\\", c) != nullptr;
  });
  if (odd || at == std::string::npos || at == 0 || at + 1 == address.size() ||
      address.size() > 254) {
    return invalid("'" + address + "' is not a mail address", "write it like team@example.org");
  }
  return {};
}

Result<void> send_mail(const MailServer& server, const std::vector<std::string>& to,
                       const std::string& message) {
  if (!server.url.starts_with("smtp://") && !server.url.starts_with("smtps://")) {
    return invalid("'" + server.url + "' is not an smtp or smtps address");
  }
  SW_TRY(const auto* curl, libcurl());
  using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;
  List receivers(nullptr, curl->slist_free_all);
  for (const auto& address : to) {
    SW_CHECK_OK(check_address(address));
    receivers.reset(curl->slist_append(receivers.release(), ("<" + address + ">").c_str()));
  }
  using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
  const Handle handle(curl->easy_init(), curl->easy_cleanup);
  if (!handle) return internal("curl_easy_init failed");
  const std::string from = "<" + server.from + ">";
  std::array<char, CURL_ERROR_SIZE> detail{};
  Message body{.text = message};
  const auto set = [&](CURLoption option, auto value) {
    curl->easy_setopt(handle.get(), option, value);
  };
  set(CURLOPT_URL, server.url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout_ms));
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, receivers.get());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &on_read);
  set(CURLOPT_READDATA, &body);
  set(CURLOPT_WRITEFUNCTION, &ignore);
  const bool secret = !server.user.empty() && !is_here(server.url);
  set(CURLOPT_USE_SSL, static_cast<long>(secret ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.c_str());
  }
  const auto code = curl->easy_perform(handle.get());
  if (code == CURLE_OK) return {};
  const std::string why = detail[0] != '\0' ? detail.data() : curl->easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error{Code::deadline, "'" + server.url + "' did not take the mail in time: " + why};
  }
  return unavailable("'" + server.url + "' did not take the mail: " + why);
}

}  // namespace slipway::fetch

// SPDX-License-Identifier: Apache-2.0
#include "mail.h"

#include <fstream>

#include "base/text.h"
#include "fetch/mail.h"

namespace slipway::app {
namespace {

// Its first line, without the line break.
Result<std::string> password_of(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  if (!std::getline(file, line)) {
    return invalid("smtp_password_file: cannot read '" + path + "'",
                   "write the password into its first line");
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

}  // namespace

Result<void> add_mail(const Config& config, monitor::Monitor::Hooks& hooks) {
  if (config.smtp_url.empty()) return {};
  if (!config.smtp_url.starts_with("smtp://") && !config.smtp_url.starts_with("smtps://")) {
    return invalid("smtp_url: '" + config.smtp_url + "' is not an smtp or smtps address",
                   "write it like smtp://mail.example.org:587");
  }
  const auto sender = fetch::check_address(config.smtp_from);
  if (!sender) return invalid("smtp_from: " + sender.error().message, sender.error().hint);
  fetch::MailServer server{
      .url = config.smtp_url, .from = config.smtp_from, .user = config.smtp_user};
  if (!config.smtp_password_file.empty()) {
    SW_TRY(server.password, password_of(config.smtp_password_file));
  }
  hooks.mail_from = server.from;
  hooks.mail = [server](const std::string& to, const std::string& message) {
    return fetch::send_mail(server, {to}, message);
  };
  return {};
}

}  // namespace slipway::app

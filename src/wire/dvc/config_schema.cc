// SPDX-License-Identifier: Apache-2.0
#include "config_schema.h"

#include <map>
#include <set>
#include <string_view>

#include "base/text.h"
#include "wire/dvc/config.h"

namespace slipway::wire::dvc {
namespace {

enum class Kind { text, flag, count, links, shared };
using Keys = std::map<std::string_view, Kind>;

const Keys kLinks{{"type", Kind::links},
                  {"protected", Kind::flag},
                  {"shared", Kind::shared},
                  {"slow_link_warning", Kind::flag},
                  {"verify", Kind::flag}};
const Keys kEveryRemote{{"url", Kind::text},          {"checksum_jobs", Kind::count},
                        {"jobs", Kind::count},        {"worktree", Kind::flag},
                        {"verify", Kind::flag},       {"no_traverse", Kind::flag},
                        {"version_aware", Kind::flag}};
const std::map<std::string_view, Keys> kSections{
    {"core",
     {{"remote", Kind::text},
      {"checksum_jobs", Kind::count},
      {"interactive", Kind::flag},
      {"analytics", Kind::flag},
      {"hardlink_lock", Kind::flag},
      {"no_scm", Kind::flag},
      {"autostage", Kind::flag},
      {"experiments", Kind::flag},
      {"check_update", Kind::flag},
      {"site_cache_dir", Kind::text},
      {"machine", Kind::text}}},
    {"cache", {{"dir", Kind::text}}},
    {"state",
     {{"dir", Kind::text}, {"row_limit", Kind::count}, {"row_cleanup_quota", Kind::count}}},
    {"index", {{"dir", Kind::text}}},
    {"feature", {{"machine", Kind::flag}}},
    {"plots", {{"html_template", Kind::text}, {"auto_open", Kind::flag}, {"out_dir", Kind::text}}},
    {"exp",
     {{"code_dir", Kind::text},
      {"data_dir", Kind::text},
      {"models_dir", Kind::text},
      {"metrics_file", Kind::text},
      {"params_file", Kind::text},
      {"plots_dir", Kind::text},
      {"live_dir", Kind::text},
      {"auto_push", Kind::flag},
      {"git_remote", Kind::text}}},
    {"parsing", {{"bool", Kind::text}, {"list", Kind::text}}},
    {"hydra",
     {{"enabled", Kind::flag},
      {"config_dir", Kind::text},
      {"config_name", Kind::text},
      {"config_module", Kind::text},
      {"plugins_path", Kind::text}}},
    {"studio",
     {{"token", Kind::text},
      {"url", Kind::text},
      {"repo_url", Kind::text},
      {"offline", Kind::flag}}}};
const std::map<std::string_view, Keys> kRemotes{
    {"s3",
     {{"region", Kind::text},
      {"profile", Kind::text},
      {"credentialpath", Kind::text},
      {"configpath", Kind::text},
      {"endpointurl", Kind::text},
      {"access_key_id", Kind::text},
      {"secret_access_key", Kind::text},
      {"session_token", Kind::text},
      {"listobjects", Kind::flag},
      {"use_ssl", Kind::flag},
      {"allow_anonymous_login", Kind::flag},
      {"ssl_verify", Kind::text},
      {"sse", Kind::text},
      {"sse_kms_key_id", Kind::text},
      {"sse_customer_algorithm", Kind::text},
      {"sse_customer_key", Kind::text},
      {"acl", Kind::text},
      {"grant_read", Kind::text},
      {"grant_read_acp", Kind::text},
      {"grant_write_acp", Kind::text},
      {"grant_full_control", Kind::text},
      {"cache_regions", Kind::flag},
      {"read_timeout", Kind::count},
      {"connect_timeout", Kind::count}}},
    {"gs",
     {{"projectname", Kind::text},
      {"credentialpath", Kind::text},
      {"endpointurl", Kind::text},
      {"allow_anonymous_login", Kind::flag}}},
    {"ssh",
     {{"type", Kind::links},
      {"port", Kind::count},
      {"user", Kind::text},
      {"password", Kind::text},
      {"ask_password", Kind::flag},
      {"passphrase", Kind::text},
      {"ask_passphrase", Kind::flag},
      {"keyfile", Kind::text},
      {"timeout", Kind::count},
      {"gss_auth", Kind::flag},
      {"allow_agent", Kind::flag},
      {"max_sessions", Kind::count}}},
    {"azure",
     {{"connection_string", Kind::text},
      {"sas_token", Kind::text},
      {"account_name", Kind::text},
      {"account_key", Kind::text},
      {"tenant_id", Kind::text},
      {"client_id", Kind::text},
      {"client_secret", Kind::text},
      {"allow_anonymous_login", Kind::flag},
      {"exclude_environment_credential", Kind::flag},
      {"exclude_visual_studio_code_credential", Kind::flag},
      {"exclude_shared_token_cache_credential", Kind::flag},
      {"exclude_managed_identity_credential", Kind::flag},
      {"timeout", Kind::count},
      {"read_timeout", Kind::count},
      {"connection_timeout", Kind::count}}},
    {"http",
     {{"auth", Kind::text},
      {"custom_auth_header", Kind::text},
      {"user", Kind::text},
      {"password", Kind::text},
      {"ask_password", Kind::flag},
      {"ssl_verify", Kind::text},
      {"method", Kind::text},
      {"connect_timeout", Kind::text},
      {"read_timeout", Kind::text}}}};

// "data['remote']['loc']['jobs']"
std::string place_of(const std::string& section, const std::string& key) {
  const bool remote = section.starts_with("remote.");
  const auto outer = remote ? std::string("remote']['") + section.substr(7) : section;
  return "data['" + outer + "']" + (key.empty() ? "" : "['" + key + "']");
}

const Keys* keys_of(const std::string& scheme) {
  if (scheme == "https") return &kRemotes.at("http");
  const auto found = kRemotes.find(scheme);
  return found == kRemotes.end() ? nullptr : &found->second;
}

Result<Kind> kind_of(const Settings& merged, const std::string& section, const std::string& key) {
  const auto unknown = config_error("extra keys not allowed @ " + place_of(section, key));
  const auto among = [&](const Keys& keys) { return keys.find(key); };
  if (!section.starts_with("remote.")) {
    const auto known = kSections.find(section);
    if (known == kSections.end()) {
      return config_error("extra keys not allowed @ data['" + section + "']");
    }
    if (const auto at = among(known->second); at != known->second.end()) return at->second;
    const auto link = section == "cache" ? among(kLinks) : kLinks.end();
    return link == kLinks.end() ? Result<Kind>(unknown) : link->second;
  }
  if (const auto at = among(kEveryRemote); at != kEveryRemote.end()) return at->second;
  const auto url = merged.find(section + ".url");
  const auto colon = url == merged.end() ? std::string::npos : url->second.find("://");
  const auto scheme = colon == std::string::npos ? "" : to_lower(url->second.substr(0, colon));
  if (scheme == "remote") return Kind::text;
  const auto* keys = scheme.empty() ? &kLinks : keys_of(scheme);
  if (keys == nullptr) return Kind::text;  // DVC knows it, we keep it
  const auto at = among(*keys);
  return at == keys->end() ? Result<Kind>(unknown) : at->second;
}

bool is_flag(const std::string& value) {
  const auto lower = to_lower(value);
  return lower == "true" || lower == "false";
}

}  // namespace

Error config_error(const std::string& what) {
  return invalid(std::string(kConfigError) + what);
}

Result<void> check_setting(const Settings& merged, const std::string& section,
                           const std::string& key, const std::string& value) {
  SW_TRY(const auto kind, kind_of(merged, section, key));
  const auto wrong = [&](const std::string& what) {
    return config_error(what + " for dictionary value @ " + place_of(section, key));
  };
  switch (kind) {
    case Kind::text:
      return {};
    case Kind::flag:
      if (!is_flag(value)) return wrong("expected true or false");
      return {};
    case Kind::count: {
      const auto number = parse_int(value);
      if (!number) return wrong("expected int");
      if (*number < 1) return wrong("value must be at least 1");
      return {};
    }
    case Kind::links: {
      static const std::set<std::string_view> kTypes{"reflink", "hardlink", "symlink", "copy"};
      for (const auto type : split(value, ',')) {
        if (!kTypes.contains(trim(type))) {
          return wrong("Unsupported cache type(s): " + std::string(trim(type)));
        }
      }
      return {};
    }
    case Kind::shared:
      if (to_lower(value) != "group") return wrong("expected one of group");
      return {};
  }
  return {};
}

}  // namespace slipway::wire::dvc

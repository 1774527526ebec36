// SPDX-License-Identifier: Apache-2.0
#include "remotes.h"

#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "config_file.h"
#include "fetch/s3.h"
#include "wire/dvc/config.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr int kMostIndirections = 8;
constexpr std::size_t kFileLimit = 1u << 20;
constexpr std::string_view kRemoteScheme = "remote://";

class Opening {
 public:
  Opening(const Repository& repository, const Common& common)
      : repository_(repository), common_(common) {}

  Result<OpenRemote> open(const std::string& name) {
    SW_TRY(const auto url, url_of(name, 0));
    OpenRemote out{.name = name};
    if (fetch::is_s3(url)) {
      SW_TRY(out.store, bucket(url));
    } else if (url.find("://") != url.npos) {
      return Error{Code::unimplemented,
                   "remote '" + name + "': addresses like '" + url.substr(0, url.find("://") + 3) +
                       "' are not supported",
                   "use a folder or s3://"};
    } else {
      out.store = data::folder_store(url);
    }
    const auto jobs = parse_int(value("jobs"));
    out.jobs = jobs && *jobs > 0 ? static_cast<std::size_t>(*jobs) : out.store->usual_jobs();
    return out;
  }

 private:
  // remote://NAME/PATH stands below another one.
  Result<std::string> url_of(const std::string& name, int depth) {
    const auto& settings = repository_.settings();
    section_ = "remote." + to_lower(name);
    const auto found = settings.find(section_ + ".url");
    if (found == settings.end()) {
      return precondition("config file error: remote '" + name + "' doesn't exist",
                          "`slipway data remote list` names those that do");
    }
    const auto& url = found->second;
    if (!url.starts_with(kRemoteScheme)) return url;
    if (depth == kMostIndirections) return invalid("remote '" + name + "' leads to itself");
    const auto rest = url.substr(kRemoteScheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    SW_TRY(const auto outer, url_of(rest.substr(0, slash), depth + 1));
    return outer + rest.substr(slash);
  }

  std::string value(const std::string& key) const {
    const auto found = repository_.settings().find(section_ + "." + key);
    return found == repository_.settings().end() ? "" : found->second;
  }

  std::string variable(const std::string& name) const {
    return common_.environment ? common_.environment(name).value_or("") : "";
  }

  static std::string first(std::initializer_list<std::string> values) {
    for (const auto& one : values) {
      if (!one.empty()) return one;
    }
    return {};
  }

  // Of [NAME] or [profile NAME] in one of the AWS tools' files.
  static std::string from_profile(const std::string& path, const std::string& profile,
                                  const std::string& key) {
    const auto text = blob::read_file(path, kFileLimit);
    if (!text) return {};
    const auto file = ConfigFile::parse(*text, path);
    if (!file) return {};
    for (const auto& section : {to_lower(profile), "profile " + to_lower(profile)}) {
      if (auto found = file->get(section, key)) return *found;
    }
    return {};
  }

  Result<std::unique_ptr<data::ObjectStore>> bucket(const std::string& url) {
    const auto rest = url.substr(url.find("://") + 3);
    const auto slash = std::min(rest.find('/'), rest.size());
    fetch::S3Place place{rest.substr(0, slash), ""};
    if (place.bucket.empty()) return invalid("'" + url + "' names no bucket", "s3://BUCKET/PREFIX");
    if (slash + 1 < rest.size()) place.key = rest.substr(slash + 1);
    const auto home = variable("HOME") + "/.aws/";
    const auto profile = first({value("profile"), variable("AWS_PROFILE"), "default"});
    const auto shared = first(
        {value("credentialpath"), variable("AWS_SHARED_CREDENTIALS_FILE"), home + "credentials"});
    const auto config = first({value("configpath"), variable("AWS_CONFIG_FILE"), home + "config"});
    const auto stored = [&](const std::string& key) {
      return first({from_profile(shared, profile, key), from_profile(config, profile, key)});
    };
    fetch::S3Access access;
    access.endpoint = first({value("endpointurl"), variable("AWS_ENDPOINT_URL_S3"),
                             variable("AWS_ENDPOINT_URL"), stored("endpoint_url")});
    access.region = first({value("region"), variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"),
                           stored("region"), access.region});
    const bool anonymous = to_lower(value("allow_anonymous_login")) == "true";
    if (!value("access_key_id").empty()) {
      access.key_id = value("access_key_id");
      access.secret = value("secret_access_key");
      access.token = value("session_token");
    } else if (value("profile").empty() && !variable("AWS_ACCESS_KEY_ID").empty()) {
      access.key_id = variable("AWS_ACCESS_KEY_ID");
      access.secret = variable("AWS_SECRET_ACCESS_KEY");
      access.token = variable("AWS_SESSION_TOKEN");
    } else {
      access.key_id = stored("aws_access_key_id");
      access.secret = stored("aws_secret_access_key");
      access.token = stored("aws_session_token");
    }
    if (access.key_id.empty() && !anonymous) {
      return precondition(
          "'" + url + "': there are no credentials",
          "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `slipway data remote "
          "modify --local NAME access_key_id ..`");
    }
    const auto noting = repository_.absolute(".dvc/tmp/slipway/uploads");
    std::error_code error;
    fs::create_directories(noting, error);
    return data::s3_store(access, place, noting, system_clock());
  }

  const Repository& repository_;
  const Common& common_;
  std::string section_;
};

}  // namespace

Result<OpenRemote> open_remote(const Repository& repository, const Common& common,
                               const std::string& name) {
  auto chosen = name;
  if (chosen.empty()) {
    const auto found = repository.settings().find("core.remote");
    if (found != repository.settings().end()) chosen = found->second;
  }
  if (chosen.empty()) {
    return precondition("config file error: no remote specified in " + repository.root(),
                        "create a default one: slipway data remote add -d NAME URL");
  }
  return Opening(repository, common).open(chosen);
}

}  // namespace slipway::wire::dvc

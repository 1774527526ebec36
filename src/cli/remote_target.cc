// SPDX-License-Identifier: Apache-2.0
#include "remote_target.h"

#include "base/text.h"
#include "json/value.h"
#include "records.h"

namespace slipway::cli {
namespace {

using transfer::Owner;

std::string list_of(const std::vector<std::string>& ids) {
  std::string out = "[";
  for (const auto& id : ids) {
    if (out.size() > 1) out += ',';
    append_json_string(out, id);
  }
  return out + "]";
}

Result<std::map<std::string, std::string>> texts_in(const std::string& body, const char* key) {
  SW_TRY(const auto document, json::parse_value(body));
  std::map<std::string, std::string> out;
  const auto* found = json::find(document, key);
  if (found == nullptr || !found->is_object()) return out;
  for (const auto& [id, value] : found->get_object()) {
    if (value.is_string()) out[std::string(id)] = std::string_view(value.get_string());
  }
  return out;
}

class RemoteTarget : public transfer::Target {
 public:
  explicit RemoteTarget(const Client& client) : client_(client) {}

  Result<void> put(const std::string& source,
                   const std::vector<transfer::Record>& records) override {
    SW_CHECK_OK(client_.send("POST", "/api/v1/import?source=" + encode(source),
                             transfer::to_lines(records), "application/x-ndjson", 600'000));
    return {};
  }

  Result<std::map<std::string, std::string>> marks(const std::string& source,
                                                   const std::string& kind,
                                                   const std::vector<std::string>& ids) override {
    std::string body = "{\"source\":";
    append_json_string(body, source);
    append_json_string(body += ",\"kind\":", kind);
    SW_TRY(const auto answer,
           client_.post("/api/v1/import/marks", body + ",\"ids\":" + list_of(ids) + "}"));
    return texts_in(answer, "marks");
  }

  Result<std::vector<transfer::RunSizes>> sizes(const std::vector<std::string>& runs) override {
    SW_TRY(const auto answer,
           client_.post("/api/v1/import/sizes", "{\"runs\":" + list_of(runs) + "}"));
    SW_TRY(const auto items, items_of(answer));
    std::vector<transfer::RunSizes> out;
    for (const auto& item : items) {
      out.push_back(
          {json::text_at(item, "id").value_or(""), json::int_at(item, "points").value_or(0),
           json::int_at(item, "params").value_or(0), json::int_at(item, "tags").value_or(0),
           json::int_at(item, "inputs").value_or(0)});
    }
    return out;
  }

  Result<std::map<std::string, std::string>> folders(Owner owner,
                                                     const std::vector<std::string>& ids) override {
    const std::string word = owner == Owner::run     ? "run"
                             : owner == Owner::trace ? "trace"
                                                     : "logged_model";
    SW_TRY(const auto answer,
           client_.post("/api/v1/import/folders",
                        "{\"owner\":\"" + word + "\",\"ids\":" + list_of(ids) + "}"));
    return texts_in(answer, "folders");
  }

  Result<void> put_file(const std::string& folder, const std::string& path,
                        blob::Reader& content) override {
    return client_.upload(
        "/api/2.0/mlflow-artifacts/artifacts/" + percent_encode(folder + "/" + path, "/"), content);
  }

 private:
  const Client& client_;
};

}  // namespace

std::unique_ptr<transfer::Target> make_remote_target(const Client& client) {
  return std::make_unique<RemoteTarget>(client);
}

}  // namespace slipway::cli

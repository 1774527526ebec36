// SPDX-License-Identifier: Apache-2.0
#include "pipeline/hooks.h"

#include <mutex>

#include "base/log.h"
#include "domain/name.h"
#include "json/value.h"
#include "pipeline/pipeline.h"
#include "store/database.h"

namespace slipway::pipeline {
namespace {

using store::Connection;
using store::Row;

constexpr std::size_t kLeastSecret = 16;
constexpr std::size_t kMostHooks = 1'000;
constexpr std::string_view kColumns =
    "SELECT name, pipeline, params, labels, cooldown_s, created_by, created FROM pipeline_hook ";

std::string labels_json(const std::map<std::string, std::string>& labels) {
  json::object out;
  for (const auto& [key, value] : labels) out[key] = value;
  return json::dump_value(out);
}

Hook from_row(const Row& row) {
  Hook out{.name = std::string(row.text(0)),
           .pipeline = std::string(row.text(1)),
           .params = std::string(row.text(2)),
           .cooldown_s = row.int64(4),
           .created_by = std::string(row.text(5)),
           .created = {row.int64(6)}};
  const auto labels = json::parse_value(row.text(3));
  if (!labels || !labels->is_object()) return out;
  for (const auto& [key, value] : labels->get_object()) {
    if (value.is_string()) out.labels[std::string(key)] = std::string(value.get_string());
  }
  return out;
}

bool wants(const Hook& hook, const Fired& fired) {
  for (const auto& [key, value] : hook.labels) {
    const auto found = fired.labels.find(key);
    if (found == fired.labels.end() || found->second != value) return false;
  }
  return true;
}

Error no_hook(const std::string& name) {
  return not_found("there is no hook '" + name.substr(0, 100) + "'",
                   "POST /api/v1/hooks makes one");
}

}  // namespace

struct Hooks::Impl {
  store::Database& db;
  Executions& executions;
  Clock& clock;
  std::optional<Seal> seal;
  std::mutex mutex;  // one alert at a time: two that come together start one execution

  struct Before {
    std::string execution_id;
    Timestamp at;
  };
  Result<std::optional<Before>> find(const std::string& where, const store::Cells& cells) const {
    return db.read([&](Connection& c) {
      return c.first("SELECT execution_id, at FROM pipeline_hook_start WHERE " + where, cells,
                     [](const Row& row) {
                       return Before{std::string(row.text(0)), {row.int64(1)}};
                     });
    });
  }

  Result<HookOutcome> fire(const Hook& hook, const std::string& kind, const Fired& fired) {
    HookOutcome out{.key = fired.key};
    SW_TRY(const auto same, find("hook = ? AND alert = ?", {hook.name, fired.key}));
    if (same) {
      out.execution_id = same->execution_id;
      out.note = "was told before";
      return out;
    }
    SW_TRY(const auto last, find("hook = ? ORDER BY at DESC, alert LIMIT 1", {hook.name}));
    if (last) {
      const auto running = executions.get(last->execution_id);
      const Timestamp free{last->at.ms + hook.cooldown_s * 1'000};
      if (running && !is_final(running->status)) {
        out.note = "execution " + last->execution_id + " is still running";
      } else if (clock.now() < free) {
        out.note = "cool-down until " + to_rfc3339(free);
      }
      if (!out.note.empty()) return out;
    }
    SW_TRY(const auto params, params_from_json(hook.params));
    const auto name = fired.labels.find("alertname");
    SW_TRY(const auto started,
           executions.start(hook.pipeline, params,
                            {kind, hook.name + "/" + fired.key,
                             name == fired.labels.end() ? std::string() : name->second}));
    SW_CHECK_OK(db.write([&](Connection& c) -> Result<void> {
      SW_CHECK_OK(
          c.exec("INSERT INTO pipeline_hook_start (hook, alert, execution_id, at) "
                 "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {hook.name, fired.key, started.id, clock.now().ms}));
      return {};
    }));
    log::info("pipeline.hook_fired",
              {{"hook", hook.name}, {"alert", fired.key}, {"execution", started.id}});
    out.execution_id = started.id;
    out.started = true;
    return out;
  }
};

Hooks::Hooks(store::Database& db, Executions& executions, Clock& clock, std::optional<Seal> seal)
    : impl_(new Impl{db, executions, clock, std::move(seal), {}}) {}
Hooks::~Hooks() = default;

Result<std::string> Hooks::put(const Hook& hook, const std::string& secret) {
  if (!is_plain_name(hook.name)) {
    return invalid("name: '" + hook.name.substr(0, 100) + "' is not a name",
                   "1 to 100 letters, digits, '_', '.' and '-'");
  }
  if (hook.pipeline.empty()) return invalid("pipeline: missing", "name what is to be started");
  if (!secret.empty() && secret.size() < kLeastSecret) {
    return invalid("secret: shorter than 16 bytes", "leave it out and one is made");
  }
  if (hook.cooldown_s < 0 || hook.cooldown_s > 31'536'000) {
    return invalid("cooldown_s: " + std::to_string(hook.cooldown_s) + " is not 0 to 31536000");
  }
  SW_CHECK_OK(params_from_json(hook.params));
  const auto made = secret.empty() ? Seal::new_key() : secret;
  const auto kept = impl_->seal ? impl_->seal->seal(made, "hook/" + hook.name) : made;
  SW_CHECK_OK(impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec(
        "INSERT INTO pipeline_hook (name, pipeline, params, labels, cooldown_s, secret, "
        "created_by, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
        "pipeline = excluded.pipeline, params = excluded.params, labels = excluded.labels, "
        "cooldown_s = excluded.cooldown_s, secret = excluded.secret, "
        "created_by = excluded.created_by, created = excluded.created",
        {hook.name, hook.pipeline, hook.params, labels_json(hook.labels), hook.cooldown_s, kept,
         hook.created_by, impl_->clock.now().ms}));
    return {};
  }));
  return made;
}

Result<Hook> Hooks::get(const std::string& name) const {
  SW_TRY(auto found, impl_->db.read([&](Connection& c) {
    return c.first(std::string(kColumns) + "WHERE name = ?", {name}, from_row);
  }));
  if (!found) return no_hook(name);
  return *std::move(found);
}

Result<std::vector<Hook>> Hooks::list() const {
  return impl_->db.read([&](Connection& c) {
    return c.all(std::string(kColumns) + "ORDER BY name LIMIT " + std::to_string(kMostHooks), {},
                 from_row);
  });
}

Result<void> Hooks::remove(const std::string& name) {
  SW_CHECK_OK(get(name));
  return impl_->db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(c.exec("DELETE FROM pipeline_hook_start WHERE hook = ?", {name}));
    SW_CHECK_OK(c.exec("DELETE FROM pipeline_hook WHERE name = ?", {name}));
    return {};
  });
}

Result<std::string> Hooks::secret(const std::string& name) const {
  SW_TRY(auto kept, impl_->db.read([&](Connection& c) {
    return c.first("SELECT secret FROM pipeline_hook WHERE name = ?", {name},
                   [](const Row& row) { return std::string(row.text(0)); });
  }));
  if (!kept) return no_hook(name);
  if (!impl_->seal) return *std::move(kept);
  return impl_->seal->open(*kept, "hook/" + name);
}

Result<std::vector<HookOutcome>> Hooks::fire(const std::string& name, const std::string& kind,
                                             const std::vector<Fired>& fired) {
  SW_TRY(const auto hook, get(name));
  const std::scoped_lock lock(impl_->mutex);
  std::vector<HookOutcome> out;
  for (const auto& one : fired) {
    if (!wants(hook, one)) {
      out.push_back({.key = one.key, .note = "the hook wants other labels"});
      continue;
    }
    SW_TRY(auto outcome, impl_->fire(hook, kind, one));
    out.push_back(std::move(outcome));
  }
  return out;
}

}  // namespace slipway::pipeline

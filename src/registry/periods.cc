// SPDX-License-Identifier: Apache-2.0
#include "registry/periods.h"

#include <map>

#include "base/text.h"
#include "registry/types.h"

namespace slipway::registry {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// "champion=3"
std::pair<std::string, std::int64_t> assignment(const std::string& text) {
  const auto equals = text.rfind('=');
  if (equals == std::string::npos) return {};
  return {text.substr(0, equals), parse_int(text.substr(equals + 1)).value_or(0)};
}

// Which periods are open, while the history is walked.
class Walk {
 public:
  void open(Period::Kind kind, const std::string& name, std::int64_t version,
            const Change& change) {
    if (kind == Period::Kind::alias) close_alias(name, change.at);
    if (kind == Period::Kind::stage) close_stage(version, change.at);
    auto& slot = kind == Period::Kind::alias ? aliases_[name] : stages_[version];
    slot = out_.size();
    out_.push_back({.kind = kind,
                    .model = change.model,
                    .name = name,
                    .version = version,
                    .since = change.at,
                    .until = {},
                    .actor = change.actor,
                    .reason = change.reason});
  }
  void close_alias(const std::string& name, Timestamp at) {
    if (const auto found = aliases_.find(name); found != aliases_.end()) {
      out_[found->second].until = at;
      aliases_.erase(found);
    }
  }
  void close_stage(std::int64_t version, Timestamp at) {
    if (const auto found = stages_.find(version); found != stages_.end()) {
      out_[found->second].until = at;
      stages_.erase(found);
    }
  }
  void close_version(std::int64_t version, Timestamp at) {
    close_stage(version, at);
    for (auto it = aliases_.begin(); it != aliases_.end();) {
      if (out_[it->second].version == version) {
        out_[it->second].until = at;
        it = aliases_.erase(it);
      } else {
        ++it;
      }
    }
  }
  void close_all(Timestamp at) {
    for (auto& period : out_) {
      if (!period.until) period.until = at;
    }
    aliases_.clear();
    stages_.clear();
  }
  std::vector<Period> take() { return std::move(out_); }

 private:
  std::vector<Period> out_;
  std::map<std::string, std::size_t> aliases_;
  std::map<std::int64_t, std::size_t> stages_;
};

}  // namespace

Result<Span> parse_span(std::string_view text) {
  SW_TRY(const auto from, parse_rfc3339(text));
  const bool whole_day = text.find_first_of("Tt ") == std::string_view::npos;
  return Span{from, {from.ms + (whole_day ? kDayMs - 1 : 0)}};
}

bool Period::within(const Span& span) const {
  // One that began and ended in the same millisecond stood at no time.
  return since <= span.to && (!until || *until > span.from) && (!until || since < *until);
}

std::vector<Period> periods_of(const std::vector<Change>& changes) {
  Walk walk;
  for (const auto& change : changes) {
    if (change.action == "version.created") {
      walk.open(Period::Kind::stage, "None", change.version, change);
    } else if (change.action == "stage.set") {
      walk.open(Period::Kind::stage, change.to, change.version, change);
    } else if (change.action == "alias.set") {
      const auto [alias, version] = assignment(change.to);
      walk.open(Period::Kind::alias, alias, version, change);
    } else if (change.action == "alias.removed") {
      walk.close_alias(assignment(change.from).first, change.at);
    } else if (change.action == "version.removed") {
      walk.close_version(change.version, change.at);
    } else if (change.action == "model.removed") {
      walk.close_all(change.at);
    }
  }
  return walk.take();
}

}  // namespace slipway::registry

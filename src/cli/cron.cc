// SPDX-License-Identifier: Apache-2.0
// `slipway cron next`: when a schedule fires.
#include "pipeline/cron.h"

#include "arguments.h"
#include "base/clock.h"
#include "commands.h"

namespace slipway::cli {
namespace {

// RFC 3339; without an offset it is the time on the wall of the zone.
Result<Timestamp> moment(const std::string& text, const pipeline::Zone& zone) {
  if (auto exact = parse_rfc3339(text); exact && text.size() > 10) return exact;
  std::string local = text.size() == 16 ? text + ":00Z" : text.size() > 10 ? text + "Z" : text;
  SW_TRY(const auto wall, parse_rfc3339(local));
  auto at = wall.ms / 1000 - zone.offset_at(wall.ms / 1000);
  at = wall.ms / 1000 - zone.offset_at(at);
  return Timestamp{at * 1000};
}

}  // namespace

int cron(const Args& args) {
  CLI::App app;
  std::string expression;
  std::string from;
  std::string zone_name = "UTC";
  int count = 1;
  app.require_subcommand(1);
  auto* next = app.add_subcommand("next", "Print the next times, one a line");
  next->add_option("expression", expression, "Five fields: \"0 3 * * mon-fri\"")->required();
  next->add_option("--from", from, "After this time, RFC 3339; now by itself");
  next->add_option("--tz", zone_name, "Time zone by its IANA name")->capture_default_str();
  next->add_option("-n", count, "How many")->capture_default_str()->check(CLI::Range(1, 100000));
  if (const auto code = parse(app, "cron", args)) return *code;
  const auto schedule = pipeline::Cron::parse(expression);
  if (!schedule) return fail(schedule.error());
  const auto zone = pipeline::load_zone(zone_name);
  if (!zone) return fail(zone.error());
  Timestamp at = system_clock().now();
  if (!from.empty()) {
    const auto given = moment(from, **zone);
    if (!given) return fail(given.error());
    at = *given;
  }
  for (int i = 0; i < count; ++i) {
    const auto time = schedule->next(at, **zone);
    if (!time) {
      fail(time.error());
      return kFailed;
    }
    print_line(to_rfc3339(*time));
    at = *time;
  }
  return kDone;
}

}  // namespace slipway::cli

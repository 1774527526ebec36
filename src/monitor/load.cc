// SPDX-License-Identifier: Apache-2.0
// How much an endpoint is asked, and how much of that is refused for want of room.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "impl.h"
#include "meter/meter.h"

namespace slipway::monitor {
namespace {

constexpr double kSecondNs = 1e9;

std::int64_t grown(std::int64_t now, std::int64_t before) {
  return now >= before ? now - before : now;  // it began again at zero
}

std::string rounded(double x) {
  return number_text(std::round(x * 100) / 100);
}

}  // namespace

Result<void> Monitor::Impl::judge_load() {
  if (!hooks.load) return {};
  const auto turn = clock.monotonic_ns();
  if (judged_at.load_ns != 0 && turn - judged_at.load_ns < 1'000'000'000) return {};
  judged_at.load_ns = turn;
  SW_TRY(const auto all, hooks.load());
  for (const auto& seen : all) SW_CHECK_OK(judge_load(seen.endpoint, seen));
  return {};
}

Result<void> Monitor::Impl::judge_load(const std::string& endpoint, const LoadSeen& seen) {
  SW_TRY(const auto watched, settings_of(endpoint));
  auto& load = loads[endpoint];
  const auto now = clock.monotonic_ns();
  if (load.began_ns == 0) {
    load = {.began_ns = now, .last = seen};
    return {};
  }
  load.requests += grown(seen.requests, load.last.requests);
  load.refused += grown(seen.refused, load.last.refused);
  load.last = seen;
  const double seconds = static_cast<double>(now - load.began_ns) / kSecondNs;
  if (seconds < static_cast<double>(watched->load_seconds)) return {};
  const auto n = static_cast<double>(load.requests);
  const double rate = n / seconds;
  const double share = load.requests == 0 ? 0 : static_cast<double>(load.refused) / n;
  const auto rows = load.requests;
  load = {.began_ns = now, .last = seen};
  meters
      .gauge("slipway_load_requests_per_second", "Requests a second in the last window of load.",
             {{"endpoint", endpoint}})
      .set(rate);
  meters
      .gauge("slipway_load_refused_share", "Share of them that was refused for want of room.",
             {{"endpoint", endpoint}})
      .set(share);
  Cause cause{.endpoint = endpoint, .model = seen.model, .version = seen.version};
  if (watched->min_requests_per_s || watched->max_requests_per_s) {
    const bool few = watched->min_requests_per_s && rate < *watched->min_requests_per_s;
    const bool many = watched->max_requests_per_s && rate > *watched->max_requests_per_s;
    cause.kind = AlertKind::throughput;
    cause.value = rate;
    cause.threshold = many || !watched->min_requests_per_s ? *watched->max_requests_per_s
                                                           : *watched->min_requests_per_s;
    cause.message = rounded(rate) + " requests a second over " + rounded(seconds) + " s, " +
                    (many ? "at most " : "at least ") + number_text(cause.threshold) +
                    " are expected";
    SW_CHECK_OK(note(cause, few || many, *watched, watched->windows));
  }
  if (watched->max_saturation && rows > 0) {
    cause.kind = AlertKind::saturation;
    cause.value = share;
    cause.threshold = *watched->max_saturation;
    cause.rows = rows;
    cause.message = rounded(100 * share) + " % of " + std::to_string(rows) +
                    " requests were refused for want of room, at most " +
                    rounded(100 * cause.threshold) + " % may be";
    SW_CHECK_OK(note(cause, share > cause.threshold, *watched, watched->windows));
  }
  return {};
}

}  // namespace slipway::monitor

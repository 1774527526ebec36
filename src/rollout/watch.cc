// SPDX-License-Identifier: Apache-2.0
// Gathers what was seen of both versions, compares, and decides what comes next.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "impl.h"
#include "store/database.h"

namespace slipway::rollout {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// Adds what came since `last`; a count that went down began again at zero.
void add_since(const Traffic& now, Traffic& last, Traffic& sum) {
  if (sum.latency.counts.size() < now.latency.counts.size()) {
    sum.latency.counts.resize(now.latency.counts.size());
  }
  const bool again = now.requests < last.requests;
  const auto base = again ? Traffic{} : last;
  sum.requests += now.requests - base.requests;
  sum.errors += std::max<std::int64_t>(0, now.errors - base.errors);
  const auto added = again ? now.latency : now.latency.since(base.latency);
  for (std::size_t i = 0; i < added.counts.size(); ++i) sum.latency.counts[i] += added.counts[i];
  last = now;
}

bool is_doubtful(const Check& check) {
  return check.verdict == Verdict::amber;
}

std::string missing(std::int64_t have, std::int64_t want, const std::string& what) {
  return have >= want ? std::string() : std::to_string(want - have) + " more " + what;
}

}  // namespace

std::string share_text(const Step& step) {
  if (step.shadow == 0) return number_text(step.weight) + " %";
  return "a shadow of " + number_text(step.shadow) + " % of the requests";
}

// What was asked of both, apart for the time of the shadow and the time after it.
Result<void> Rollouts::Impl::count(Row& row, Watched& at) {
  const auto& r = row.rollout;
  auto& counts = row.counts;
  SW_TRY(const auto champion, evidence.traffic(r.endpoint, r.model, r.champion));
  SW_TRY(const auto challenger, evidence.traffic(r.endpoint, r.model, r.challenger));
  SW_TRY(const auto mirrored, evidence.mirrored(r.endpoint, r.model, r.challenger));
  const bool shadow = is_shadow(r);
  Traffic elsewhere;  // by rules of headers, or copies that were still under way
  // A rollout of an earlier process begins at zero, as the counts of this process do.
  add_since(champion, at.last_champion, shadow ? counts.beside : counts.champion);
  add_since(challenger, at.last_challenger, shadow ? elsewhere : counts.challenger);
  add_since(mirrored, at.last_mirrored, shadow ? counts.mirrored : elsewhere);
  at.champion.traffic = shadow ? counts.beside : counts.champion;
  at.challenger.traffic = shadow ? counts.mirrored : counts.challenger;
  return {};
}

Result<void> Rollouts::Impl::gather(Row& row, Watched& at) {
  const auto& r = row.rollout;
  SW_CHECK_OK(count(row, at));
  const auto now = clock.monotonic_ns();
  if (at.outcomes_at_ns != 0 && now - at.outcomes_at_ns < kSecondNs) return {};
  at.outcomes_at_ns = now;
  const auto live = row.counts.live_since;
  if (is_shadow(r)) {
    SW_TRY(at.agreement,
           evidence.agreement(r.endpoint, r.model, r.champion, r.challenger, r.started));
  }
  SW_TRY(auto known, evidence.outcomes(r.endpoint, r.model, r.challenger, r.started, live));
  at.labels = known.known;
  // Once the challenger is alone, what becomes known is of another time than the champion's.
  if (row.alone_since.ms != 0 && at.challenger.outcomes.known > 0) return {};
  at.challenger.outcomes = std::move(known);
  SW_TRY(at.champion.outcomes, evidence.outcomes(r.endpoint, r.model, r.champion, r.started, live));
  return {};
}

Facts Rollouts::Impl::facts_of(const Row& row, const Watched& at) const {
  return {.mirrored = is_shadow(row.rollout),
          .alone = row.alone_since.ms != 0,
          .champion = judged_of(at.champion),
          .challenger = judged_of(at.challenger),
          .agreement = at.agreement};
}

// The verdicts that changed, and now and then all of them.
std::vector<EvidenceItem> Rollouts::Impl::news(const Row& row, Watched& at,
                                               const std::vector<Check>& checks) {
  const auto now = clock.monotonic_ns();
  const bool all = now - at.evidence_at_ns >= options.evidence_every_ms * (kSecondNs / 1000);
  std::vector<EvidenceItem> out;
  for (const auto& check : checks) {
    const auto known = at.verdicts.find(check.name);
    const bool changed = known == at.verdicts.end() || known->second != check.verdict;
    if (!changed && !(all && check.verdict != Verdict::waiting)) continue;
    at.verdicts[check.name] = check.verdict;
    out.push_back({.at = clock.now(), .step = row.rollout.step, .check = check});
  }
  if (all) at.evidence_at_ns = now;
  return out;
}

// Why it has been in doubt for too long; empty: it has not. A pause stops no doubt.
std::string Rollouts::Impl::undecided(Row& row, const std::vector<Check>& checks) const {
  const auto doubtful = std::find_if(checks.begin(), checks.end(), is_doubtful);
  auto& since = row.counts.doubted_since;
  if (doubtful == checks.end()) {
    since = {};
    return {};
  }
  const auto now = clock.now();
  if (since.ms == 0 || since > now) since = now;
  const double limit = row.rollout.tolerances.undecided_seconds;
  if (static_cast<double>(now.ms - since.ms) < limit * 1000) return {};
  return "undecided within " + number_text(limit) + " s: " + doubtful->name + ": challenger " +
         doubtful->challenger + ", champion " + doubtful->champion + " (" + doubtful->detail + ")";
}

std::string Rollouts::Impl::waits_for(const Row& row, const Watched& at,
                                      const std::vector<Check>& checks) const {
  const auto& r = row.rollout;
  const auto& step = step_of(r);
  std::string out;
  const auto add = [&](const std::string& text) {
    if (!text.empty()) out += (out.empty() ? "waits for " : ", ") + text;
  };
  add(missing(at.challenger.traffic.requests - row.counts.step_requests, step.min_requests,
              step.shadow > 0 ? "mirrored requests" : "requests"));
  add(missing(at.labels - row.counts.step_labels, step.min_labels, "labels"));
  add(missing((clock.now().ms - r.step_started.ms) / 1000, step.min_seconds, "seconds"));
  for (const auto& check : checks) {
    const bool blind = check.verdict == Verdict::waiting &&
                       (check.name == "errors" || is_ruled(check, r.tolerances));
    if (is_doubtful(check) || blind) {
      add("clearness about " + check.name + " (champion " + check.champion + ", challenger " +
          check.challenger + ")");
    }
  }
  return out;
}

Result<void> Rollouts::Impl::next_step(Row& row, Watched& at,
                                       const std::vector<EvidenceItem>& found, Decided decided) {
  auto& r = row.rollout;
  if (static_cast<std::size_t>(r.step) + 1 == r.steps.size()) {
    decided.decision = kPromote;
    return begin(row, Phase::promote,
                 "all " + std::to_string(r.steps.size()) + " steps passed without a red check",
                 found, &decided);
  }
  ++r.step;
  r.step_started = clock.now();
  auto& counts = row.counts;
  counts.step_requests = is_shadow(r) ? counts.mirrored.requests : counts.challenger.requests;
  counts.step_labels = at.labels;
  if (!is_shadow(r) && counts.live_since.ms == 0) {
    counts.live_since = r.step_started;
    at.verdicts.clear();  // the checks of the same names begin anew
  }
  if (step_of(r).weight >= 100) row.alone_since = r.step_started;
  auto shifted = begin(row, Phase::shift,
                       "step " + std::to_string(r.step + 1) + " of " +
                           std::to_string(r.steps.size()) + ": " + share_text(step_of(r)),
                       found, &decided);
  if (shifted) return {};
  return begin(row, Phase::roll_back, "the next step failed: " + shifted.error().message);
}

Result<void> Rollouts::Impl::watch(Row& row) {
  auto& at = watched[row.rollout.id];
  SW_CHECK_OK(gather(row, at));
  Decided decided{.decision = kRollBack, .step = row.rollout.step, .facts = facts_of(row, at)};
  const auto checks = checks_on(row.rollout, decided.facts);
  const auto found = news(row, at, checks);
  for (const auto& check : checks) {
    if (check.verdict != Verdict::red) continue;
    return begin(row, Phase::roll_back,
                 check.name + ": challenger " + check.challenger + ", champion " + check.champion +
                     " (" + check.detail + ")",
                 found, &decided);
  }
  if (const auto why = undecided(row, checks); !why.empty()) {
    decided.decision = kUndecided;
    return begin(row, Phase::roll_back, why, found, &decided);
  }
  at.note = waits_for(row, at, checks);
  if (at.note.empty() && row.rollout.state == State::running) {
    decided.decision = kNextStep;
    return next_step(row, at, found, std::move(decided));
  }
  const auto now = clock.monotonic_ns();
  if (found.empty() && now - at.saved_at_ns < kSecondNs) return {};
  at.saved_at_ns = now;
  return db.write([&](store::Connection& c) { return update(c, row, found); });
}

}  // namespace slipway::rollout

// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>
#include <vector>

#include "tracing/spans.h"

namespace slipway::tracing {
namespace {

template <class T>
void add(std::optional<T>& to, const std::optional<T>& value) {
  if (value) to = to.value_or(T{}) + *value;
}
// Counts of tokens come from outside: a sum that does not fit stays at the largest.
template <>
void add(std::optional<std::int64_t>& to, const std::optional<std::int64_t>& value) {
  if (!value) return;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(to.value_or(0), *value, &sum))
    sum = *value > 0 ? INT64_MAX : INT64_MIN;
  to = sum;
}

// Calls `count` with every span that has `member` and no ancestor that has it.
template <class Member, class Count>
void walk(const std::vector<CountedSpan>& spans, Member member, const Count& count) {
  std::unordered_map<std::string_view, std::vector<const CountedSpan*>> children;
  std::unordered_map<std::string_view, bool> known;
  for (const auto& span : spans) known[span.id] = true;
  std::vector<const CountedSpan*> open;
  for (const auto& span : spans) {
    if (!span.parent.empty() && span.parent != span.id && known.contains(span.parent)) {
      children[span.parent].push_back(&span);
    } else {
      open.push_back(&span);
    }
  }
  while (!open.empty()) {
    const auto* span = open.back();
    open.pop_back();
    if (span->*member) {
      count(*(span->*member));
      continue;  // nothing below counts again
    }
    const auto below = children.find(span->id);
    if (below == children.end()) continue;
    open.insert(open.end(), below->second.begin(), below->second.end());
  }
}

}  // namespace

Usage total_usage(const std::vector<CountedSpan>& spans) {
  Usage out;
  walk(spans, &CountedSpan::usage, [&](const Usage& usage) {
    add<std::int64_t>(out.input, usage.input.value_or(0));
    add<std::int64_t>(out.output, usage.output.value_or(0));
    add<std::int64_t>(out.total, usage.total.value_or(0));
    add(out.cache_read, usage.cache_read);
    add(out.cache_write, usage.cache_write);
    add(out.cache_write_1h, usage.cache_write_1h);
  });
  return out;
}

Cost total_cost(const std::vector<CountedSpan>& spans) {
  Cost out;
  walk(spans, &CountedSpan::cost, [&](const Cost& cost) {
    add<double>(out.input, cost.input.value_or(0));
    add<double>(out.output, cost.output.value_or(0));
    add<double>(out.total, cost.total.value_or(0));
  });
  return out;
}

}  // namespace slipway::tracing

// SPDX-License-Identifier: Apache-2.0
#include "evaluation/evaluation.h"

#include <algorithm>

#include "support.h"
#include "tracking/tracking.h"

namespace slipway::evaluation {
namespace {

using Op = Filter::Op;

// SQL's LIKE; `text` and `pattern` are in one case when case does not count.
bool is_like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t back = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      back = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++back;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

template <class T>
bool compares(const T& have, Op op, const T& want) {
  switch (op) {
    case Op::eq:
      return have == want;
    case Op::ne:
      return have != want;
    case Op::lt:
      return have < want;
    case Op::le:
      return have <= want;
    case Op::gt:
      return have > want;
    case Op::ge:
      return have >= want;
    default:
      return false;
  }
}

bool holds(const std::string& have, const Filter& leaf) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&leaf.value)) {
    const bool found = std::find(list->begin(), list->end(), have) != list->end();
    return found == (leaf.op == Op::in);
  }
  const auto* want = std::get_if<std::string>(&leaf.value);
  if (want == nullptr) return false;
  if (leaf.op == Op::like) return is_like(have, *want);
  if (leaf.op == Op::ilike) return is_like(to_lower(have), to_lower(*want));
  return compares(have, leaf.op, *want);
}

bool leaf_matches(const Filter& leaf, const Lookup& lookup) {
  const auto have = lookup(leaf.entity, leaf.key);
  const bool absent = std::holds_alternative<std::monostate>(have);
  if (leaf.op == Op::is_null || leaf.op == Op::is_not_null) {
    return absent == (leaf.op == Op::is_null);
  }
  if (const auto* text = std::get_if<std::string>(&have)) return holds(*text, leaf);
  const auto* number = std::get_if<double>(&have);
  const auto* want = std::get_if<double>(&leaf.value);
  return number != nullptr && want != nullptr && compares(*number, leaf.op, *want);
}

}  // namespace

bool matches(const Filter& filter, const Lookup& lookup) {
  const auto each = [&](const Filter& part) { return matches(part, lookup); };
  switch (filter.kind) {
    case Filter::Kind::all_of:
      return std::all_of(filter.parts.begin(), filter.parts.end(), each);
    case Filter::Kind::any_of:
      return std::any_of(filter.parts.begin(), filter.parts.end(), each);
    case Filter::Kind::none_of:
      return std::none_of(filter.parts.begin(), filter.parts.end(), each);
    case Filter::Kind::compare:
      return leaf_matches(filter, lookup);
  }
  return false;
}

Result<void> Parts::check_experiment(const std::string& id) const {
  SW_TRY(const auto found, tracking.experiments().get(tracking::ExperimentId(id)));
  if (found.lifecycle == tracking::Lifecycle::active) return {};
  return not_found("no active experiment with id=" + id);
}

Evaluation::Evaluation(store::Database& db, tracking::Tracking& tracking, Clock& clock, Ids& ids)
    : parts_{db, tracking, clock, ids} {}

}  // namespace slipway::evaluation

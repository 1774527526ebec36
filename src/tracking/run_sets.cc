// SPDX-License-Identifier: Apache-2.0
#include "run_sets.h"

#include <bit>

namespace slipway::tracking {
namespace {

using store::Cells;
using store::Connection;
using store::Row;

Result<RunSet> leaf_set(Connection& db, const RunFields& fields, const Filter& leaf,
                        std::int64_t last) {
  RunSet out(last);
  Cells cells;
  if (leaf.op == Filter::Op::is_null) {
    Filter there = leaf;
    there.op = Filter::Op::is_not_null;
    SW_TRY(const auto sql, fields.set(there, cells));
    SW_CHECK_OK(add_selected(db, sql, cells, out));
    out.invert();
    return out;
  }
  SW_TRY(const auto sql, fields.set(leaf, cells));
  SW_CHECK_OK(add_selected(db, sql, cells, out));
  return out;
}

}  // namespace

void RunSet::keep(const RunSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void RunSet::add_all(const RunSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
}

void RunSet::remove(const RunSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
}

void RunSet::invert() {
  for (auto& word : words_) word = ~word;
}

std::size_t RunSet::size() const {
  std::size_t out = 0;
  for (const auto word : words_) out += static_cast<std::size_t>(std::popcount(word));
  return out;
}

std::vector<std::int64_t> RunSet::list() const {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    for (auto word = words_[i]; word != 0; word &= word - 1) {
      const auto run = static_cast<std::int64_t>(i * 64) + std::countr_zero(word);
      if (run <= last_) out.push_back(run);
    }
  }
  return out;
}

Result<void> add_selected(Connection& db, const std::string& sql, const Cells& cells, RunSet& out) {
  return db.query(sql, cells, [&](const Row& row) {
    out.add(row.int64(0));
    return true;
  });
}

Result<RunSet> matching(Connection& db, const RunFields& fields, const Filter& filter,
                        std::int64_t last) {
  if (filter.kind == Filter::Kind::compare) return leaf_set(db, fields, filter, last);
  const bool all = filter.kind == Filter::Kind::all_of;
  RunSet out(last);
  if (all) out.invert();
  for (const auto& part : filter.parts) {
    SW_TRY(const auto set, matching(db, fields, part, last));
    if (all) {
      out.keep(set);
    } else {
      out.add_all(set);
    }
  }
  if (filter.kind == Filter::Kind::none_of) out.invert();
  return out;
}

}  // namespace slipway::tracking

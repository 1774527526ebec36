// SPDX-License-Identifier: Apache-2.0
// The search languages, orders and page tokens against hostile text: no crash, no hang; whatever
// is accepted becomes SQL with exactly as many parameters as it has places for them, and a token
// that is accepted is the one that its position writes. The first byte chooses.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "registry/rows.h"
#include "registry/search_sql.h"
#include "tracking/run_order.h"
#include "wire/mlflow/registry/registry_words.h"
#include "wire/mlflow/searches.h"

namespace {

namespace mlflow = slipway::wire::mlflow;
namespace tracking = slipway::tracking;
using slipway::Result;
using slipway::store::Cells;
using slipway::store::Dialect;

void check(const std::string& sql, const Cells& cells) {
  // Texts of ours contain no question mark.
  const auto places = std::count(sql.begin(), sql.end(), '?');
  if (static_cast<std::size_t>(places) != cells.size()) std::abort();
}

void runs(const std::string& text) {
  const auto filter = mlflow::runs_filter(text);
  if (!filter) return;
  const tracking::MetricNumbers none;
  for (const auto dialect : {Dialect::sqlite, Dialect::postgres}) {
    Cells cells;
    const tracking::RunFields fields(dialect, none);
    if (const auto sql = fields.where(*filter, cells)) check(*sql, cells);
  }
}

void registry(const std::string& text) {
  mlflow::RegistrySearch in;
  in.filter = text;
  const auto search =
      mlflow::to_search(in, {.page_default = 100, .page_limit = 1'000, .versions = true});
  if (!search) return;
  for (const auto dialect : {Dialect::sqlite, Dialect::postgres}) {
    slipway::registry::Sql sql;
    if (add_condition(search->filter, slipway::registry::searchable_versions(), dialect, sql)) {
      check(sql.text, sql.cells);
    }
  }
}

// "order, order\ntoken"
void token(const std::string& text) {
  const auto line = text.find('\n');
  std::vector<std::string> order;
  std::string one;
  for (const char c : text.substr(0, line)) {
    if (c != ',') {
      one += c;
    } else {
      order.push_back(std::move(one));
      one.clear();
    }
  }
  if (!one.empty()) order.push_back(one);
  const auto wanted = mlflow::runs_order(order);
  if (!wanted) return;
  const tracking::MetricNumbers none;
  const tracking::RunFields fields(Dialect::sqlite, none);
  const auto made = tracking::RunOrder::of(fields, *wanted);
  if (!made || line == std::string::npos) return;
  const auto position = made->position_of(text.substr(line + 1));
  if (!position || !*position) return;
  Cells cells;
  check(made->behind(0, **position, cells), cells);
  const auto again = made->position_of(made->token(**position));
  if (!again || !*again || **again != **position) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      runs(text);
      break;
    case 1:
      (void)mlflow::experiments_filter(text).ok();
      (void)mlflow::experiments_order({text}).ok();
      break;
    case 2:
      (void)mlflow::logged_models_filter(text).ok();
      (void)mlflow::logged_models_order(text, true).ok();
      break;
    case 3:
      registry(text);
      break;
    default:
      token(text);
  }
  return 0;
}

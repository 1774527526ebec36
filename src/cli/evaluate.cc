// SPDX-License-Identifier: Apache-2.0
// `slipway evaluate`: how good the predictions of a file are, and for whom.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "arguments.h"
#include "base/text.h"
#include "columns.h"
#include "commands.h"
#include "estimated.h"
#include "evaluate_report.h"
#include "judged_rows.h"
#include "output.h"
#include "stats/classification.h"
#include "stats/quality.h"
#include "stats/regression.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string file;
  std::string task;
  JudgedColumns columns;
  std::vector<std::string> probabilities;  // COLUMN, or LABEL=COLUMN
  std::string positive;
  std::string privileged;
  std::string estimate_from;
  std::string explain_from;
  std::vector<std::string> at_least;
  std::vector<std::string> at_most;
  std::string json;
  std::string html;
};

// What is selected of all rows, by position.
template <class T>
std::vector<T> picked(const std::vector<T>& from, const std::vector<std::size_t>& rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const auto row : rows) out.push_back(from[row]);
  return out;
}

std::vector<int> is_label(const std::vector<std::size_t>& labels, std::size_t which) {
  std::vector<int> out;
  out.reserve(labels.size());
  for (const auto label : labels) out.push_back(label == which ? 1 : 0);
  return out;
}

double share(std::size_t part, std::size_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// Two labels: the metrics of the positive one. More: means over labels, every label counting once.
Metrics class_metrics(const stats::Classification& found, std::optional<std::size_t> positive) {
  Metrics out{{"accuracy", found.accuracy}, {"balanced_accuracy", found.balanced_accuracy}};
  const auto& score = positive ? found.classes[*positive] : found.macro;
  out.insert(out.end(),
             {{"precision", score.precision}, {"recall", score.recall}, {"f1", score.f1}});
  if (positive) {
    const auto hits = found.confusion[*positive][*positive];
    const auto ones = found.classes[*positive].support;
    std::size_t said = 0;
    for (const auto& row : found.confusion) said += row[*positive];
    const double alarms = share(said - hits, found.rows - ones);
    out.insert(out.end(), {{"selection_rate", share(said, found.rows)},
                           {"true_positive_rate", share(hits, ones)},
                           {"false_positive_rate", alarms},
                           {"true_negative_rate", found.rows > ones ? 1 - alarms : 0},
                           {"false_negative_rate", share(ones - hits, ones)}});
  } else {
    out.insert(out.end(), {{"precision_weighted", found.weighted.precision},
                           {"recall_weighted", found.weighted.recall},
                           {"f1_weighted", found.weighted.f1}});
  }
  out.insert(out.end(),
             {{"matthews_corrcoef", found.matthews_corrcoef}, {"cohen_kappa", found.cohen_kappa}});
  return out;
}

Metrics value_metrics(const stats::Regression& found) {
  return {{"mean_error", found.mean_error},
          {"mean_absolute_error", found.mean_absolute_error},
          {"mean_squared_error", found.mean_squared_error},
          {"root_mean_squared_error", found.root_mean_squared_error},
          {"mean_absolute_percentage_error", found.mean_absolute_percentage_error},
          {"median_absolute_error", found.median_absolute_error},
          {"max_error", found.max_error},
          {"r2", found.r2},
          {"explained_variance", found.explained_variance}};
}

// Which label counts as positive: the one that was named; of two the later one, as 1 after 0.
Result<std::optional<std::size_t>> positive_of(const Options& options, const JudgedRows& rows) {
  const auto at = [&](const std::string& label) {
    return static_cast<std::size_t>(std::find(rows.labels.begin(), rows.labels.end(), label) -
                                    rows.labels.begin());
  };
  if (!options.positive.empty()) {
    const auto found = at(options.positive);
    if (found < rows.labels.size()) return std::optional(found);
    return invalid("--positive: no row is labelled '" + options.positive + "'");
  }
  if (rows.labels.size() > 2) return std::optional<std::size_t>();
  if (rows.labels.empty()) return invalid("no row has both a target and a prediction");
  return std::optional(rows.labels.size() - 1);
}

// With one column a label: one label against the rest, the plain mean over labels.
Result<void> add_many_probabilities(const Options& options, const JudgedRows& rows, Metrics& out) {
  std::map<std::string, const std::vector<double>*> by_label;
  for (std::size_t k = 0; k < options.probabilities.size(); ++k) {
    const auto& rule = options.probabilities[k];
    by_label[rule.substr(0, rule.rfind('='))] = &rows.probabilities[k];
  }
  double loss = 0;
  double auc = 0;
  for (std::size_t k = 0; k < rows.labels.size(); ++k) {
    const auto found = by_label.find(rows.labels[k]);
    if (found == by_label.end()) {
      return invalid("--probability: none is given for label '" + rows.labels[k] + "'",
                     "with more than two labels write LABEL=COLUMN for each");
    }
    const auto truth = is_label(rows.truth, k);
    auc += stats::roc_auc(truth, *found->second) / static_cast<double>(rows.labels.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (truth[i] == 1) loss += stats::log_loss_of(1, (*found->second)[i]);
    }
  }
  out.emplace_back("roc_auc", auc);
  out.emplace_back("log_loss", loss / static_cast<double>(rows.truth.size()));
  return {};
}

Result<void> add_probabilities(const Options& options, const JudgedRows& rows,
                               std::optional<std::size_t> positive, Metrics& out) {
  for (const auto& column : rows.probabilities) {
    for (const double p : column) {
      if (p < 0 || p > 1) {
        return invalid("--probability: " + number_text(p) + " is no probability",
                       "it must lie between 0 and 1");
      }
    }
  }
  if (rows.probabilities.empty()) return {};
  if (!positive) return add_many_probabilities(options, rows, out);
  if (rows.probabilities.size() > 1) {
    return invalid("--probability is given " + std::to_string(rows.probabilities.size()) +
                       " times for two labels",
                   "name the column of the positive label");
  }
  const auto truth = is_label(rows.truth, *positive);
  const auto& p = rows.probabilities[0];
  out.insert(out.end(), {{"roc_auc", stats::roc_auc(truth, p)},
                         {"average_precision", stats::average_precision(truth, p)},
                         {"log_loss", stats::log_loss(truth, p)},
                         {"brier_score_loss", stats::brier_score(truth, p)}});
  return {};
}

std::vector<std::vector<std::size_t>> rows_of_groups(const JudgedRows& rows) {
  std::vector<std::vector<std::size_t>> out(rows.groups.size());
  for (std::size_t i = 0; i < rows.group.size(); ++i) out[rows.group[i]].push_back(i);
  return out;
}

Result<Metrics> fairness_of(const Options& options, const JudgedRows& rows, std::size_t positive) {
  const auto truth = is_label(rows.truth, positive);
  const auto predicted = is_label(rows.predicted, positive);
  const auto found = stats::fairness(truth, predicted, rows.group, rows.groups.size());
  Metrics out{{"demographic_parity_difference", found.demographic_parity_difference},
              {"demographic_parity_ratio", found.demographic_parity_ratio},
              {"equalized_odds_difference", found.equalized_odds_difference},
              {"equalized_odds_ratio", found.equalized_odds_ratio},
              {"equal_opportunity_difference", found.equal_opportunity_difference},
              {"equal_opportunity_ratio", found.equal_opportunity_ratio}};
  if (options.privileged.empty()) return out;
  const auto at = std::find(rows.groups.begin(), rows.groups.end(), options.privileged);
  if (at == rows.groups.end()) {
    return invalid("--privileged: there is no group '" + options.privileged + "'",
                   "write it as the report does, such as '" + rows.groups[0] + "'");
  }
  const auto gaps = stats::privilege_gaps(truth, predicted, rows.group,
                                          static_cast<std::size_t>(at - rows.groups.begin()));
  out.insert(out.end(), {{"statistical_parity_difference", gaps.statistical_parity_difference},
                         {"disparate_impact", gaps.disparate_impact},
                         {"average_odds_difference", gaps.average_odds_difference},
                         {"average_abs_odds_difference", gaps.average_abs_odds_difference},
                         {"true_positive_rate_difference", gaps.true_positive_rate_difference},
                         {"error_rate_difference", gaps.error_rate_difference},
                         {"theil_index", gaps.theil_index}});
  return out;
}

Result<Report> judge_classes(const Options& options, const Table& table) {
  SW_TRY(const auto rows, read_classes(table, options.columns));
  SW_TRY(const auto positive, positive_of(options, rows));
  Report out{.rows = rows.truth.size(),
             .skipped = rows.skipped,
             .labels = rows.labels,
             .label_kind = rows.label_kind};
  out.positive = positive;
  if (!options.html.empty() && positive && rows.probabilities.size() == 1) {
    analysis::draw_scores(is_label(rows.truth, *positive), rows.probabilities[0], out.pictures);
  }
  out.classes = stats::classify(rows.truth, rows.predicted, rows.labels.size());
  out.metrics = class_metrics(*out.classes, positive);
  SW_CHECK_OK(add_probabilities(options, rows, positive, out.metrics));
  const auto members = rows_of_groups(rows);
  for (std::size_t g = 0; g < members.size(); ++g) {
    const auto found = stats::classify(picked(rows.truth, members[g]),
                                       picked(rows.predicted, members[g]), rows.labels.size());
    auto metrics =
        positive ? class_metrics(found, positive) : Metrics{{"accuracy", found.accuracy}};
    if (positive && rows.probabilities.size() == 1) {
      metrics.emplace_back("roc_auc",
                           stats::roc_auc(is_label(picked(rows.truth, members[g]), *positive),
                                          picked(rows.probabilities[0], members[g])));
    }
    metrics.insert(metrics.begin(), {"count", static_cast<double>(members[g].size())});
    out.groups.emplace_back(rows.groups[g], std::move(metrics));
  }
  if (positive && !members.empty()) {
    SW_TRY(out.fairness, fairness_of(options, rows, *positive));
  }
  return out;
}

Result<Report> judge_values(const Options& options, const Table& table) {
  if (!options.probabilities.empty()) return invalid("--probability is for --task classification");
  SW_TRY(const auto rows, read_values(table, options.columns));
  if (rows.true_values.empty()) return invalid("no row has both a target and a prediction");
  Report out{.rows = rows.true_values.size(), .skipped = rows.skipped};
  out.metrics = value_metrics(stats::regress(rows.true_values, rows.predicted_values));
  if (!options.html.empty()) {
    analysis::draw_values(rows.true_values, rows.predicted_values, out.pictures);
  }
  const auto members = rows_of_groups(rows);
  for (std::size_t g = 0; g < members.size(); ++g) {
    auto metrics = value_metrics(stats::regress(picked(rows.true_values, members[g]),
                                                picked(rows.predicted_values, members[g])));
    metrics.insert(metrics.begin(), {"count", static_cast<double>(members[g].size())});
    out.groups.emplace_back(rows.groups[g], std::move(metrics));
  }
  return out;
}

Result<Report> report_of(Options& options) {
  std::vector<std::string> labels;
  for (const auto& rule : options.probabilities) {
    const auto at = rule.rfind('=');
    options.columns.probabilities.push_back(at == std::string::npos ? rule : rule.substr(at + 1));
    labels.push_back(rule.substr(0, at));
  }
  SW_TRY(const auto table, open_table(options.file));
  const bool values = options.task == "regression";
  // A file that is only estimated need not have the truth.
  const bool judged = options.estimate_from.empty() || table->find(options.columns.target);
  Report out;
  if (judged) {
    SW_TRY(out, values ? judge_values(options, *table) : judge_classes(options, *table));
  }
  if (!options.explain_from.empty()) {
    const EstimateQuestion question{options.explain_from, options.positive, options.columns};
    SW_TRY(out.drop, explained_drop(question, *table, values));
  }
  if (options.estimate_from.empty()) return out;
  const EstimateQuestion question{options.estimate_from, options.positive, options.columns, labels};
  SW_TRY(out.estimated,
         values ? expected_values(question, *table) : expected_classes(question, *table));
  return out;
}

// METRIC=VALUE rules; the metrics that break them. What cannot be computed passes no rule.
Result<std::vector<std::string>> broken(const Report& report, const std::vector<std::string>& rules,
                                        bool at_least) {
  std::vector<std::string> out;
  const std::string option = at_least ? "--min" : "--max";
  auto known = report.metrics;
  known.insert(known.end(), report.fairness.begin(), report.fairness.end());
  for (const auto& [name, x] : report.estimated) known.emplace_back("estimated_" + name, x);
  for (const auto& rule : rules) {
    const auto at = rule.find('=');
    const auto bound = at == std::string::npos
                           ? std::nullopt
                           : parse_double(std::string_view(rule).substr(at + 1));
    if (!bound) return invalid(option + " '" + rule + "' is not METRIC=NUMBER");
    const auto name = rule.substr(0, at);
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& metric) { return metric.first == name; });
    if (found == known.end()) {
      std::string names;
      for (const auto& metric : known) names += (names.empty() ? "" : ", ") + metric.first;
      return invalid(option + ": there is no metric '" + name + "' here", "use one of " + names);
    }
    const bool good = at_least ? found->second >= *bound : found->second <= *bound;
    if (!good) {
      out.push_back(name + " is " + short_number(found->second) + ", " +
                    (at_least ? "at least " : "at most ") + short_number(*bound) + " is wanted");
    }
  }
  return out;
}

}  // namespace

int evaluate(const Args& args) {
  CLI::App command;
  Options options;
  auto& columns = options.columns;
  command.add_option("file", options.file, "Parquet, CSV or JSON lines")->required();
  command.add_option("--task", options.task, "classification or regression")
      ->required()
      ->check(CLI::IsMember({"classification", "regression"}));
  command.add_option("--target", columns.target, "column of what was true")->required();
  command.add_option("--prediction", columns.prediction, "column of what was predicted")
      ->required();
  command.add_option("--probability", options.probabilities,
                     "column of the positive label's probability; LABEL=COLUMN for each of many");
  command.add_option("--group", columns.groups,
                     "column whose values are compared with each other; repeated: combinations");
  command.add_option("--positive", options.positive, "the label that counts as positive");
  command.add_option("--privileged", options.privileged,
                     "the group that the others are measured against (AIF360's gaps)");
  command.add_option("--estimate-from", options.estimate_from,
                     "a file with targets, by which quality is estimated where there are none");
  command.add_option("--explain-from", options.explain_from,
                     "an earlier file with targets: what the change of quality comes from");
  command.add_option("--min", options.at_least, "METRIC=VALUE: exit 1 when it is lower");
  command.add_option("--max", options.at_most, "METRIC=VALUE: exit 1 when it is higher");
  command.add_option("--json", options.json, "write JSON to this file; - is standard output");
  command.add_option("--html", options.html, "write a page to this file: pictures, works offline");
  if (const auto code = parse(command, "evaluate", args)) return *code;
  const auto report = report_of(options);
  if (!report) return fail(report.error());
  const auto low = broken(*report, options.at_least, true);
  if (!low) return fail(low.error());
  const auto high = broken(*report, options.at_most, false);
  if (!high) return fail(high.error());
  auto said = *low;
  said.insert(said.end(), high->begin(), high->end());
  if (options.json.empty()) {
    show(*report);
  } else if (const auto done = write_document(options.json, document(options.task, *report));
             !done) {
    return fail(done.error());
  }
  if (!options.html.empty()) {
    const bool bounded = !options.at_least.empty() || !options.at_most.empty();
    const auto done =
        write_document(options.html, page(options.file, options.task, *report, said, bounded));
    if (!done) return fail(done.error());
  }
  for (const auto& what : said) say(what);
  return low->empty() && high->empty() ? kDone : kFailed;
}

}  // namespace slipway::cli

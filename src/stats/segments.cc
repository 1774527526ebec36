// SPDX-License-Identifier: Apache-2.0
#include "stats/segments.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "stats/kolmogorov.h"

namespace slipway::stats {
namespace {

constexpr std::size_t kMostValues = 10;
constexpr std::size_t kQuarters = 4;
constexpr std::size_t kTargetBins = 32;
constexpr std::size_t kLeastRows = 30;  // of each side in a segment
constexpr std::size_t kMostColumns = 30;
constexpr double kLevel = 0.01;
constexpr double kLeastEffect = 0.1;

// A column as numbers of its conditions; -1: none holds (a rare or missing value).
struct Coded {
  std::vector<std::string> names;
  std::vector<std::int32_t> reference;
  std::vector<std::int32_t> current;
};

std::vector<double> cuts_of(const std::vector<double>& numbers, std::size_t parts) {
  std::vector<double> sorted;
  for (const double x : numbers) {
    if (!std::isnan(x)) sorted.push_back(x);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> out;
  for (std::size_t i = 1; i < parts && !sorted.empty(); ++i) {
    const double cut = sorted[(sorted.size() - 1) * i / parts];
    if (cut < sorted.back() && (out.empty() || cut > out.back())) out.push_back(cut);
  }
  return out;
}

std::vector<std::int32_t> codes_of(const std::vector<double>& numbers,
                                   const std::vector<double>& cuts) {
  std::vector<std::int32_t> out;
  for (const double x : numbers) {
    const auto at = std::lower_bound(cuts.begin(), cuts.end(), x) - cuts.begin();
    out.push_back(std::isnan(x) ? -1 : static_cast<std::int32_t>(at));
  }
  return out;
}

std::string number(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", x);
  return buffer;
}

Coded code_numbers(const Feature& reference, const Feature& current, std::size_t parts) {
  const auto cuts = cuts_of(reference.numbers, parts);
  Coded out{.reference = codes_of(reference.numbers, cuts),
            .current = codes_of(current.numbers, cuts)};
  const auto& name = reference.name;
  for (std::size_t i = 0; i <= cuts.size() && !cuts.empty(); ++i) {
    if (i == 0) {
      out.names.push_back(name + " <= " + number(cuts[0]));
    } else if (i == cuts.size()) {
      out.names.push_back(name + " > " + number(cuts.back()));
    } else {
      out.names.push_back(number(cuts[i - 1]) + " < " + name + " <= " + number(cuts[i]));
    }
  }
  if (cuts.empty()) {
    out.reference.assign(out.reference.size(), -1);
    out.current.assign(out.current.size(), -1);
  }
  return out;
}

Coded code_texts(const Feature& reference, const Feature& current) {
  std::map<std::string, std::size_t> seen;
  for (const auto* side : {&reference, &current}) {
    for (const auto& text : side->texts) {
      if (!text.empty()) ++seen[text];
    }
  }
  std::vector<std::pair<std::string, std::size_t>> order(seen.begin(), seen.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (order.size() > kMostValues) order.resize(kMostValues);
  std::map<std::string, std::int32_t> codes;
  Coded out;
  for (const auto& [text, rows] : order) {
    codes[text] = static_cast<std::int32_t>(out.names.size());
    out.names.push_back(reference.name + " = " + text);
  }
  const auto code = [&](const std::string& text) {
    const auto found = codes.find(text);
    return found == codes.end() ? -1 : found->second;
  };
  for (const auto& text : reference.texts) out.reference.push_back(code(text));
  for (const auto& text : current.texts) out.current.push_back(code(text));
  return out;
}

Coded code_column(const Feature& reference, const Feature& current, std::size_t parts) {
  return reference.categorical ? code_texts(reference, current)
                               : code_numbers(reference, current, parts);
}

// How often each bin of the target was seen, on both sides.
struct Counts2 {
  std::vector<double> reference;
  std::vector<double> current;
  explicit Counts2(std::size_t bins) : reference(bins), current(bins) {}
  double reference_rows() const { return std::accumulate(reference.begin(), reference.end(), 0.0); }
  double current_rows() const { return std::accumulate(current.begin(), current.end(), 0.0); }
};

double effect_of(const Counts2& counts, bool ordered) {
  const double n = counts.reference_rows();
  const double m = counts.current_rows();
  if (n == 0 || m == 0) return 0;
  double gap = 0;
  double largest = 0;
  double sum = 0;
  for (std::size_t i = 0; i < counts.reference.size(); ++i) {
    const double step = counts.reference[i] / n - counts.current[i] / m;
    gap += step;
    largest = std::max(largest, std::abs(gap));
    sum += std::abs(step) / 2;
  }
  return ordered ? largest : sum;
}

double joined_size(const Counts2& counts) {
  const double n = counts.reference_rows();
  const double m = counts.current_rows();
  return n + m > 0 ? n * m / (n + m) : 0;
}

// The place of a pair of conditions; of one column its own condition twice.
struct Cell {
  std::size_t first = 0;  // column
  std::size_t second = 0;
  std::int32_t a = 0;
  std::int32_t b = 0;
};

// Looks at all pairs of conditions for one target.
class Finder {
 public:
  Finder(const std::vector<Coded>& columns, const Coded& target, bool ordered, std::size_t place)
      : columns_(columns), target_(target), ordered_(ordered), place_(place), all_(bins()) {
    for (const auto code : target.reference) {
      if (code >= 0) all_.reference[static_cast<std::size_t>(code)] += 1;
    }
    for (const auto code : target.current) {
      if (code >= 0) all_.current[static_cast<std::size_t>(code)] += 1;
    }
  }

  std::optional<Segment> best(const std::string& name) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i == place_) continue;
      for (std::size_t j = i; j < columns_.size(); ++j) {
        if (j != place_) look(i, j);
      }
    }
    if (!best_) return std::nullopt;
    best_->column = name;
    best_->p_value = std::min(1.0, best_->p_value * static_cast<double>(looked_));
    const bool clear = best_->p_value <= kLevel && best_->effect >= kLeastEffect &&
                       best_->effect >= 2 * best_->effect_elsewhere;
    return clear ? best_ : std::nullopt;
  }

 private:
  std::size_t bins() const { return std::max(target_.names.size(), std::size_t{1}); }

  void look(std::size_t i, std::size_t j) {
    const auto& first = columns_[i];
    const auto& second = columns_[j];
    const std::size_t width = second.names.size();
    std::vector<Counts2> cells(first.names.size() * width, Counts2(bins()));
    const auto count = [&](std::vector<double> Counts2::*side, const auto& a, const auto& b,
                           const auto& target) {
      for (std::size_t row = 0; row < target.size(); ++row) {
        if (a[row] < 0 || b[row] < 0 || target[row] < 0) continue;
        const auto cell =
            static_cast<std::size_t>(a[row]) * width + static_cast<std::size_t>(b[row]);
        (cells[cell].*side)[static_cast<std::size_t>(target[row])] += 1;
      }
    };
    count(&Counts2::reference, first.reference, second.reference, target_.reference);
    count(&Counts2::current, first.current, second.current, target_.current);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      const std::size_t a = cell / width;
      const std::size_t b = cell % width;
      if (i == j && a != b) continue;
      judge(cells[cell], first.names[a], i == j ? std::string() : second.names[b]);
    }
  }

  void judge(const Counts2& inside, const std::string& first, const std::string& second) {
    const double n = inside.reference_rows();
    const double m = inside.current_rows();
    if (n < kLeastRows || m < kLeastRows) return;
    ++looked_;
    Counts2 outside = all_;
    for (std::size_t i = 0; i < outside.reference.size(); ++i) {
      outside.reference[i] -= inside.reference[i];
      outside.current[i] -= inside.current[i];
    }
    // A part of nearly all rows says nothing of where.
    if (outside.reference_rows() < kLeastRows || outside.current_rows() < kLeastRows) return;
    const double effect = effect_of(inside, ordered_);
    const double elsewhere = effect_of(outside, ordered_);
    const double score =
        std::sqrt(joined_size(inside)) * effect - std::sqrt(joined_size(outside)) * elsewhere;
    if (score <= score_) return;
    score_ = score;
    best_ = Segment{.conditions = {first},
                    .reference_rows = static_cast<std::size_t>(n),
                    .current_rows = static_cast<std::size_t>(m),
                    .effect = effect,
                    .effect_elsewhere = elsewhere};
    if (!second.empty()) best_->conditions.push_back(second);
    // Kolmogorov's law; on bins the true chance is smaller.
    const auto size = static_cast<std::int64_t>(std::max(1.0, std::round(joined_size(inside))));
    best_->p_value = kstwo_sf(size, effect);
  }

  const std::vector<Coded>& columns_;
  const Coded& target_;
  const bool ordered_;
  const std::size_t place_;
  Counts2 all_;
  std::size_t looked_ = 0;
  double score_ = 0;
  std::optional<Segment> best_;
};

// Whether a condition of `segment` is about the column.
bool names(const Segment& segment, const std::string& column) {
  return std::any_of(segment.conditions.begin(), segment.conditions.end(),
                     [&](const std::string& condition) {
                       return condition.starts_with(column + " ") ||
                              condition.find("< " + column + " <=") != std::string::npos;
                     });
}

// Where delays of one carrier have grown, the carriers among the long delays have changed as well:
// that is the same change seen from behind, and less of it.
std::vector<Segment> without_mirrors(std::vector<Segment> segments) {
  std::vector<Segment> out;
  for (auto& segment : segments) {
    const bool mirror = std::any_of(out.begin(), out.end(), [&](const Segment& stronger) {
      return names(segment, stronger.column) && names(stronger, segment.column);
    });
    if (!mirror) out.push_back(std::move(segment));
  }
  return out;
}

double mean_of(std::span<const double> values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

// Rows and summed losses of a column's conditions; the last is for rows where none holds.
struct Losses {
  std::vector<double> rows;
  std::vector<double> sum;
};

Losses losses_of(const std::vector<std::int32_t>& codes, std::size_t conditions,
                 std::span<const double> loss) {
  Losses out{std::vector<double>(conditions + 1), std::vector<double>(conditions + 1)};
  for (std::size_t i = 0; i < loss.size(); ++i) {
    const auto at = codes[i] < 0 ? conditions : static_cast<std::size_t>(codes[i]);
    out.rows[at] += 1;
    out.sum[at] += loss[i];
  }
  return out;
}

Contribution contribution_of(const std::string& name, const Coded& coded, const Losses& was,
                             const Losses& is, const Drop& drop) {
  Contribution out{.column = name};
  const double n = std::accumulate(was.rows.begin(), was.rows.end(), 0.0);
  const double m = std::accumulate(is.rows.begin(), is.rows.end(), 0.0);
  for (std::size_t i = 0; i < was.rows.size(); ++i) {
    // What was never seen before is expected to be as good as the rest was.
    const double before = was.rows[i] > 0 ? was.sum[i] / was.rows[i] : drop.reference_loss;
    out.moved += (is.rows[i] / m - was.rows[i] / n) * before;
    if (is.rows[i] == 0) continue;
    const double change = is.rows[i] / m * (is.sum[i] / is.rows[i] - before);
    out.changed += change;
    if (i < coded.names.size() && change > out.worst_change) {
      out.worst = coded.names[i];
      out.worst_change = change;
    }
  }
  return out;
}

}  // namespace

std::vector<Segment> find_segments(const std::vector<Feature>& reference,
                                   const std::vector<Feature>& current,
                                   std::span<const std::size_t> targets) {
  std::vector<Coded> columns;
  for (std::size_t f = 0; f < std::min(reference.size(), kMostColumns); ++f) {
    columns.push_back(code_column(reference[f], current[f], kQuarters));
  }
  std::vector<Segment> out;
  for (const auto place : targets) {
    const auto& was = reference[place];
    const auto target = code_column(was, current[place], kTargetBins);
    if (auto found = Finder(columns, target, !was.categorical, place).best(was.name)) {
      out.push_back(*std::move(found));
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.effect > b.effect; });
  return without_mirrors(std::move(out));
}

Drop explain_drop(const std::vector<Feature>& reference, std::span<const double> reference_loss,
                  const std::vector<Feature>& current, std::span<const double> current_loss) {
  Drop out{.reference_loss = mean_of(reference_loss), .current_loss = mean_of(current_loss)};
  if (reference_loss.empty() || current_loss.empty()) return out;
  for (std::size_t f = 0; f < reference.size(); ++f) {
    const auto coded = code_column(reference[f], current[f], kMostValues);
    const auto conditions = coded.names.size();
    const auto was = losses_of(coded.reference, conditions, reference_loss);
    const auto is = losses_of(coded.current, conditions, current_loss);
    out.columns.push_back(contribution_of(reference[f].name, coded, was, is, out));
  }
  std::stable_sort(out.columns.begin(), out.columns.end(), [](const auto& a, const auto& b) {
    return std::abs(a.moved) > std::abs(b.moved);
  });
  return out;
}

}  // namespace slipway::stats

// SPDX-License-Identifier: Apache-2.0
#include "wire/dogstatsd/dogstatsd.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "base/text.h"

namespace slipway::wire::dogstatsd {
namespace {

using meter::Kind;
using meter::Labels;
using meter::Sample;
using meter::Snapshot;

struct Sums {
  double value = 0;
  double count = 0;
};
using Known = std::map<std::pair<std::string, Labels>, Sums>;

double count_of(const Sample& sample) {
  double out = 0;
  for (const auto n : sample.buckets) out += static_cast<double>(n);
  return out;
}

Known known(const std::vector<Snapshot>& metrics) {
  Known out;
  for (const auto& metric : metrics) {
    if (metric.kind == Kind::gauge) continue;
    for (const auto& sample : metric.samples) {
      out[{metric.name, sample.labels}] = {sample.value, count_of(sample)};
    }
  }
  return out;
}

std::string safe(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '|' || c == ',' || c == '#' || c == ':' || c == '@' ||
        static_cast<unsigned char>(c) < ' ') {
      c = '_';
    }
  }
  return out;
}

std::string tags_of(const Labels& labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    out += (out.empty() ? "|#" : ",") + safe(key) + ":" + safe(value);
  }
  return out;
}

class Packer {
 public:
  explicit Packer(std::size_t most) : most_(most) {}

  void add(const std::string& name, double value, const char* type, const std::string& tags) {
    if (!std::isfinite(value)) return;
    const auto line = name + ":" + number_text(value) + "|" + type + tags;
    if (line.size() > most_) return;  // labels of a kilobyte: no agent would take it
    if (!open_.empty() && open_.size() + 1 + line.size() > most_) {
      out_.push_back(std::exchange(open_, {}));
    }
    open_ += (open_.empty() ? "" : "\n") + line;
  }

  std::vector<std::string> take() {
    if (!open_.empty()) out_.push_back(std::exchange(open_, {}));
    return std::move(out_);
  }

 private:
  const std::size_t most_;
  std::string open_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> datagrams(const std::vector<Snapshot>& now,
                                   const std::vector<Snapshot>& before, std::size_t most) {
  const auto then = known(before);
  Packer packer(most);
  for (const auto& metric : now) {
    for (const auto& sample : metric.samples) {
      const auto tags = tags_of(sample.labels);
      if (metric.kind == Kind::gauge) {
        packer.add(metric.name, sample.value, "g", tags);
        continue;
      }
      const auto found = then.find({metric.name, sample.labels});
      const Sums base = found == then.end() ? Sums{} : found->second;
      const double value = sample.value - base.value;
      const double count = count_of(sample) - base.count;
      if (metric.kind == Kind::counter) {
        if (value > 0) packer.add(metric.name, value, "c", tags);
      } else if (count > 0) {
        packer.add(metric.name + ".count", count, "c", tags);
        packer.add(metric.name + ".sum", value, "c", tags);
      }
    }
  }
  return packer.take();
}

}  // namespace slipway::wire::dogstatsd

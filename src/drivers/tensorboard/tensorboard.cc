// SPDX-License-Identifier: Apache-2.0
#include "drivers/tensorboard/tensorboard.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "blob/files_below.h"
#include "events.h"
#include "transfer/collect.h"

namespace slipway::drivers::tensorboard {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointsAtOnce = 8192;
// Part of what a run's state is: what was read in an older way is read again.
constexpr const char* kReading = "2;";

struct FoundRun {
  std::string name;  // the folder, relative to the root
  std::vector<fs::path> files;
};

// A tag as a path of files: no empty, no relative segments, nothing hidden.
std::string path_of(const std::string& tag) {
  std::string out;
  for (const auto part : split(tag, '/')) {
    std::string clean;
    for (const char c : part) {
      clean += static_cast<unsigned char>(c) < 32 || c == '\\' ? '_' : c;
    }
    if (clean.empty() || clean == "." || clean == "..") clean = "_" + clean;
    out += (out.empty() ? "" : "/") + clean.substr(0, 200);
  }
  return out;
}

std::string_view ending_of(const std::string& image) {
  if (image.starts_with("\x89PNG")) return ".png";
  if (image.starts_with("\xff\xd8")) return ".jpg";
  return image.starts_with("GIF8") ? ".gif" : ".bin";
}

// Where an image or a sound is kept among the run's artifacts.
std::string image_path(const Value& value, std::size_t i) {
  const auto number = value.images.size() > 1 ? "-" + std::to_string(i) : std::string();
  return "images/" + path_of(value.tag) + "/" + std::to_string(value.step) + number +
         std::string(ending_of(value.images[i]));
}
std::string audio_path(const Value& value) {
  return "audio/" + path_of(value.tag) + "/" + std::to_string(value.step) + ".wav";
}

// The outermost edges may be infinite, which JSON lacks.
std::string finite_list_of(std::vector<double> numbers) {
  constexpr auto kMost = std::numeric_limits<double>::max();
  std::string out = "[";
  for (const double x : numbers) {
    if (out.size() > 1) out += ',';
    out += number_text(std::isnan(x) ? 0 : std::clamp(x, -kMost, kMost));
  }
  return out + "]";
}

std::string list_of(const std::vector<double>& numbers) {
  std::string out = "[";
  for (const double x : numbers) {
    if (out.size() > 1) out += ',';
    const auto text = number_text(x);
    out += text.find_first_of("NI") == std::string::npos ? text : "\"" + text + "\"";
  }
  return out + "]";
}

class FolderSource : public transfer::Source {
 public:
  FolderSource(fs::path root, std::string experiment)
      : root_(std::move(root)), experiment_(std::move(experiment)) {
    if (experiment_.empty()) experiment_ = root_.filename().string();
  }
  ~FolderSource() override {
    std::error_code error;
    if (!extracted_.empty()) fs::remove_all(extracted_, error);
  }
  FolderSource(const FolderSource&) = delete;
  FolderSource& operator=(const FolderSource&) = delete;

  Result<void> prepare() {
    std::map<std::string, FoundRun> by_name;
    std::error_code error;
    fs::recursive_directory_iterator it(root_, error);
    for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      const auto name = it->path().filename().string();
      if (name.find("tfevents.") == std::string::npos || !it->is_regular_file(ignored)) continue;
      auto run = it->path().parent_path().lexically_relative(root_).generic_string();
      by_name[run].name = run;
      by_name[run].files.push_back(it->path());
    }
    if (error) return unavailable("cannot list '" + root_.string() + "': " + error.message());
    for (auto& [name, run] : by_name) {
      std::sort(run.files.begin(), run.files.end());  // their names begin with the time
      // A run keeps its id, whenever it is read.
      runs_[sha256_hex(root_.string() + "\n" + name).substr(0, 32)] = std::move(run);
    }
    if (!runs_.empty()) return {};
    return invalid("'" + root_.string() + "' holds no event files of TensorBoard",
                   "give the folder that `tensorboard --logdir` is given");
  }

  std::string name() const override { return "tensorboard:" + root_.string(); }
  Result<std::int64_t> count_runs() override { return static_cast<std::int64_t>(runs_.size()); }

  Result<void> experiments(const Each<transfer::ExperimentRecord>& each) override {
    return each({.id = experiment_, .name = experiment_, .tags = {{"slipway.source", name()}}});
  }

  Result<void> runs(const Each<std::vector<transfer::SourceRun>>& each) override {
    for (const auto& [id, found] : runs_) {
      SW_TRY(auto run, read_run(id, found));
      SW_CHECK_OK(each({std::move(run)}));
    }
    return {};
  }

  Result<void> points(const std::vector<std::string>& runs,
                      const Each<transfer::PointsRecord>& each) override;
  Result<void> series(const std::vector<std::string>& runs,
                      const Each<transfer::SeriesRecord>& each) override;
  Result<std::vector<transfer::SourceFile>> files(transfer::Owner owner,
                                                  const std::string& id) override;
  Result<std::unique_ptr<blob::Reader>> open(const transfer::SourceFile& file) override {
    return blob::open_file(file.handle);
  }
  std::vector<std::string> problems() const override {
    return {problems_.begin(), problems_.end()};
  }

 private:
  Result<transfer::SourceRun> read_run(const std::string& id, const FoundRun& found);
  Result<void> read(const FoundRun& run, Events& events, const std::function<void(Value)>& each);
  static Result<void> write_media(const fs::path& folder, const Value& value);

  fs::path root_;
  std::string experiment_;
  std::map<std::string, FoundRun> runs_;
  fs::path extracted_;
  std::set<std::string> problems_;
};

Result<void> FolderSource::read(const FoundRun& run, Events& events,
                                const std::function<void(Value)>& each) {
  for (const auto& file : run.files) {
    SW_TRY(const auto end, read_records(file.string(), [&](std::string_view record) {
             events.read(record, each);
           }));
    if (!end.damage.empty()) {
      problems_.insert("'" + file.string() + "' is damaged at byte " + std::to_string(end.offset) +
                       ": " + end.damage + "; what stands before it was read");
    }
  }
  return {};
}

Result<transfer::SourceRun> FolderSource::read_run(const std::string& id, const FoundRun& found) {
  Events events;
  SW_CHECK_OK(read(found, events, [](const Value&) {}));
  transfer::SourceRun out;
  out.state = kReading;
  auto& run = out.record;
  run.id = id;
  run.experiment = experiment_;
  run.name = found.name == "." ? root_.filename().string() : found.name;
  const auto& session = events.session();
  run.status = session.status == 2 ? "failed" : "finished";
  run.started = events.first_time();
  run.ended = events.last_time();
  for (const auto& [key, value] : session.params) run.params.push_back({key, value});
  if (!session.group.empty()) run.tags.push_back({"tensorboard.group", session.group});
  run.tags.push_back({"mlflow.runName", run.name});
  run.tags.push_back({"slipway.source", name()});
  for (const auto& file : found.files) {
    std::error_code error;
    out.state += file.filename().string() + "=" + std::to_string(fs::file_size(file, error)) + ";";
  }
  return out;
}

Result<void> FolderSource::points(const std::vector<std::string>& runs,
                                  const Each<transfer::PointsRecord>& each) {
  using Point = std::tuple<std::int64_t, std::int64_t, std::string, double>;
  for (const auto& id : runs) {
    std::map<std::string, std::vector<Point>> by_tag;
    Events events;
    SW_CHECK_OK(read(runs_.at(id), events, [&](const Value& value) {
      if (!value.scalar || value.tag.empty()) return;
      by_tag[value.tag].emplace_back(value.step, value.time, number_text(*value.scalar),
                                     *value.scalar);
    }));
    const auto less = [](const Point& a, const Point& b) {
      return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
             std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b));
    };
    for (auto& [tag, points] : by_tag) {
      std::sort(points.begin(), points.end(), less);
      points.erase(
          std::unique(points.begin(), points.end(),
                      [&](const Point& a, const Point& b) { return !less(a, b) && !less(b, a); }),
          points.end());
      for (std::size_t at = 0; at < points.size(); at += kPointsAtOnce) {
        transfer::PointsRecord record{.run = id, .key = tag};
        for (auto i = at; i < std::min(points.size(), at + kPointsAtOnce); ++i) {
          record.steps.push_back(std::get<0>(points[i]));
          record.times.push_back(std::get<1>(points[i]));
          record.values.push_back(std::get<3>(points[i]));
        }
        SW_CHECK_OK(each(std::move(record)));
      }
    }
  }
  return {};
}

Result<void> FolderSource::series(const std::vector<std::string>& runs,
                                  const Each<transfer::SeriesRecord>& each) {
  for (const auto& id : runs) {
    transfer::SeriesCollector out(id, each);
    Events events;
    Result<void> done;
    SW_CHECK_OK(read(runs_.at(id), events, [&](const Value& value) {
      const auto add = [&](const char* kind, std::string path, std::string content) {
        if (!done || value.tag.empty()) return;
        done = out.add(value.tag, kind,
                       {std::to_string(value.step), std::max<std::int64_t>(value.time, 0),
                        std::move(path), std::move(content)});
      };
      for (std::size_t i = 0; i < value.images.size(); ++i) add("image", image_path(value, i), "");
      if (!value.audio.empty()) add("audio", audio_path(value), "");
      if (value.histogram && !value.histogram->counts.empty()) {
        add("histogram", "",
            "{\"edges\":" + finite_list_of(value.histogram->edges) +
                ",\"counts\":" + finite_list_of(value.histogram->counts) + "}");
      }
      for (const auto& text : value.texts) {
        std::string content;
        append_json_string(content, text);
        add("text", "", std::move(content));
      }
    }));
    SW_CHECK_OK(std::move(done));
    SW_CHECK_OK(out.finish());
  }
  return {};
}

Result<void> FolderSource::write_media(const fs::path& folder, const Value& value) {
  const auto put = [&](const fs::path& path, std::string_view bytes, bool more) -> Result<void> {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, more ? std::ios::binary | std::ios::app : std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) return exhausted("cannot write '" + path.string() + "'");
    return {};
  };
  const auto name = path_of(value.tag);
  const auto step = std::to_string(value.step);
  for (std::size_t i = 0; i < value.images.size(); ++i) {
    SW_CHECK_OK(put(folder / image_path(value, i), value.images[i], false));
  }
  if (!value.audio.empty()) {
    SW_CHECK_OK(put(folder / audio_path(value), value.audio, false));
  }
  const auto line = "{\"step\":" + step + ",\"time\":" + std::to_string(value.time);
  if (value.histogram) {
    SW_CHECK_OK(put(folder / "histograms" / (name + ".jsonl"),
                    line + ",\"edges\":" + list_of(value.histogram->edges) +
                        ",\"counts\":" + list_of(value.histogram->counts) + "}\n",
                    true));
  }
  for (const auto& text : value.texts) {
    std::string out = line + ",\"text\":";
    append_json_string(out, text);
    SW_CHECK_OK(put(folder / "text" / (name + ".jsonl"), out + "}\n", true));
  }
  return {};
}

// What is no number is written into a folder of its own and taken from there.
Result<std::vector<transfer::SourceFile>> FolderSource::files(transfer::Owner,
                                                              const std::string& id) {
  if (extracted_.empty()) {
    auto path = (fs::temp_directory_path() / "slipway-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return exhausted("cannot make a temporary folder");
    extracted_ = path;
  }
  const auto folder = extracted_ / id;
  Events events;
  Result<void> written;
  SW_CHECK_OK(read(runs_.at(id), events, [&](const Value& value) {
    if (written) written = write_media(folder, value);
  }));
  SW_CHECK_OK(std::move(written));
  SW_TRY(const auto found, blob::files_below(folder.string()));
  std::vector<transfer::SourceFile> out;
  for (const auto& file : found) {
    out.push_back({file.path, file.size, std::to_string(file.size), file.full_path});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<transfer::Source>> open(const std::string& folder,
                                               const std::string& experiment) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return not_found("there is no folder '" + folder + "'");
  }
  auto root = fs::absolute(folder).lexically_normal();
  if (root.filename().empty()) root = root.parent_path();
  auto source = std::make_unique<FolderSource>(root, experiment);
  SW_CHECK_OK(source->prepare());
  return std::unique_ptr<transfer::Source>(std::move(source));
}

}  // namespace slipway::drivers::tensorboard

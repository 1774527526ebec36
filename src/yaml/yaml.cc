// SPDX-License-Identifier: Apache-2.0
#include "yaml/yaml.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"

namespace slipway::yaml {
namespace {

using Kind = Node::Kind;

constexpr std::size_t kMaxBytes = 4 << 20;
constexpr std::size_t kMaxNodes = 400'000;
constexpr std::size_t kMaxDepth = 64;

bool is_number(std::string_view text, Kind& kind) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.find_first_of("0123456789") == text.npos) return false;
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  const bool padded = digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
  if (parse_int(text) && !padded) return kind = Kind::integer, true;
  if (text.find_first_not_of("0123456789+-.eE") != text.npos || padded) return false;
  const auto real = parse_double(text);
  if (real && std::isfinite(*real)) return kind = Kind::real, true;
  return false;
}

// The core schema of YAML 1.2 for plain scalars.
Kind kind_of_plain(std::string_view text) {
  Kind kind = Kind::text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    kind = Kind::null;
  } else if (equal_ignoring_case(text, "true") || equal_ignoring_case(text, "false")) {
    kind = Kind::boolean;
  } else {
    is_number(text, kind);
  }
  return kind;
}

// Builds our tree from events, and stops building at the first thing that is wrong.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& name) : name_(name) {}

  const Error* error() const { return error_ ? &*error_ : nullptr; }
  NodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_ != nullptr || documents_++ > 0) fail(mark, "only one document is wanted here");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, anchor, Kind::null, "");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Kind kind = Kind::text;
    if (tag.empty() || tag == "?") {
      kind = kind_of_plain(value);
    } else if (tag != "!" && tag != "tag:yaml.org,2002:str") {
      fail(mark, "the tag '" + tag + "' is not known here", "take it away");
      return;
    }
    scalar(mark, anchor, kind, value);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (error_) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || found->second == nullptr) {
      fail(mark, "an alias must not stand for something that holds it");
      return;
    }
    attach(mark, found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    int key_line = 0;
    std::set<std::string> keys;
    std::vector<NodePtr> merged;
  };

  void fail(const YAML::Mark& mark, const std::string& message, std::string hint = {}) {
    if (!error_) error_ = error_at(name_, mark.line + 1, message, std::move(hint));
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Kind kind, const std::string& text) {
    if (error_) return;
    if (!is_valid_utf8(text) || text.find('\0') != text.npos) {
      fail(mark, "text must be UTF-8 without NUL");
      return;
    }
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = mark.line + 1;
    node->text = text;
    if (anchor != 0) anchors_[anchor] = node;
    attach(mark, std::move(node));
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Kind kind) {
    if (error_) return;
    if (open_.size() >= kMaxDepth) {
      fail(mark, "more than " + std::to_string(kMaxDepth) + " levels");
      return;
    }
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = mark.line + 1;
    if (anchor != 0) anchors_[anchor] = nullptr;  // not yet whole
    open_.push_back({.node = std::move(node), .anchor = anchor});
  }

  void close() {
    if (error_) return;
    auto done = std::move(open_.back());
    open_.pop_back();
    for (const auto& source : done.merged) merge(done, *source);
    const YAML::Mark mark = mark_at(done.node->line);
    if (done.anchor != 0) anchors_[done.anchor] = done.node;
    attach(mark, std::move(done.node));
  }

  static YAML::Mark mark_at(int line) {
    YAML::Mark mark;
    mark.line = line - 1;
    return mark;
  }

  void merge(Open& into, const Node& source) {
    if (source.kind == Kind::list) {
      for (const auto& item : source.items) merge(into, *item);
      return;
    }
    if (source.kind != Kind::map) {
      fail(mark_at(source.line), "'<<' merges a map, not " + std::string(kind_of(source)));
      return;
    }
    for (std::size_t i = 0; i < source.members.size(); ++i) {
      const auto& [key, value] = source.members[i];
      if (!into.keys.insert(key).second) continue;
      into.node->members.emplace_back(key, value);
      into.node->key_lines.push_back(source.key_lines[i]);
      into.node->size += value->size;
    }
  }

  void attach(const YAML::Mark& mark, NodePtr node) {
    total_ += node->is_scalar() || node->size > 1 ? node->size : 1;
    if (total_ > kMaxNodes) {
      fail(mark, "more than " + std::to_string(kMaxNodes) + " values, aliases counted",
           "move long lists into a JSON file");
      return;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& parent = open_.back();
    if (parent.node->kind == Kind::list) {
      parent.node->size += node->size;
      parent.node->items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, mark, *node);
    } else {
      put_member(parent, std::move(node));
    }
  }

  void take_key(Open& parent, const YAML::Mark& mark, const Node& node) {
    if (!node.is_scalar()) {
      fail(mark, "a key must be a word");
      return;
    }
    parent.has_key = true;
    parent.key = node.text;
    parent.key_line = node.line;
    if (parent.key != "<<" && !parent.keys.insert(parent.key).second) {
      fail(mark, "'" + parent.key + "' is there twice");
    }
  }

  static void put_member(Open& parent, NodePtr node) {
    parent.has_key = false;
    if (parent.key == "<<") {
      parent.merged.push_back(std::move(node));
      return;
    }
    parent.node->size += node->size;
    parent.node->members.emplace_back(std::move(parent.key), std::move(node));
    parent.node->key_lines.push_back(parent.key_line);
  }

  const std::string& name_;
  std::optional<Error> error_;
  NodePtr root_;
  int documents_ = 0;
  std::size_t total_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
};

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

void append_json(std::string& out, const Node& node) {
  switch (node.kind) {
    case Kind::null:
      out += "null";
      return;
    case Kind::boolean:
      out += to_lower(node.text);
      return;
    case Kind::integer:
      out += std::to_string(*parse_int(node.text.substr(node.text[0] == '+' ? 1 : 0)));
      return;
    case Kind::real:
      out += number_text(*parse_double(node.text.substr(node.text[0] == '+' ? 1 : 0)));
      return;
    case Kind::text:
      append_json_string(out, node.text);
      return;
    case Kind::list:
      out += '[';
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ',';
        append_json(out, *node.items[i]);
      }
      out += ']';
      return;
    case Kind::map:
      out += '{';
      for (std::size_t i = 0; i < node.members.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, node.members[i].first);
        out += ':';
        append_json(out, *node.members[i].second);
      }
      out += '}';
      return;
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return value.get();
  }
  return nullptr;
}

Error error_at(const std::string& name, int line, const std::string& message, std::string hint) {
  return invalid(name + ":" + std::to_string(line) + ": " + message, std::move(hint));
}

Result<NodePtr> parse(std::string_view text, const std::string& name) {
  if (text.size() > kMaxBytes) {
    return invalid(name + ": larger than " + std::to_string(kMaxBytes >> 20) + " MiB");
  }
  Builder builder(name);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (builder.error() == nullptr && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    if (builder.error() != nullptr) return *builder.error();
    return error_at(name, e.mark.is_null() ? 1 : e.mark.line + 1, "malformed YAML: " + e.msg);
  } catch (const std::exception& e) {
    return invalid(name + ": malformed YAML: " + std::string(e.what()));
  }
  if (builder.error() != nullptr) return *builder.error();
  if (builder.root() == nullptr) return error_at(name, 1, "the file is empty");
  return builder.root();
}

Result<void> only(const Node& map, const std::vector<std::string_view>& allowed,
                  const std::string& name, std::string_view what) {
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    const auto& key = map.members[i].first;
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    std::string hint;
    if (const auto meant = nearest(key, allowed); !meant.empty()) {
      hint = "did you mean '" + meant + "'?";
    } else {
      for (const auto word : allowed) (hint += hint.empty() ? "known: " : ", ") += word;
    }
    return error_at(name, map.key_lines[i],
                    "unknown key '" + key.substr(0, 80) + "' in " + std::string(what), hint);
  }
  return {};
}

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
    case Kind::real:
      return "a number";
    case Kind::text:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "a value";
}

std::string to_json(const Node& node) {
  std::string out;
  append_json(out, node);
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& words) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : words) {
    const auto distance = edits(to_lower(word), to_lower(candidate));
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace slipway::yaml

// SPDX-License-Identifier: Apache-2.0
// Writing pointer files: fresh ones in DVC's order, existing ones by changing lines in place.
#include <algorithm>

#include "base/text.h"
#include "dvc_file.h"
#include "yaml_text.h"

namespace slipway::wire::dvc {
namespace {

struct Field {
  std::string key;
  std::string value;  // empty: the key goes away
};

// In the order in which DVC writes them.
std::vector<Field> hash_fields(const Output& out) {
  const auto number = [](const std::optional<std::uint64_t>& n) {
    return n ? std::to_string(*n) : std::string();
  };
  return {{"md5", yaml_scalar(out.md5)},
          {"size", number(out.size)},
          {"nfiles", number(out.nfiles)},
          {"isexec", out.executable ? "true" : ""},
          {"hash", "md5"}};
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// The lines of one output: its first line ("- md5: ..") and one past its last.
struct Block {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t indent = 0;  // of its keys
};

bool is_content(std::string_view line) {
  const auto text = trim(line);
  return !text.empty() && !text.starts_with('#');
}

std::optional<Block> find_block(const std::vector<std::string>& lines, std::size_t index) {
  std::size_t at = 0;
  while (at < lines.size() && trim(lines[at]) != "outs:") ++at;
  std::optional<std::size_t> dash;
  std::optional<Block> found;
  std::size_t seen = 0;
  for (++at; at < lines.size(); ++at) {
    if (!is_content(lines[at])) continue;
    const auto indent = indent_of(lines[at]);
    const bool item = lines[at].substr(indent).starts_with("- ");
    if (!dash && !item) return std::nullopt;
    if (!dash) dash = indent;
    if (indent < *dash || (indent == *dash && !item)) break;
    if (indent != *dash) continue;
    if (found) break;
    if (seen++ == index) found = Block{at, lines.size(), indent + 2};
  }
  if (found) found->end = at;
  // Comments and blank lines behind the block belong to what follows.
  while (found && found->end > found->first + 1 && !is_content(lines[found->end - 1])) --found->end;
  return found;
}

std::string_view key_of(std::string_view line, const Block& block, bool first) {
  if (!first && indent_of(line) != block.indent) return {};
  line.remove_prefix(std::min(line.size(), block.indent));
  const auto colon = line.find(':');
  return colon == line.npos ? std::string_view() : trim(line.substr(0, colon));
}

// " # comment" at the end of a line whose value is plain, if there is one.
std::string comment_of(std::string_view line) {
  const auto at = line.find(" #");
  return at == line.npos ? "" : " " + std::string(trim(line.substr(at)));
}

void set_field(std::vector<std::string>& lines, Block& block, const Field& field,
               std::size_t& insert_at) {
  for (std::size_t i = block.first; i < block.end; ++i) {
    const bool first = i == block.first;
    if (key_of(lines[i], block, first) != field.key) continue;
    auto lead = lines[i].substr(0, block.indent);
    if (!field.value.empty()) {
      const auto comment = comment_of(lines[i]);
      lines[i] = lead + field.key + ": " + field.value + comment;
      insert_at = i + 1;
    } else if (block.end - block.first > 1) {
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
      --block.end;
      if (first) lines[i].replace(0, block.indent, lead);
    }
    return;
  }
  if (field.value.empty()) return;
  std::string lead(block.indent, ' ');
  if (insert_at == block.first) {  // before the first key: it takes over the dash
    std::string old = lines[block.first].substr(0, block.indent);
    lines[block.first].replace(0, block.indent, lead);
    lead = old;
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(insert_at),
               lead + field.key + ": " + field.value);
  ++block.end;
  ++insert_at;
}

Error unchangeable() {
  return precondition("a pointer in flow style cannot be changed in place",
                      "write its outs as a block list, or remove the file and add the data again");
}

// Whether `text` reads as `before` with that one output changed. Lines are changed by their looks;
// this is what makes sure.
bool says(const std::string& text, const std::string& before, std::size_t index,
          const Output& out) {
  const auto now = parse_dvc_file(text, "the pointer");
  const auto old = parse_dvc_file(before, "the pointer");
  if (!now || !old || now->outs.size() != old->outs.size() || index >= now->outs.size()) {
    return false;
  }
  for (std::size_t i = 0; i < now->outs.size(); ++i) {
    const auto& wanted = i == index ? out : old->outs[i];
    const auto& found = now->outs[i];
    if (found.path != old->outs[i].path || found.cached != old->outs[i].cached ||
        found.md5 != wanted.md5 || found.size != wanted.size || found.nfiles != wanted.nfiles ||
        found.executable != wanted.executable) {
      return false;
    }
  }
  return now->wdir == old->wdir && now->frozen == old->frozen;
}

}  // namespace

std::string write_dvc_file(const Output& out, const std::string& desc) {
  std::string text = "outs:\n";
  std::string lead = "- ";
  auto fields = hash_fields(out);
  fields.push_back({"path", yaml_scalar(out.path)});
  if (!desc.empty()) fields.push_back({"desc", yaml_scalar(desc)});
  if (!out.cached) fields.push_back({"cache", "false"});
  for (const auto& field : fields) {
    if (field.value.empty()) continue;
    text += lead + field.key + ": " + field.value + "\n";
    lead = "  ";
  }
  return text;
}

Result<std::string> update_dvc_file(const std::string& text, std::size_t index, const Output& out) {
  std::vector<std::string> lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  auto block = find_block(lines, index);
  if (!block) return unchangeable();
  std::size_t insert_at = block->first;
  for (const auto& field : hash_fields(out)) set_field(lines, *block, field, insert_at);
  std::string joined;
  for (std::size_t i = 0; i < lines.size(); ++i) joined += (i == 0 ? "" : "\n") + lines[i];
  if (!says(joined, text, index, out)) return unchangeable();
  return joined;
}

}  // namespace slipway::wire::dvc

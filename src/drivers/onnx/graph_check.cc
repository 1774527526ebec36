// SPDX-License-Identifier: Apache-2.0
// Walks the protobuf of a ModelProto without the protobuf library: only the few fields that lead to
// tensors are followed. Field numbers are those of the published onnx.proto.
#include "graph_check.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace slipway::drivers::onnx {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 48;

enum class Kind { model, graph, node, attribute, tensor, sparse, function };

// The message kind behind a field, if we follow it.
std::optional<Kind> child(Kind kind, std::uint64_t field) {
  switch (kind) {
    case Kind::model:
      if (field == 7) return Kind::graph;
      if (field == 25) return Kind::function;
      break;
    case Kind::graph:
      if (field == 1) return Kind::node;
      if (field == 5) return Kind::tensor;
      if (field == 15) return Kind::sparse;
      break;
    case Kind::node:
      if (field == 5) return Kind::attribute;
      break;
    case Kind::attribute:
      if (field == 5 || field == 10) return Kind::tensor;
      if (field == 6 || field == 11) return Kind::graph;
      if (field == 22 || field == 23) return Kind::sparse;
      break;
    case Kind::sparse:
      if (field == 1 || field == 2) return Kind::tensor;
      break;
    case Kind::function:
      if (field == 7) return Kind::node;
      if (field == 11) return Kind::attribute;
      break;
    case Kind::tensor:
      break;
  }
  return std::nullopt;
}

struct Field {
  std::uint64_t number = 0;
  int type = 0;            // 0 varint, 1 fixed64, 2 bytes, 5 fixed32
  std::string_view bytes;  // of type 2
};

class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }

  // Nothing when the bytes are not a message.
  std::optional<Field> next() {
    const auto tag = varint();
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    Field field{.number = *tag >> 3, .type = static_cast<int>(*tag & 7)};
    switch (field.type) {
      case 0:
        if (!varint()) return std::nullopt;
        return field;
      case 1:
        return take(8) ? std::optional(field) : std::nullopt;
      case 5:
        return take(4) ? std::optional(field) : std::nullopt;
      case 2: {
        const auto length = varint();
        if (!length || *length > rest_.size()) return std::nullopt;
        field.bytes = rest_.substr(0, *length);
        rest_.remove_prefix(*length);
        return field;
      }
      default:
        return std::nullopt;
    }
  }

 private:
  bool take(std::size_t n) {
    if (rest_.size() < n) return false;
    rest_.remove_prefix(n);
    return true;
  }
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

Error damaged() {
  return {Code::data_loss, "the ONNX file is truncated or damaged", "log the model again"};
}

struct External {
  std::string location;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

Result<void> check_external(const External& external, const std::string& folder) {
  std::error_code error;
  const auto root = fs::canonical(folder, error);
  if (error) return invalid("cannot open the model folder: " + error.message());
  const fs::path path(external.location);
  const std::string quoted = "external data '" + external.location + "'";
  const auto file = fs::weakly_canonical(root / path, error);
  const auto inside = file.lexically_relative(root);
  if (external.location.empty() || path.is_absolute() || error || inside.empty() ||
      *inside.begin() == "..") {
    return invalid(quoted + " lies outside the model folder",
                   "log the model with its weights inside its own folder");
  }
  const auto size = fs::file_size(file, error);
  if (error) {
    return Error{Code::data_loss, quoted + " is missing from the model folder",
                 "log the model again"};
  }
  if (external.offset > size || external.length > size - external.offset) {
    return Error{Code::data_loss, quoted + " is shorter than the graph says",
                 "log the model again"};
  }
  return {};
}

// StringStringEntryProto: key = 1, value = 2.
bool read_entry(std::string_view bytes, External& out) {
  std::string key;
  std::string value;
  for (Scanner scanner(bytes); !scanner.at_end();) {
    const auto field = scanner.next();
    if (!field) return false;
    if (field->number == 1) key = field->bytes;
    if (field->number == 2) value = field->bytes;
  }
  if (key == "location") out.location = value;
  if (key == "offset" || key == "length") {
    const auto number = parse_int(value);
    if (!number || *number < 0) return false;
    (key == "offset" ? out.offset : out.length) = static_cast<std::uint64_t>(*number);
  }
  return true;
}

// Operators that answer as much as a value of theirs says, be it of the graph or of a request.
bool is_sized_by_values(std::string_view operation) {
  static constexpr std::string_view kAll[] = {
      "BlackmanWindow", "CenterCropPad", "Col2Im",     "ConstantOfShape", "DFT",
      "Expand",         "HammingWindow", "HannWindow", "MaxUnpool",       "MelWeightMatrix",
      "OneHot",         "Pad",           "Range",      "Resize",          "STFT",
      "Tile",           "Upsample"};
  return std::find(std::begin(kAll), std::end(kAll), operation) != std::end(kAll);
}

Result<void> walk(std::string_view bytes, Kind kind, const std::string& folder, int depth,
                  GraphFacts& facts) {
  if (depth > kMaxDepth) return invalid("the ONNX file nests graphs too deeply");
  External external;
  bool has_external = false;
  for (Scanner scanner(bytes); !scanner.at_end();) {
    const auto field = scanner.next();
    if (!field) return damaged();
    if (field->type != 2) continue;
    if (kind == Kind::tensor && field->number == 13) {
      has_external = true;
      if (!read_entry(field->bytes, external)) return damaged();
    }
    if (kind == Kind::node && field->number == 4 && is_sized_by_values(field->bytes)) {
      facts.is_steady = false;
    }
    if (const auto inner = child(kind, field->number)) {
      if (kind == Kind::attribute && *inner == Kind::graph) facts.is_steady = false;
      SW_CHECK_OK(walk(field->bytes, *inner, folder, depth + 1, facts));
    }
  }
  if (has_external) return check_external(external, folder);
  return {};
}

}  // namespace

Result<GraphFacts> check_graph(std::string_view bytes, const std::string& folder) {
  if (bytes.empty()) {
    return Error{Code::data_loss, "the ONNX file is empty", "log the model again"};
  }
  bool has_graph = false;
  for (Scanner scanner(bytes); !scanner.at_end();) {
    const auto field = scanner.next();
    if (!field) return damaged();
    has_graph |= field->number == 7 && field->type == 2;
  }
  if (!has_graph) return damaged();
  GraphFacts facts;
  SW_CHECK_OK(walk(bytes, Kind::model, folder, 0, facts));
  return facts;
}

Result<GraphFacts> check_graph_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return not_found("cannot open the model file '" + path + "'");
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    return invalid("the model file '" + path + "' is not a file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  const auto folder = path.substr(0, path.rfind('/'));
  if (size == 0) {
    ::close(file);
    return check_graph({}, folder);
  }
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) return unavailable("cannot read the model file '" + path + "'");
  auto result = check_graph({static_cast<const char*>(mapped), size}, folder);
  ::munmap(mapped, size);
  return result;
}

}  // namespace slipway::drivers::onnx

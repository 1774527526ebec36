// SPDX-License-Identifier: Apache-2.0
#include "chunk.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "pack.h"

namespace slipway::monitor {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

Error damaged() {
  return {Code::data_loss, "a chunk of captured predictions is damaged", ""};
}

void add_values(const std::vector<Field>& fields, std::vector<Value>& values,
                std::vector<ChunkColumn>& columns) {
  columns.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].text) {
      std::string* text = i < values.size() ? std::get_if<std::string>(&values[i]) : nullptr;
      columns[i].texts.push_back(text != nullptr ? std::move(*text) : std::string());
    } else {
      const double* number = i < values.size() ? std::get_if<double>(&values[i]) : nullptr;
      columns[i].numbers.push_back(number != nullptr ? *number : kMissing);
    }
  }
}

bool all_single(const std::vector<double>& numbers) {
  for (const double x : numbers) {
    if (!std::isnan(x) && static_cast<double>(static_cast<float>(x)) != x) return false;
  }
  return true;
}

void pack_texts(PackWriter& out, const std::vector<std::string>& texts) {
  std::unordered_map<std::string_view, std::uint64_t> index;
  std::vector<std::string_view> words;
  for (const auto& text : texts) {
    if (index.try_emplace(text, words.size()).second) words.push_back(text);
  }
  out.number(words.size());
  for (const auto word : words) out.text(word);
  for (const auto& text : texts) out.number(index[text]);
}

bool unpack_texts(PackReader& in, std::size_t rows, std::vector<std::string>& texts) {
  std::vector<std::string> words(in.count());
  for (auto& word : words) word = in.text();
  texts.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t word = in.number();
    if (!in.ok() || word >= words.size()) return false;
    texts.push_back(words[word]);
  }
  return true;
}

void pack_columns(PackWriter& out, const std::vector<Field>& fields,
                  const std::vector<ChunkColumn>& columns) {
  out.number(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out.text(fields[i].name);
    if (fields[i].text) {
      out.number(2);
      pack_texts(out, columns[i].texts);
    } else {
      const bool single = all_single(columns[i].numbers);
      out.number(single ? 0 : 1);
      for (const double x : columns[i].numbers) {
        single ? out.float32(static_cast<float>(x)) : out.float64(x);
      }
    }
  }
}

bool unpack_columns(PackReader& in, std::size_t rows, std::vector<Field>& fields,
                    std::vector<ChunkColumn>& columns) {
  const std::size_t n = in.count();
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    fields.push_back({std::string(in.text()), false});
    auto& column = columns.emplace_back();
    const std::uint64_t kind = in.number();
    if (kind == 2) {
      fields.back().text = true;
      if (!unpack_texts(in, rows, column.texts)) return false;
      continue;
    }
    column.numbers.reserve(rows);
    for (std::size_t r = 0; r < rows && in.ok(); ++r) {
      column.numbers.push_back(kind == 0 ? static_cast<double>(in.float32()) : in.float64());
    }
  }
  return in.ok();
}

// The part of the schema that a blob holds, put beside the part that is known already.
void set_schema(Chunk& chunk, std::vector<Field>* features, std::vector<Field>* outputs) {
  auto schema = chunk.schema ? std::make_shared<Schema>(*chunk.schema) : std::make_shared<Schema>();
  if (features != nullptr) schema->features = std::move(*features);
  if (outputs != nullptr) schema->outputs = std::move(*outputs);
  chunk.schema = std::move(schema);
}

}  // namespace

void Chunk::add(Captured row) {
  ids.push_back(std::move(row.request_id));
  at.push_back(row.at.ms);
  latency_us.push_back(row.latency_us);
  shadow.push_back(row.shadow);
  errors.push_back(std::move(row.error));
  add_values(schema->features, row.features, features);
  add_values(schema->outputs, row.outputs, outputs);
}

std::uint64_t hash_of(std::string_view request_id) {  // FNV-1a, then mixed
  std::uint64_t h = 14695981039346656037u;
  for (const char c : request_id) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  h ^= h >> 33;
  return h;
}

std::string hashes_of(const Chunk& chunk) {
  std::string out(chunk.rows() * sizeof(std::uint64_t), '\0');
  for (std::size_t i = 0; i < chunk.rows(); ++i) {
    const std::uint64_t h = hash_of(chunk.ids[i]);
    std::memcpy(out.data() + i * sizeof h, &h, sizeof h);
  }
  return out;
}

std::vector<std::uint64_t> read_hashes(std::string_view bytes) {
  std::vector<std::uint64_t> out(bytes.size() / sizeof(std::uint64_t));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(std::uint64_t));
  return out;
}

std::string pack_answers(const Chunk& chunk) {
  PackWriter out;
  out.number(chunk.rows());
  std::int64_t last = 0;
  for (std::size_t i = 0; i < chunk.rows(); ++i) {
    out.text(chunk.ids[i]);
    out.signed_number(chunk.at[i] - last);
    last = chunk.at[i];
    out.number(static_cast<std::uint64_t>(std::max<std::int64_t>(chunk.latency_us[i], 0)));
    out.number(chunk.shadow[i] ? 1 : 0);
    out.text(chunk.errors[i]);
  }
  pack_columns(out, chunk.schema->outputs, chunk.outputs);
  return out.finish();
}

std::string pack_features(const Chunk& chunk) {
  PackWriter out;
  out.number(chunk.rows());
  pack_columns(out, chunk.schema->features, chunk.features);
  return out.finish();
}

Result<void> unpack_answers(std::string_view bytes, Chunk& into) {
  PackReader in(bytes);
  const std::size_t rows = in.count();
  std::int64_t last = 0;
  for (std::size_t i = 0; i < rows && in.ok(); ++i) {
    into.ids.emplace_back(in.text());
    last += in.signed_number();
    into.at.push_back(last);
    into.latency_us.push_back(static_cast<std::int64_t>(in.number()));
    into.shadow.push_back(in.number() != 0);
    into.errors.emplace_back(in.text());
  }
  std::vector<Field> fields;
  if (!unpack_columns(in, rows, fields, into.outputs)) return damaged();
  set_schema(into, nullptr, &fields);
  return {};
}

Result<void> unpack_features(std::string_view bytes, Chunk& into) {
  PackReader in(bytes);
  const std::size_t rows = static_cast<std::size_t>(in.number());
  std::vector<Field> fields;
  if (!unpack_columns(in, rows, fields, into.features)) return damaged();
  set_schema(into, &fields, nullptr);
  return {};
}

}  // namespace slipway::monitor

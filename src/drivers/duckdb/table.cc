// SPDX-License-Identifier: Apache-2.0
#include "drivers/duckdb/table.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <utility>

#include <unistd.h>

#include "base/csv.h"
#include "base/log.h"
#include "library.h"

namespace slipway::drivers::duckdb {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostColumns = 10'000;
constexpr std::size_t kMostExplained = std::size_t{64} << 20;
constexpr std::size_t kMostHeader = std::size_t{1} << 20;

Type type_of(const std::string& declared) {
  const auto starts = [&](std::string_view with) { return declared.starts_with(with); };
  if (declared.ends_with("]") || starts("STRUCT") || starts("MAP") || starts("UNION")) {
    return Type::other;
  }
  if (declared == "BOOLEAN") return Type::boolean;
  if (declared == "FLOAT" || declared == "DOUBLE" || starts("DECIMAL")) return Type::real;
  if (starts("TIMESTAMP") || declared == "DATE") return Type::time;
  if (declared.ends_with("INT") || declared == "INTEGER" || declared == "UINTEGER") {
    return Type::integer;
  }
  if (declared == "VARCHAR" || starts("ENUM") || declared == "UUID") return Type::text;
  return Type::other;
}

std::string_view text_of(const duckdb_string_t& value) {
  const auto length = value.value.inlined.length;
  const char* data = length <= 12 ? value.value.inlined.inlined : value.value.pointer.ptr;
  return {data, length};
}

std::string literal(const std::string& text) {
  return Table::literal(text);
}

struct Header {
  std::string delimiter = ",";
  std::vector<std::string> names;  // empty: packed, so DuckDB reads it
};

// The first record of a text file. Its names are taken as they stand, also one like "null".
Result<Header> header_of(const std::string& path) {
  Header out;
  if (path.ends_with(".tsv")) out.delimiter = "\t";
  if (path.ends_with(".gz") || path.ends_with(".zst")) return out;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  bool quoted = false;
  for (char c = 0; file.get(c) && text.size() < kMostHeader;) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' && !quoted) break;
    text += c == '\t' && out.delimiter == "\t" && !quoted ? ',' : c;
  }
  SW_CHECK_OK(read_csv(text, [&](auto& cells) {
    out.names = std::move(cells);
    return Result<void>{};
  }));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < out.names.size(); ++i) {
    if (out.names[i].empty()) out.names[i] = "Unnamed: " + std::to_string(i);  // a written index
    if (!seen.insert(out.names[i]).second) {
      return invalid("'" + path + "' has two columns '" + out.names[i] + "'", "rename one");
    }
  }
  return out;
}

// Why a CSV file was refused, with its line: DuckDB does not always tell.
Result<void> explain(const std::string& path) {
  if (path.ends_with(".gz") || path.ends_with(".zst") || path.ends_with(".tsv")) return {};
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostExplained, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() == kMostExplained) text.resize(text.rfind('\n') + 1);
  auto why = read_csv(text, [](auto&) { return Result<void>{}; });
  if (why) return why;
  return invalid("'" + path + "': " + why.error().message, why.error().hint);
}

Result<std::string> reader_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> first{};
  if (!file) return not_found("cannot read '" + path + "'", "name a file that is there");
  file.read(first.data(), first.size());
  const std::string_view seen(first.data(), static_cast<std::size_t>(file.gcount()));
  if (seen.empty()) return invalid("'" + path + "' is empty");
  const auto name = literal(fs::absolute(path).string());
  if (seen == "PAR1") return "read_parquet(" + name + ")";
  if (seen[0] == '{' || path.ends_with(".jsonl.gz") || path.ends_with(".jsonl.zst")) {
    return "read_json(" + name + ", format='newline_delimited', sample_size=-1)";
  }
  // Nothing is guessed but the types: a guess may take a header for data or a cell for two.
  SW_TRY(const auto header, header_of(path));
  std::string names;
  for (const auto& column : header.names) {
    names += (names.empty() ? "" : ", ") + literal(column);
  }
  if (!names.empty()) names = ", names=[" + names + "]";
  return "read_csv(" + name + ", header=true" + names + ", delim=" + literal(header.delimiter) +
         ", quote='\"', escape='\"', strict_mode=true, " + "null_padding=false, sample_size=-1, " +
         "nullstr=['', 'NA', 'NaN', 'nan', 'null', 'None'])";
}

// DuckDB's messages go on for a page; the first line says what, for CSV the second where.
std::string first_line(const char* message) {
  std::string text = message == nullptr ? "unknown error" : message;
  return text.substr(0, text.find('\n'));
}

}  // namespace

struct Table::Impl {
  const Library* library = nullptr;
  std::string path;
  std::string source = "data";  // of one column: a view of thousands is slow to look through
  fs::path spill;
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  std::vector<Field> fields;
  std::int64_t rows = 0;

  ~Impl() {
    if (connection != nullptr) library->disconnect(&connection);
    if (database != nullptr) library->close(&database);
    std::error_code ec;
    if (!spill.empty()) fs::remove_all(spill, ec);
  }

  Error error(const char* message) const {
    return Error{Code::invalid_argument, "'" + path + "' cannot be read: " + first_line(message),
                 "Parquet, CSV with a header and JSON lines are read"};
  }

  Result<void> run(const std::string& sql) const {
    duckdb_result result{};
    const auto state = library->query(connection, sql.c_str(), &result);
    Result<void> out;
    if (state != DuckDBSuccess) out = error(library->result_error(&result));
    library->destroy_result(&result);
    return out;
  }

  Result<void> open_database(const Options& options);
  Result<void> describe();
  Result<void> find_infinities();
  Result<void> stream(const std::string& sql, const std::vector<bool>& texts,
                      const Each& each) const;
  // Chunks of at least one row, until `each` fails.
  template <class EachChunk>
  Result<void> chunks(const std::string& sql, const EachChunk& each) const;
  Result<void> slices(const std::string& list, std::size_t columns, const EachNumbers& each) const;
  Piece piece_of(duckdb_vector vector, std::size_t rows, bool text) const;
};

Result<void> Table::Impl::open_database(const Options& options) {
  auto pattern = (fs::temp_directory_path() / "slipway-table-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return unavailable("cannot make a folder in '" + fs::temp_directory_path().string() + "'",
                       "set TMPDIR to a folder that can be written");
  }
  spill = pattern;
  duckdb_config config = nullptr;
  if (library->create_config(&config) != DuckDBSuccess) return error("out of memory");
  const std::pair<const char*, std::string> settings[] = {
      {"memory_limit", options.memory},       {"threads", std::to_string(options.threads)},
      {"temp_directory", spill.string()},     {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"}, {"allow_community_extensions", "false"}};
  for (const auto& [name, value] : settings) library->set_config(config, name, value.c_str());
  char* why = nullptr;
  const auto state = library->open_ext(":memory:", &database, config, &why);
  library->destroy_config(&config);
  if (state != DuckDBSuccess) {
    const auto failed = error(why);
    library->free(why);
    return failed;
  }
  if (library->connect(database, &connection) != DuckDBSuccess) return error("no connection");
  // A column is read once, the footer of a wide file again and again. Not every release knows
  // these.
  for (const char* setting :
       {"SET enable_external_file_cache=false", "SET parquet_metadata_cache=true"}) {
    if (const auto set = run(setting); !set) log::debug("duckdb.setting", {{"why", setting}});
  }
  // From here on the connection reaches this file and its own spill folder only.
  SW_CHECK_OK(run("SET TimeZone='UTC'"));
  SW_CHECK_OK(run("SET allowed_paths=[" + literal(fs::absolute(path).string()) + "]"));
  SW_CHECK_OK(run("SET enable_external_access=false"));
  return run("SET lock_configuration=true");
}

// Names and types, then the number of rows.
Result<void> Table::Impl::describe() {
  const Each add = [&](const std::vector<Piece>& columns, std::size_t count) -> Result<void> {
    for (std::size_t i = 0; i < count; ++i) {
      const auto& declared = columns[1].texts[i];
      fields.push_back({columns[0].texts[i], type_of(declared), declared});
    }
    return {};
  };
  SW_CHECK_OK(stream("SELECT column_name, column_type FROM (DESCRIBE data)", {true, true}, add));
  if (fields.size() > kMostColumns) return error("it has more than 10,000 columns");
  const Each count = [&](const std::vector<Piece>& columns, std::size_t) -> Result<void> {
    rows = static_cast<std::int64_t>(columns[0].numbers[0]);
    return {};
  };
  return stream("SELECT CAST(count(*) AS DOUBLE) FROM data", {false}, count);
}

// A column of numbers and "inf" is guessed to be one of texts.
Result<void> Table::Impl::find_infinities() {
  for (auto& field : fields) {
    if (field.declared != "VARCHAR") continue;
    const auto name = quoted(field.name);
    const auto number = "TRY_CAST(" + name + " AS DOUBLE)";
    const Each look = [&](const std::vector<Piece>& columns, std::size_t) -> Result<void> {
      if (columns[0].numbers[0] == 0 && columns[1].numbers[0] > 0) field.type = Type::real;
      return {};
    };
    SW_CHECK_OK(stream("SELECT CAST(count(*) FILTER (" + name + " IS NOT NULL AND " + number +
                           " IS NULL) AS DOUBLE), CAST(count(" + number + ") AS DOUBLE) FROM data",
                       {false, false}, look));
  }
  return {};
}

Piece Table::Impl::piece_of(duckdb_vector vector, std::size_t rows, bool text) const {
  Piece out;
  const auto* valid = library->vector_get_validity(vector);
  const void* data = library->vector_get_data(vector);
  out.missing.resize(rows);
  if (text) out.texts.resize(rows);
  if (!text) out.numbers.resize(rows, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows; ++i) {
    if (valid != nullptr && ((valid[i / 64] >> (i % 64)) & 1U) == 0) {
      out.missing[i] = true;
    } else if (text) {
      out.texts[i] = text_of(static_cast<const duckdb_string_t*>(data)[i]);
    } else {
      out.numbers[i] = static_cast<const double*>(data)[i];
      out.missing[i] = std::isnan(out.numbers[i]);
    }
  }
  return out;
}

template <class EachChunk>
Result<void> Table::Impl::chunks(const std::string& sql, const EachChunk& each) const {
  duckdb_prepared_statement statement = nullptr;
  if (library->prepare(connection, sql.c_str(), &statement) != DuckDBSuccess) {
    const auto failed = error(library->prepare_error(statement));
    library->destroy_prepare(&statement);
    return failed;
  }
  duckdb_result result{};
  const auto state = library->execute_prepared_streaming(statement, &result);
  Result<void> out;
  if (state != DuckDBSuccess) out = error(library->result_error(&result));
  while (out) {
    duckdb_data_chunk chunk = library->fetch_chunk(result);
    if (chunk == nullptr) {
      const char* why = library->result_error(&result);
      if (why != nullptr && *why != '\0') out = error(why);
      break;
    }
    const auto count = static_cast<std::size_t>(library->data_chunk_get_size(chunk));
    if (count > 0) out = each(chunk, count);
    library->destroy_data_chunk(&chunk);
    if (count == 0) break;
  }
  library->destroy_result(&result);
  library->destroy_prepare(&statement);
  return out;
}

Result<void> Table::Impl::stream(const std::string& sql, const std::vector<bool>& texts,
                                 const Each& each) const {
  return chunks(sql, [&](duckdb_data_chunk chunk, std::size_t count) {
    std::vector<Piece> columns;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      columns.push_back(piece_of(library->data_chunk_get_vector(chunk, i), count, texts[i]));
    }
    return each(columns, count);
  });
}

Table::Table(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Table::~Table() = default;

Result<std::unique_ptr<Table>> Table::open(const std::string& path, const Options& options) {
  SW_TRY(const auto reader, reader_of(path));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  SW_TRY(impl->library, Library::open(options.library));
  SW_CHECK_OK(impl->open_database(options));
  // Parquet is read in place, a column at a time; a text file is parsed once.
  const bool columnar = reader.starts_with("read_parquet");
  const std::string kind = columnar ? "VIEW" : "TABLE";
  if (columnar) impl->source = reader;
  const auto created = impl->run("CREATE " + kind + " data AS SELECT * FROM " + reader);
  if (!created && reader.starts_with("read_csv")) SW_CHECK_OK(explain(path));
  SW_CHECK_OK(created);
  SW_CHECK_OK(impl->describe());
  if (reader.starts_with("read_csv")) SW_CHECK_OK(impl->find_infinities());
  return std::unique_ptr<Table>(new Table(std::move(impl)));
}

const std::vector<Field>& Table::fields() const {
  return impl_->fields;
}

const Field* Table::find(const std::string& name) const {
  for (const auto& field : impl_->fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::int64_t Table::rows() const {
  return impl_->rows;
}

std::string Table::quoted(const std::string& column) {
  std::string out = "\"";
  for (const char c : column) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string Table::literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

Result<std::vector<Table::Found>> Table::first_rows(const std::string& condition,
                                                    const std::vector<std::string>& values,
                                                    std::size_t most) const {
  std::string list = "CAST(row_of_table AS DOUBLE)";
  for (const auto& value : values) list += ", CAST(" + value + " AS VARCHAR)";
  std::vector<bool> texts(values.size() + 1, true);
  texts[0] = false;
  std::vector<Found> out;
  const Each take = [&](const std::vector<Piece>& columns, std::size_t count) -> Result<void> {
    for (std::size_t i = 0; i < count; ++i) {
      Found found{.row = static_cast<std::int64_t>(columns[0].numbers[i])};
      for (std::size_t k = 1; k < columns.size(); ++k) found.values.push_back(columns[k].texts[i]);
      out.push_back(std::move(found));
    }
    return {};
  };
  SW_CHECK_OK(impl_->stream("SELECT " + list +
                                " FROM (SELECT row_number() OVER () AS row_of_table, * FROM data) "
                                "WHERE " +
                                condition + " LIMIT " + std::to_string(most),
                            texts, take));
  return out;
}

std::string Table::read_as(const Field& field) {
  const auto name = quoted(field.name);
  switch (field.type) {
    case Type::time:
      return "CAST(epoch_ms(CAST(" + name + " AS TIMESTAMP)) AS DOUBLE)";
    case Type::boolean:
    case Type::integer:
    case Type::real:
      return "CAST(" + name + " AS DOUBLE)";
    case Type::text:
    case Type::other:
      break;
  }
  return "CAST(" + name + " AS VARCHAR)";
}

Result<void> Table::scan(const std::vector<std::string>& columns, const Each& each) const {
  std::string list;
  std::vector<bool> texts;
  for (const auto& name : columns) {
    const auto* field = find(name);
    if (field == nullptr) return not_found("'" + impl_->path + "' has no column '" + name + "'");
    list += (list.empty() ? "" : ", ") + read_as(*field);
    texts.push_back(field->is_text());
  }
  return impl_->stream("SELECT " + list + " FROM " + impl_->source, texts, each);
}

Result<void> Table::scan_numbers(const std::vector<std::string>& columns,
                                 const EachNumbers& each) const {
  std::string list;
  for (const auto& name : columns) {
    const auto* field = find(name);
    if (field == nullptr || field->is_text()) {
      return not_found("'" + impl_->path + "' has no column of numbers '" + name + "'");
    }
    list += (list.empty() ? "" : ", ") + read_as(*field);
  }
  return impl_->slices(list, columns.size(), each);
}

Result<void> Table::scan_bits(const std::string& expression, const EachNumbers& each) const {
  return impl_->slices(expression, 1, each);
}

Result<void> Table::Impl::slices(const std::string& list, std::size_t columns,
                                 const EachNumbers& each) const {
  std::vector<Numbers> slices(columns);
  return chunks("SELECT " + list + " FROM " + source,
                [&](duckdb_data_chunk chunk, std::size_t rows) {
                  for (std::size_t i = 0; i < slices.size(); ++i) {
                    auto* vector = library->data_chunk_get_vector(chunk, i);
                    slices[i] = {static_cast<const double*>(library->vector_get_data(vector)),
                                 library->vector_get_validity(vector), rows};
                  }
                  return each(slices);
                });
}

Result<void> Table::scan_texts(const std::vector<std::string>& columns, const Each& each) const {
  std::string list;
  for (const auto& name : columns) {
    const auto* field = find(name);
    auto value = quoted(name);
    if (field == nullptr) {
      value = "NULL";
    } else if (field->type == Type::time) {
      value = "epoch_ms(CAST(" + value + " AS TIMESTAMP))";
    } else if (field->type == Type::other) {
      value = "to_json(" + value + ")";
    }
    list += (list.empty() ? "" : ", ") + ("CAST(" + value + " AS VARCHAR)");
  }
  return impl_->stream("SELECT " + list + " FROM data", std::vector<bool>(columns.size(), true),
                       each);
}

Result<void> Table::groups(const std::string& column, const Group& each) const {
  const auto* field = find(column);
  if (field == nullptr) return not_found("'" + impl_->path + "' has no column '" + column + "'");
  const auto sql = "SELECT v, CAST(count(*) AS DOUBLE) FROM (SELECT " + read_as(*field) +
                   " AS v FROM " + impl_->source + ") WHERE v IS NOT NULL" +
                   (field->is_text() ? "" : " AND NOT isnan(v)") + " GROUP BY v ORDER BY v";
  const Each pass = [&](const std::vector<Piece>& columns, std::size_t) -> Result<void> {
    return each(columns[0], columns[1].numbers);
  };
  return impl_->stream(sql, {field->is_text(), false}, pass);
}

Result<void> Table::counts(const std::string& column, const Group& each) const {
  const auto* field = find(column);
  if (field == nullptr) return not_found("'" + impl_->path + "' has no column '" + column + "'");
  // The group of the missing ones is left out afterwards: cheaper than a look at each row.
  const auto sql = "SELECT v, n FROM (SELECT v, CAST(count(*) AS DOUBLE) AS n FROM (SELECT " +
                   read_as(*field) + " AS v FROM " + impl_->source +
                   ") GROUP BY v) WHERE v IS NOT NULL" +
                   (field->is_text() ? "" : " AND NOT isnan(v)");
  const Each pass = [&](const std::vector<Piece>& columns, std::size_t) -> Result<void> {
    return each(columns[0], columns[1].numbers);
  };
  return impl_->stream(sql, {field->is_text(), false}, pass);
}

Result<std::vector<double>> Table::numbers(const std::string& expressions) const {
  std::vector<double> out;
  const Each take = [&](const std::vector<Piece>& columns, std::size_t) -> Result<void> {
    out = columns[0].numbers;
    return {};
  };
  // A list keeps the number of columns out of the statement's type.
  SW_CHECK_OK(impl_->stream(
      "SELECT CAST(unnest([" + expressions + "]) AS DOUBLE) FROM " + impl_->source, {false}, take));
  return out;
}

}  // namespace slipway::drivers::duckdb

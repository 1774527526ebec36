// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "json/value.h"
#include "store/database.h"

namespace slipway::app {
namespace {

using store::Cell;
using store::Cells;
using store::Connection;
using store::Row;

constexpr auto kColumns =
    "SELECT table_name, column_name, data_type, is_identity FROM information_schema.columns"
    " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position";
constexpr auto kReferences =
    "SELECT CAST(CAST(conrelid AS regclass) AS TEXT), CAST(CAST(confrelid AS regclass) AS TEXT)"
    " FROM pg_constraint WHERE contype = 'f'";
constexpr std::string_view kOurOwn = "schema_migrations";  // what the schema is, not what is in it
constexpr std::size_t kRowsAtOnce = 500;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::string> types;
  std::vector<std::string> counted;  // columns that count by themselves
};

std::string quoted(const std::string& name) {
  return "\"" + name + "\"";
}

Result<std::map<std::string, Table>> tables_of(Connection& db) {
  std::map<std::string, Table> out;
  SW_CHECK_OK(db.query(kColumns, {}, [&](const Row& row) {
    const std::string name(row.text(0));
    if (name == kOurOwn) return true;
    auto& table = out[name];
    table.columns.emplace_back(row.text(1));
    table.types.emplace_back(row.text(2));
    if (row.text(3) == "YES") table.counted.emplace_back(row.text(1));
    return true;
  }));
  return out;
}

// Tables that are referred to come before those that refer to them.
Result<std::vector<std::string>> in_order(Connection& db,
                                          const std::map<std::string, Table>& tables) {
  std::map<std::string, std::set<std::string>> needs;
  SW_CHECK_OK(db.query(kReferences, {}, [&](const Row& row) {
    if (row.text(0) != row.text(1)) {
      needs[std::string(row.text(0))].insert(std::string(row.text(1)));
    }
    return true;
  }));
  std::vector<std::string> out;
  std::set<std::string> done;
  while (out.size() < tables.size()) {
    const auto before = out.size();
    for (const auto& [name, table] : tables) {
      const auto& wanted = needs[name];
      if (done.contains(name) || !std::all_of(wanted.begin(), wanted.end(), [&](const auto& n) {
            return done.contains(n) || !tables.contains(n);
          })) {
        continue;
      }
      out.push_back(name);
      done.insert(name);
    }
    if (out.size() == before) return internal("the tables refer to each other in a circle");
  }
  return out;
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) append_json_string(out += out.size() > 1 ? "," : "", text);
  return out + "]";
}

std::string selection_of(const std::string& name, const Table& table) {
  std::string out = "SELECT ";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out += (i > 0 ? ", CAST(" : "CAST(") + quoted(table.columns[i]) + " AS TEXT)";
  }
  return out + " FROM " + quoted(name);
}

std::string insertion_of(const std::string& name, const Table& table) {
  std::string columns;
  std::string values;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns += (i > 0 ? ", " : "") + quoted(table.columns[i]);
    values += (i > 0 ? ", CAST(? AS " : "CAST(? AS ") + table.types[i] + ")";
  }
  return "INSERT INTO " + quoted(name) + " (" + columns + ") VALUES (" + values + ")";
}

Result<void> check_empty(Connection& db, const std::map<std::string, Table>& tables) {
  for (const auto& [name, table] : tables) {
    const std::string most = name == "experiments" ? " OFFSET 1 LIMIT 1" : " LIMIT 1";
    SW_TRY(const auto row,
           db.first("SELECT 1 FROM " + quoted(name) + most, {}, [](const Row&) { return true; }));
    if (row) {
      return precondition("the database is not empty: it has rows in '" + name + "'",
                          "name an empty one with --store, or replace its content with --force");
    }
  }
  return {};
}

// Reads the lines of a dump into the tables, one after another.
class Loading {
 public:
  Loading(Connection& db, const std::map<std::string, Table>& tables) : db_(db), tables_(tables) {}

  Result<void> line(const std::string& text) {
    SW_TRY(const auto read, json::parse_value(text));
    if (read.is_object()) {
      SW_CHECK_OK(flush());
      return begin(read);
    }
    if (!read.is_array() || read.get_array().size() != width_) {
      return Error{Code::data_loss, "the dump of table '" + table_ + "' has a damaged row", ""};
    }
    Cells cells;
    for (const auto& cell : read.get_array()) {
      if (cell.is_string()) {
        cells.emplace_back(std::string(std::string_view(cell.get_string())));
      } else {
        cells.emplace_back(nullptr);
      }
    }
    rows_.push_back(std::move(cells));
    return rows_.size() >= kRowsAtOnce ? flush() : Result<void>();
  }

  Result<void> flush() {
    if (rows_.empty()) return {};
    SW_CHECK_OK(db_.exec_many(sql_, rows_));
    rows_.clear();
    return {};
  }

 private:
  Result<void> begin(const json::value& head) {
    table_ = json::text_at(head, "table").value_or("");
    const auto known = tables_.find(table_);
    if (known == tables_.end()) {
      return precondition("the backup has a table '" + table_ + "', which this version does not",
                          "restore it with the version of Slipway that made it");
    }
    Table table;
    const auto* columns = json::find(head, "columns");
    if (columns == nullptr || !columns->is_array()) return internal("a table without columns");
    for (const auto& column : columns->get_array()) {
      if (!column.is_string()) return internal("a column without a name");
      const std::string name(std::string_view(column.get_string()));
      const auto& all = known->second.columns;
      const auto at = std::find(all.begin(), all.end(), name);
      if (at == all.end()) {
        return precondition("the backup has a column '" + table_ + "." + name +
                            "', which this version does not");
      }
      table.columns.push_back(name);
      table.types.push_back(known->second.types[static_cast<std::size_t>(at - all.begin())]);
    }
    width_ = table.columns.size();
    sql_ = insertion_of(table_, table);
    return {};
  }

  Connection& db_;
  const std::map<std::string, Table>& tables_;
  std::string table_;
  std::string sql_;
  std::size_t width_ = 0;
  std::vector<Cells> rows_;
};

Result<void> load(Connection& db, const std::string& file, bool force) {
  SW_TRY(const auto tables, tables_of(db));
  SW_TRY(const auto order, in_order(db, tables));
  if (!force) SW_CHECK_OK(check_empty(db, tables));
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    SW_CHECK_OK(db.exec("DELETE FROM " + quoted(*name)));
  }
  std::ifstream in(file, std::ios::binary);
  Loading loading(db, tables);
  for (std::string line; std::getline(in, line);) SW_CHECK_OK(loading.line(line));
  SW_CHECK_OK(loading.flush());
  for (const auto& [name, table] : tables) {
    for (const auto& column : table.counted) {
      SW_CHECK_OK(db.query("SELECT setval(pg_get_serial_sequence('" + quoted(name) + "', '" +
                               column + "'), (SELECT COALESCE(MAX(" + quoted(column) +
                               "), 0) + 1 FROM " + quoted(name) + "), false)",
                           {}, [](const Row&) { return true; }));
    }
  }
  return {};
}

}  // namespace

Result<void> dump_tables(store::Database& db, const std::string& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  SW_CHECK_OK(db.read([&](Connection& c) -> Result<void> {
    SW_TRY(const auto tables, tables_of(c));
    SW_TRY(const auto order, in_order(c, tables));
    for (const auto& name : order) {
      const auto& table = tables.at(name);
      std::string line = "{\"table\":";
      append_json_string(line, name);
      out << line << ",\"columns\":" << list_of(table.columns)
          << ",\"types\":" << list_of(table.types) << "}\n";
      SW_CHECK_OK(c.query(selection_of(name, table), {}, [&](const Row& row) {
        line = "[";
        for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) {
          if (i > 0) line += ',';
          if (row.is_null(i)) {
            line += "null";
          } else {
            append_json_string(line, row.text(i));
          }
        }
        out << line << "]\n";
        return out.good();
      }));
    }
    return {};
  }));
  out.flush();
  if (!out) return exhausted("cannot write '" + file + "'", "free some space and repeat");
  return {};
}

Result<void> load_tables(const std::string& url, const std::string& file, bool force) {
  SW_TRY(const auto db, store::Database::open(url));
  if (db->dialect() != store::Dialect::postgres) {
    return precondition("this is the backup of a PostgreSQL store",
                        "name a PostgreSQL database with --store");
  }
  return db->write([&](Connection& c) { return load(c, file, force); });
}

}  // namespace slipway::app

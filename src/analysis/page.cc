// SPDX-License-Identifier: Apache-2.0
#include "embedded.h"
#include "page_parts.h"

namespace slipway::analysis {
namespace {

std::string_view part(std::string_view path) {
  for (const auto& file : embedded_files()) {
    if (file.path == path) return file.bytes;
  }
  return {};
}

// JSON inside a script element: "<" may not begin a tag there.
std::string inside_script(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

bool Room::take(const json::value& value) {
  const auto size = inside_script(json::dump_value(value)).size() + 1;
  if (size > left_) return false;
  left_ -= size;
  return true;
}

std::string page_of(const std::string& kind, const std::string& title, const json::object& data) {
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += "<title>" + escaped(title) + "</title>\n<style>\n";
  out += part("report.css");
  out += "</style>\n</head>\n<body>\n<main id=\"report\"></main>\n";
  out += "<noscript>This report is drawn by a script inside this file.</noscript>\n";
  out += "<script type=\"application/json\" id=\"data\">";
  out += inside_script(json::dump_value(data));
  out += "</script>\n<script>\n";
  out += part("report.js");
  out += part(kind + ".js");
  out += "</script>\n</body>\n</html>";
  return out;
}

json::array rounded(const std::vector<double>& shares, double scale) {
  json::array out;
  for (const double x : shares) {
    if (std::isfinite(x)) {
      out.push_back(static_cast<std::int64_t>(std::llround(x * scale)));
    } else {
      out.push_back(nullptr);
    }
  }
  return out;
}

json::value rounded(const Matrix& matrix) {
  json::array out;
  for (const auto& row : matrix) out.push_back(rounded(row, 100));
  return out;
}

json::value short_number(double x) {
  if (!std::isfinite(x)) return nullptr;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.5g", x);
  return std::strtod(buffer, nullptr);
}

json::array short_numbers(const std::vector<double>& numbers) {
  json::array out;
  for (const double x : numbers) out.push_back(short_number(x));
  return out;
}

json::array labels(const std::vector<std::string>& names) {
  json::array out;
  for (const auto& name : names) out.push_back(json::value(clipped(name, kMostName)));
  return out;
}

}  // namespace slipway::analysis

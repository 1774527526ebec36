// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

namespace slipway::cli {
namespace {

// Columns that a text takes: UTF-8 continuation bytes take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string span_of(std::int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void append_row(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out += row[i];
    if (i + 1 < row.size()) out.append(widths[i] + 2 - width_of(row[i]), ' ');
  }
  out += '\n';
}

}  // namespace

void print_table(const Row& head, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(head.size());
  const auto widen = [&](const Row& row) {
    for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  };
  widen(head);
  for (const auto& row : rows) widen(row);
  std::string out;
  append_row(out, head, widths);
  for (auto row : rows) {
    row.resize(head.size());
    append_row(out, row, widths);
  }
  print(out);
}

Result<void> write_document(const std::string& where, const std::string& text) {
  if (where == "-") {
    print_line(text);
    return {};
  }
  std::FILE* file = std::fopen(where.c_str(), "we");
  const bool written = file != nullptr &&
                       std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fputc('\n', file) != EOF;
  const int error = errno;
  if (file != nullptr && std::fclose(file) != 0) return invalid("cannot write '" + where + "'");
  if (!written) return invalid("cannot write '" + where + "': " + std::strerror(error));
  return {};
}

bool is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)),
      total_(total),
      shown_(is_terminal()),
      began_ns_(system_clock().monotonic_ns()) {}

Progress::~Progress() {
  if (drawn_ns_ != 0) std::fputs("\r\x1b[K", stderr);
}

void Progress::set(std::uint64_t done) {
  done_ = done;
  if (!shown_) return;
  const auto now = system_clock().monotonic_ns();
  if (now - began_ns_ < 1'000'000'000) return;
  if (now - drawn_ns_ < 100'000'000 && done_ != total_) return;
  drawn_ns_ = now;
  draw();
}

void Progress::draw() {
  const auto seconds = static_cast<double>(drawn_ns_ - began_ns_) * 1e-9;
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string right = " " + std::to_string(done_);
  std::string bar;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    constexpr std::size_t kBar = 24;
    const auto full = static_cast<std::size_t>(share * kBar);
    bar = " [" + std::string(full, '#') + std::string(kBar - full, '.') + "] " +
          std::to_string(static_cast<int>(share * 100)) + " %";
    right += "/" + std::to_string(total_);
    if (rate > 0 && done_ < total_) {
      const auto left = static_cast<double>(total_ - done_) / rate;
      right += ", " + span_of(static_cast<std::int64_t>(left + 0.5)) + " left";
    }
  }
  std::string line = what_ + bar + right;
  const auto width = terminal_width();
  if (line.size() >= width) line.resize(width - 1);
  std::fputs(("\r" + line + "\x1b[K").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace slipway::cli

// SPDX-License-Identifier: Apache-2.0
#include "data/read_files.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/ids.h"
#include "blob/hash.h"

namespace slipway::data {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::stringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class ReadFilesTest : public ::testing::Test {
 protected:
  ReadFilesTest() { fs::create_directory(folder_); }
  ~ReadFilesTest() override { fs::remove_all(folder_); }

  std::string path(std::size_t i) const { return folder_ + "/" + std::to_string(i); }
  void make(std::size_t i, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t k = 0; k < size; ++k) text[k] = static_cast<char>(k * 31 + i * 7 + k / 1000);
    std::ofstream(path(i), std::ios::binary) << text;
  }

  std::string folder_ = fs::temp_directory_path() / ("slipway_" + system_ids().hex32());
};

TEST_F(ReadFilesTest, EveryLengthIsHashedAndLargeOnesAreCopied) {
  // Around the piece of 64 KiB, around what is hashed alone, and many small ones.
  const std::vector<std::size_t> sizes{0,     1,     63,      64,        65535,         65536,
                                       65537, 70000, 1 << 20, 5'000'001, (4 << 20) + 1, 200'000};
  std::size_t count = sizes.size() + 100;
  for (std::size_t i = 0; i < count; ++i) make(i, i < sizes.size() ? sizes[i] : i * 13);
  std::mutex mutex;
  std::map<std::size_t, std::string> contents;
  std::atomic<std::size_t> bytes = 0;

  read_files(
      {.count = count,
       .file =
           [&](std::size_t i) {
             return FileToRead{path(i), path(i) + ".copy"};
           },
       .done =
           [&](std::size_t i, Result<FileRead>&& read) {
             const std::scoped_lock lock(mutex);
             if (!read) {
               ADD_FAILURE() << read.error().message;
               return true;
             }
             EXPECT_EQ(hex_of(read->md5), blob::hash_of(blob::Hasher::Kind::md5, text_of(path(i))));
             EXPECT_NE(read->in_memory, read->copied);
             contents[i] = read->copied ? text_of(path(i) + ".copy") : std::string(read->content);
             return true;
           },
       .on_bytes = [&](std::size_t n) { bytes += n; }});

  ASSERT_EQ(contents.size(), count);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(contents[i] == text_of(path(i))) << i;
    total += fs::file_size(path(i));
  }
  EXPECT_EQ(bytes, total);
}

TEST_F(ReadFilesTest, OneAloneIsCopiedWhileItIsHashed) {
  make(0, 9'000'001);
  const auto mode = 0640;
  read_files({.count = 1,
              .file =
                  [&](std::size_t) {
                    return FileToRead{path(0), path(1), mode};
                  },
              .done =
                  [&](std::size_t, Result<FileRead>&& read) {
                    EXPECT_TRUE(read);
                    EXPECT_EQ(hex_of(read->md5),
                              blob::hash_of(blob::Hasher::Kind::md5, text_of(path(0))));
                    return true;
                  },
              .on_bytes = {}});
  EXPECT_TRUE(text_of(path(0)) == text_of(path(1)));
  EXPECT_EQ(fs::status(path(1)).permissions(), static_cast<fs::perms>(mode));
}

TEST_F(ReadFilesTest, WhatCannotBeReadOrWrittenIsNamedAndTheOthersGoOn) {
  make(0, 100'000);
  make(2, 100'000);
  std::map<std::size_t, Code> failed;
  std::mutex mutex;
  std::atomic<int> well = 0;
  read_files({.count = 3,
              .file =
                  [&](std::size_t i) {
                    return FileToRead{path(i), i == 2 ? folder_ + "/none/x" : path(i) + ".copy"};
                  },
              .done =
                  [&](std::size_t i, Result<FileRead>&& read) {
                    const std::scoped_lock lock(mutex);
                    if (!read) failed[i] = read.error().code;
                    well += read ? 1 : 0;
                    return true;
                  },
              .on_bytes = {}});
  EXPECT_EQ(well, 1);
  EXPECT_EQ(failed, (std::map<std::size_t, Code>{{1, Code::not_found}, {2, Code::not_found}}));
}

TEST_F(ReadFilesTest, ItStopsWhenItIsTold) {
  // What was begun is finished: a turn of every thread.
  const std::size_t count = 64 * std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) make(i, 10);
  std::atomic<int> calls = 0;
  read_files({.count = count,
              .file =
                  [&](std::size_t i) {
                    return FileToRead{path(i), {}};
                  },
              .done = [&](std::size_t, Result<FileRead>&&) { return ++calls < 3; },
              .on_bytes = {}});
  EXPECT_LT(calls, static_cast<int>(count));
}

}  // namespace
}  // namespace slipway::data

// SPDX-License-Identifier: Apache-2.0
// Typed series and what runs print, on both dialects.
#include "tracking/series.h"

#include <gtest/gtest.h>

#include "store/test_database.h"
#include "tracking/console.h"
#include "tracking/erase.h"
#include "tracking/tracking.h"

namespace slipway::tracking {
namespace {

class Nobody : public EventSink {
 public:
  void publish(Event) override {}
};

class SeriesTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  static SeriesEntry text(std::string key, Step step, std::string content, std::int64_t at = 5) {
    return {.key = std::move(key),
            .kind = SeriesKind::text,
            .step = step,
            .at = {at},
            .content = "\"" + content + "\""};
  }
  static SeriesEntry of_kind(SeriesKind kind, std::string content) {
    return {.key = "k", .kind = kind, .content = std::move(content)};
  }
  std::vector<std::string> contents(const std::string& key, std::optional<Step> since = {},
                                    std::size_t at_once = 2) {
    std::vector<std::string> out;
    std::string token;
    do {
      const auto page = tracking_.series().entries(run_, key, since, {at_once, token});
      if (!page) return {page.error().message};
      for (const auto& entry : page->items) {
        out.push_back(entry.step.text() + ":" + entry.content + entry.path);
      }
      token = page->next_token;
    } while (!token.empty());
    return out;
  }
  std::vector<std::string> lines(std::int64_t from, std::size_t limit = 100) {
    const auto page = tracking_.console().read(run_, from, limit);
    std::vector<std::string> out;
    for (const auto& line : page->lines) {
      out.push_back((line.stream == ConsoleStream::err ? "!" : "") + line.text);
    }
    return out;
  }
  static ConsoleLine line(std::string text, ConsoleStream stream = ConsoleStream::out) {
    return {stream, {7}, std::move(text)};
  }

  store::TestDatabase db_{GetParam()};
  Nobody events_;
  FakeClock clock_{1'000};
  FakeIds ids_;
  Tracking tracking_{db_, events_, clock_, ids_};
  RunId run_ = tracking_.runs().start({.experiment = ExperimentId("0")})->id;
};

using Texts = std::vector<std::string>;

TEST_P(SeriesTest, EntriesComeBackByExactDecimalSteps) {
  ASSERT_TRUE(tracking_.series().add(
      run_, {text("note", {2, 500'000'000}, "late"), text("note", {-1, 750'000'000}, "before zero"),
             text("note", {0, 1}, "a billionth"), text("note", {2}, "two")}));
  EXPECT_EQ(contents("note"), (Texts{"-0.25:\"before zero\"", "0.000000001:\"a billionth\"",
                                     "2:\"two\"", "2.5:\"late\""}));
  EXPECT_EQ(contents("note", Step(2)), (Texts{"2:\"two\"", "2.5:\"late\""}));
  EXPECT_EQ(contents("nothing"), Texts{});
}

TEST_P(SeriesTest, TheSameEntryIsKeptOnceAndAnotherOfTheSameStepBeside) {
  ASSERT_TRUE(tracking_.series().add(run_, {text("note", 1, "a"), text("note", 1, "b")}));
  ASSERT_TRUE(tracking_.series().add(run_, {text("note", 1, "a")}));
  const auto all = *tracking_.series().list(run_, {});
  ASSERT_EQ(all.items.size(), 1u);
  EXPECT_EQ(all.items[0].entries, 2);
  EXPECT_EQ(contents("note").size(), 2u);
}

TEST_P(SeriesTest, TheListSaysKindsAndRangesPageByPage) {
  ASSERT_TRUE(tracking_.series().add(
      run_, {text("b", 1, "x"),
             text("b", {3, 500'000'000}, "y", 9),
             {.key = "a", .kind = SeriesKind::image, .step = 7, .path = "images/a.png"}}));
  const auto first = *tracking_.series().list(run_, {.size = 1});
  ASSERT_EQ(first.items.size(), 1u);
  EXPECT_EQ(first.items[0].key, "a");
  EXPECT_EQ(first.items[0].kind, SeriesKind::image);
  const auto second = *tracking_.series().list(run_, {.size = 1, .token = first.next_token});
  ASSERT_EQ(second.items.size(), 1u);
  EXPECT_EQ(second.items[0].first.text() + ".." + second.items[0].last.text(), "1..3.5");
  EXPECT_EQ(second.items[0].last_at.ms, 9);
  EXPECT_TRUE(second.next_token.empty());
}

TEST_P(SeriesTest, AKeyKeepsItsKindAndABadEntryKeepsNothing) {
  ASSERT_TRUE(tracking_.series().add(run_, {text("note", 1, "a")}));
  const auto other = tracking_.series().add(
      run_,
      {text("new", 1, "a"), {.key = "note", .kind = SeriesKind::image, .path = "images/a.png"}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::invalid_argument);
  EXPECT_EQ(contents("new"), Texts{});
}

TEST_P(SeriesTest, ContentMustFitItsKind) {
  for (const auto& good :
       {of_kind(SeriesKind::histogram, R"({"edges": [0, 1, 2.5], "counts": [3, 0]})"),
        of_kind(SeriesKind::table, R"({"columns": ["a"], "data": [[1], ["x"]]})"),
        of_kind(SeriesKind::table, R"({"columns": [], "data": []})"),
        of_kind(SeriesKind::text, R"("")")}) {
    EXPECT_TRUE(check_entry(good)) << good.content;
  }
  for (const auto& bad :
       {of_kind(SeriesKind::histogram, R"({"edges": [0, 1], "counts": [3, 0]})"),
        of_kind(SeriesKind::histogram, R"({"edges": [1, 0], "counts": [3]})"),
        of_kind(SeriesKind::histogram, R"({"edges": [0, "NaN"], "counts": [3]})"),
        of_kind(SeriesKind::histogram, R"({"edges": [0, 1], "counts": [-1]})"),
        of_kind(SeriesKind::histogram, R"({"edges": [0], "counts": []})"),
        of_kind(SeriesKind::table, R"({"columns": ["a"], "data": [[1, 2]]})"),
        of_kind(SeriesKind::table, R"([1])"), of_kind(SeriesKind::text, R"({"a": 1})"),
        of_kind(SeriesKind::text, "no json"), of_kind(SeriesKind::image, R"("x")"),
        of_kind(SeriesKind::text, "\"" + std::string(kSeriesContentLimit, 'x') + "\""),
        of_kind(SeriesKind::text, "")}) {
    EXPECT_FALSE(check_entry(bad)) << bad.content.substr(0, 80);
  }
  for (const auto* path : {"../x.png", "/x.png", "a//b", "a/./b", "a\nb", "\xff.png"}) {
    EXPECT_FALSE(check_entry({.key = "k", .kind = SeriesKind::image, .path = path})) << path;
  }
  for (const auto& key : {std::string(), std::string(1025, 'k'), std::string("a\tb")}) {
    EXPECT_FALSE(check_entry({.key = key, .kind = SeriesKind::image, .path = "p"})) << key;
  }
}

TEST_P(SeriesTest, ADeletedRunTakesNothing) {
  ASSERT_TRUE(tracking_.runs().remove(run_));
  EXPECT_EQ(tracking_.series().add(run_, {text("a", 1, "x")}).error().code,
            Code::failed_precondition);
  EXPECT_EQ(tracking_.console().append(run_, {line("x")}, {}).error().code,
            Code::failed_precondition);
  EXPECT_EQ(tracking_.series().add(RunId("none"), {}).error().code, Code::not_found);
}

TEST_P(SeriesTest, LinesAreNumberedAndReadFromAnywhere) {
  auto& console = tracking_.console();
  EXPECT_EQ(*console.append(run_, {line("a"), line("b", ConsoleStream::err)}, {}), 2);
  EXPECT_EQ(*console.append(run_, {line("")}, {}), 3);
  EXPECT_EQ(lines(0), (Texts{"a", "!b", ""}));
  EXPECT_EQ(lines(1, 1), Texts{"!b"});
  EXPECT_EQ(lines(-1), Texts{""});
  EXPECT_EQ(lines(3), Texts{});
  EXPECT_EQ(lines(99), Texts{});
}

TEST_P(SeriesTest, ARepeatedChunkIsKeptOnceAndAGapIsRefused) {
  auto& console = tracking_.console();
  EXPECT_EQ(*console.append(run_, {line("a"), line("b")}, 0), 2);
  EXPECT_EQ(*console.append(run_, {line("a"), line("b")}, 0), 2);
  EXPECT_EQ(*console.append(run_, {line("b"), line("c")}, 1), 3);
  EXPECT_EQ(lines(0), (Texts{"a", "b", "c"}));
  EXPECT_EQ(console.append(run_, {line("e")}, 4).error().code, Code::conflict);
  // Another writer's line stands there: nothing is taken for a repetition that is none.
  EXPECT_EQ(console.append(run_, {line("other"), line("d")}, 2).error().code, Code::conflict);
  EXPECT_EQ(lines(0), (Texts{"a", "b", "c"}));
}

TEST_P(SeriesTest, LinesOverManyRowsAreFoundByTheirNumbers) {
  auto& console = tracking_.console();
  const std::string wide(1'000, 'x');
  std::int64_t number = 0;
  for (int chunk = 0; chunk < 20; ++chunk) {
    std::vector<ConsoleLine> some;
    for (int i = 0; i < 50; ++i) some.push_back(line(std::to_string(number++) + wide));
    ASSERT_TRUE(console.append(run_, std::move(some), {}));
  }
  for (const std::int64_t at : {0, 63, 64, 499, 999}) {
    const auto page = *console.read(run_, at, 1);
    ASSERT_EQ(page.lines.size(), 1u) << at;
    EXPECT_EQ(page.lines[0].text, std::to_string(at) + wide);
    EXPECT_EQ(page.total, 1000);
  }
  const auto rows = *db_->read([](store::Connection& c) {
    return c.first("SELECT COUNT(*) FROM run_console", {},
                   [](const store::Row& row) { return row.int64(0); });
  });
  EXPECT_GT(*rows, 10);
  EXPECT_LT(*rows, 30);
}

TEST_P(SeriesTest, WhatIsNoTextIsMadeOne) {
  auto& console = tracking_.console();
  ASSERT_TRUE(
      console.append(run_,
                     {line("a\xff"
                           "b"),
                      line(std::string("n\0l", 3)), line(std::string(kConsoleLineLimit + 5, 'y'))},
                     {}));
  const auto all = lines(0);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0],
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(all[1], "n\xEF\xBF\xBDl");
  EXPECT_TRUE(all[2].ends_with("y [.. 5 bytes more]"));
  EXPECT_FALSE(console.append(run_, {line("a\nb")}, {}));
}

TEST_P(SeriesTest, AConsoleEndsWithItsRun) {
  EXPECT_FALSE(tracking_.console().read(run_, 0, 1)->ended);
  ASSERT_TRUE(tracking_.runs().change(run_, {.status = RunStatus::failed}));
  EXPECT_TRUE(tracking_.console().read(run_, 0, 1)->ended);
}

TEST_P(SeriesTest, NothingIsLeftOfAnErasedRun) {
  ASSERT_TRUE(tracking_.series().add(run_, {text("a", 1, "x")}));
  ASSERT_TRUE(tracking_.console().append(run_, {line("x")}, {}));
  ASSERT_TRUE(tracking_.runs().remove(run_));
  ASSERT_TRUE(*db_->write([&](store::Connection& c) { return erase_run(c, run_); }));
  for (const std::string table : {"run_series", "run_series_entries", "run_console"}) {
    const auto left = *db_->read([&](store::Connection& c) {
      return c.first("SELECT COUNT(*) FROM " + table, {},
                     [](const store::Row& row) { return row.int64(0); });
    });
    EXPECT_EQ(*left, 0) << table;
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, SeriesTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::tracking

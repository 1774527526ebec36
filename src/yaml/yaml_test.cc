// SPDX-License-Identifier: Apache-2.0
#include "yaml/yaml.h"

#include <gtest/gtest.h>

namespace slipway::yaml {
namespace {

std::string json(std::string_view text) {
  const auto node = parse(text, "f.yaml");
  return node ? to_json(**node) : node.error().message;
}

std::string error_of(const std::string& text) {
  const auto node = parse(text, "f.yaml");
  return node ? "" : node.error().message;
}

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
  EXPECT_EQ(json("[1, -2, 1.5, 1e3, true, False, ~, '', null, yes, 2013-04, '7', 007, 1.2.3]"),
            R"([1,-2,1.5,1000,true,false,null,"",null,"yes","2013-04","7","007","1.2.3"])");
}

TEST(Yaml, MapsKeepTheirOrderAndTheirLines) {
  const auto node = parse("b: 1\na:\n  - x\n  - y\n", "f.yaml");

  ASSERT_TRUE(node);
  EXPECT_EQ(to_json(**node), R"({"b":1,"a":["x","y"]})");
  EXPECT_EQ((*node)->key_lines, (std::vector<int>{1, 2}));
  EXPECT_EQ((*node)->find("a")->items[1]->line, 4);
  EXPECT_EQ((*node)->find("c"), nullptr);
}

TEST(Yaml, AliasesAndMergeKeysStandForTheirValues) {
  EXPECT_EQ(json("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}"),
            R"({"a":{"p":1,"q":2},"b":{"p":1,"q":2},"c":{"q":3,"p":1}})");
}

TEST(Yaml, MistakesNameTheLine) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "f.yaml:3: 'a' is there twice");
  EXPECT_TRUE(error_of("a: 1\n b: [\n").starts_with("f.yaml:2: malformed YAML"))
      << error_of("a: 1\n b: [\n");
  EXPECT_EQ(error_of(""), "f.yaml:1: the file is empty");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "f.yaml:2: only one document is wanted here");
  EXPECT_NE(error_of("a: !!python/object:os.system x").find("is not known here"),
            std::string::npos);
  EXPECT_EQ(error_of("? [a, b]\n: c\n"), "f.yaml:1: a key must be a word");
}

TEST(Yaml, ABombOfAliasesIsRefusedSoon) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto n = std::to_string(i);
    const auto up = "*a" + std::to_string(i - 1);
    text += "a" + n + ": &a" + n + " [" + up;
    for (int k = 0; k < 9; ++k) text += ", " + up;
    text += "]\n";
  }

  EXPECT_NE(error_of(text).find("aliases counted"), std::string::npos);
}

TEST(Yaml, DepthAndSizeAreBounded) {
  EXPECT_NE(error_of(std::string(2000, '[')).find("f.yaml"), std::string::npos);
  EXPECT_NE(error_of(std::string(100, '[') + std::string(100, ']')).find("levels"),
            std::string::npos);
  EXPECT_NE(error_of(std::string(5 << 20, 'x')).find("larger than"), std::string::npos);
}

TEST(Yaml, AnAliasInsideOfItselfIsRefused) {
  EXPECT_NE(error_of("a: &a [1, *a]").find("f.yaml:1"), std::string::npos);
}

TEST(Yaml, UnknownKeysSuggestTheNearest) {
  const auto node = parse("a: 1\ntimout: 3\n", "f.yaml");

  const auto result = only(**node, {"a", "timeout", "retries"}, "f.yaml", "a step");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "f.yaml:2: unknown key 'timout' in a step");
  EXPECT_EQ(result.error().hint, "did you mean 'timeout'?");
  EXPECT_TRUE(only(**node, {"a", "timout"}, "f.yaml", "a step"));
}

}  // namespace
}  // namespace slipway::yaml

// SPDX-License-Identifier: Apache-2.0
#include "config_file.h"

#include <gtest/gtest.h>

#include "settings.h"

namespace slipway::wire::dvc {
namespace {

TEST(ConfigFile, RemotesComeLastAndOthersBeforeThem) {
  auto file = *ConfigFile::parse("", "config");
  file.set("remote.loc", "url", "../../rem");
  file.set("cache", "type", "hardlink,copy");
  file.set("core", "remote", "loc");
  EXPECT_EQ(file.text(),
            "[cache]\n    type = \"hardlink,copy\"\n[core]\n    remote = loc\n"
            "['remote \"loc\"']\n    url = ../../rem\n");
}

TEST(ConfigFile, WhatIsNotNamedStaysAsItStands) {
  const std::string text =
      "# ours\n[core]\n  remote=Loc  \n\n['remote \"loc\"']\n\turl = /a\n; end\n";
  auto file = *ConfigFile::parse(text, "config");
  EXPECT_EQ(file.text(), text);
  EXPECT_EQ(file.get("remote.loc", "url"), "/a");

  file.set("remote.loc", "jobs", "4");
  file.set("core", "autostage", "true");
  EXPECT_EQ(file.text(),
            "# ours\n[core]\n  remote=Loc  \n    autostage = true\n\n"
            "['remote \"loc\"']\n\turl = /a\n; end\n    jobs = 4\n");
  EXPECT_TRUE(file.unset("core", "autostage"));
  EXPECT_FALSE(file.unset("core", "autostage"));
  EXPECT_TRUE(file.unset("remote.loc", "jobs"));
  EXPECT_EQ(file.text(), text);
}

TEST(ConfigFile, EmptySectionsGo) {
  auto file = *ConfigFile::parse("[core]\n    remote = a\n['remote \"a\"']\n    url = b\n", "c");
  EXPECT_TRUE(file.unset("core", "remote"));
  EXPECT_TRUE(file.rename("remote.a", "remote.z"));
  EXPECT_EQ(file.text(), "['remote \"z\"']\n    url = b\n");
  EXPECT_TRUE(file.remove("remote.z"));
  EXPECT_EQ(file.text(), "");
}

TEST(ConfigFile, BrokenLinesAreNamed) {
  const auto broken = ConfigFile::parse("[core]\nremote\n", "x/config");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "'x/config' line 2: expected key = value");
  EXPECT_FALSE(ConfigFile::parse("a = b\n", "config"));
}

TEST(Settings, SectionsOfRemotesAreReadByName) {
  Settings out;
  ASSERT_TRUE(parse_settings("['remote \"My S3\"']\n  URL = 's3://a/b'\n", "config", out));
  EXPECT_EQ(out["remote.my s3.url"], "s3://a/b");
}

}  // namespace
}  // namespace slipway::wire::dvc

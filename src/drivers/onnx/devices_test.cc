// SPDX-License-Identifier: Apache-2.0
#include "drivers/onnx/devices.h"

#include <gtest/gtest.h>

#include "meter/meter.h"

namespace slipway::drivers::onnx {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

class FakeDevices : public Devices {
 public:
  explicit FakeDevices(std::vector<Device> devices) : devices_(std::move(devices)) {}
  std::vector<Device> list() override { return devices_; }
  std::string reason() const override { return "there is no such thing here"; }

  std::vector<Device> devices_;
};

TEST(Devices, AGraphGoesWhereMostMemoryIsFree) {
  FakeDevices devices({{.id = 0, .total_bytes = 80 * kGiB, .free_bytes = 10 * kGiB},
                       {.id = 1, .total_bytes = 24 * kGiB, .free_bytes = 20 * kGiB},
                       {.id = 2, .total_bytes = 24 * kGiB, .free_bytes = 3 * kGiB}});

  EXPECT_EQ(place(Preference::automatic, "", devices, kGiB)->device, 1);
  devices.devices_[1].free_bytes = 9 * kGiB;  // the first one took its share
  EXPECT_EQ(place(Preference::automatic, "", devices, kGiB)->device, 0);
  EXPECT_EQ(place(Preference::cuda, "", devices, kGiB)->device, 0);
}

TEST(Devices, WhatDoesNotFitRunsOnTheCpuAndSaysWhy) {
  FakeDevices devices({{.id = 0, .total_bytes = 8 * kGiB, .free_bytes = kGiB}});

  const auto placed = place(Preference::automatic, "", devices, 2 * kGiB);

  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->device, -1);
  EXPECT_EQ(placed->reason, "it may need 2048 MiB, and no GPU has more than 1024 MiB free");
  const auto wanted = place(Preference::cuda, "", devices, 2 * kGiB);
  ASSERT_FALSE(wanted);
  EXPECT_NE(wanted.error().message.find("1024 MiB free"), std::string::npos);
}

TEST(Devices, WithoutGpuOrProviderItIsTheCpuUnlessAGpuIsWanted) {
  FakeDevices none({});
  FakeDevices one({{.id = 0, .total_bytes = 8 * kGiB, .free_bytes = 8 * kGiB}});

  EXPECT_EQ(place(Preference::automatic, "", none, 1)->reason, "there is no such thing here");
  EXPECT_EQ(place(Preference::automatic, "no provider", one, 1)->reason, "no provider");
  EXPECT_EQ(place(Preference::automatic, "no provider", one, 1)->device, -1);
  EXPECT_EQ(place(Preference::cuda, "no provider", one, 1).error().message,
            "the graph cannot run on a GPU: no provider");
  EXPECT_EQ(place(Preference::cuda, "", none, 1).error().code, Code::failed_precondition);
}

TEST(Devices, TheCpuIsTheCpuWhateverThereIs) {
  FakeDevices one({{.id = 0, .total_bytes = 8 * kGiB, .free_bytes = 8 * kGiB}});
  EXPECT_EQ(place(Preference::cpu, "", one, 1)->device, -1);
  EXPECT_EQ(place(Preference::cpu, "no provider", one, 1)->reason, "");
}

TEST(Devices, TheirUseIsInTheMetrics) {
  FakeDevices devices({{.uuid = "GPU-1", .total_bytes = 100, .free_bytes = 30, .busy = 0.5}});
  meter::Registry meters;

  note_devices(devices, meters);
  devices.devices_[0].free_bytes = 60;
  note_devices(devices, meters);

  const auto text = meters.prometheus_text();
  EXPECT_NE(text.find("nv_gpu_memory_total_bytes{gpu_uuid=\"GPU-1\"} 100"), std::string::npos);
  EXPECT_NE(text.find("nv_gpu_memory_used_bytes{gpu_uuid=\"GPU-1\"} 40"), std::string::npos);
  EXPECT_NE(text.find("nv_gpu_utilization{gpu_uuid=\"GPU-1\"} 0.5"), std::string::npos);
}

TEST(Devices, AskingTheDriverOfThisMachineNeverFails) {
  const auto devices = nvidia_devices();
  const auto list = devices->list();
  EXPECT_EQ(list.empty(), !devices->reason().empty());
}

}  // namespace
}  // namespace slipway::drivers::onnx

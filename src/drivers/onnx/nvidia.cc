// SPDX-License-Identifier: Apache-2.0
// The few functions of NVIDIA's driver (libcuda.so.1 counts devices, libnvidia-ml.so.1 looks at
// them) that are used, declared here: neither library nor header is needed to build. Devices are
// matched by their place on the bus, since the two may count them in different orders.
#include <mutex>
#include <optional>

#include <dlfcn.h>

#include "drivers/onnx/devices.h"

namespace slipway::drivers::onnx {
namespace {

constexpr int kTextSize = 96;

struct Memory {  // nvmlMemory_t
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
struct Use {  // nvmlUtilization_t, percent
  unsigned int gpu;
  unsigned int memory;
};

struct Driver {
  int (*init)(unsigned int) = nullptr;
  int (*count)(int*) = nullptr;
  int (*bus)(char*, int, int) = nullptr;
  int (*start_looking)() = nullptr;
  int (*by_bus)(const char*, void**) = nullptr;
  int (*name)(void*, char*, unsigned int) = nullptr;
  int (*uuid)(void*, char*, unsigned int) = nullptr;
  int (*memory)(void*, Memory*) = nullptr;
  int (*use)(void*, Use*) = nullptr;
};

template <class F>
bool find(void* library, const char* name, F& out) {
  out = reinterpret_cast<F>(::dlsym(library, name));
  return out != nullptr;
}

class Nvidia : public Devices {
 public:
  std::vector<Device> list() override {
    const std::scoped_lock lock(mutex_);
    if (!opened_) open();
    std::vector<Device> out;
    for (int id = 0; id < count_; ++id) {
      if (auto device = look(id)) out.push_back(*std::move(device));
    }
    return out;
  }

  std::string reason() const override {
    const std::scoped_lock lock(mutex_);
    return reason_;
  }

 private:
  void open() {
    opened_ = true;
    void* cuda = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    void* ml = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (cuda == nullptr || ml == nullptr) {
      reason_ = "this machine has no NVIDIA driver";
      return;
    }
    const bool whole = find(cuda, "cuInit", driver_.init) &&
                       find(cuda, "cuDeviceGetCount", driver_.count) &&
                       find(cuda, "cuDeviceGetPCIBusId", driver_.bus) &&
                       find(ml, "nvmlInit_v2", driver_.start_looking) &&
                       find(ml, "nvmlDeviceGetHandleByPciBusId_v2", driver_.by_bus) &&
                       find(ml, "nvmlDeviceGetName", driver_.name) &&
                       find(ml, "nvmlDeviceGetUUID", driver_.uuid) &&
                       find(ml, "nvmlDeviceGetMemoryInfo", driver_.memory) &&
                       find(ml, "nvmlDeviceGetUtilizationRates", driver_.use);
    if (!whole) {
      reason_ = "the NVIDIA driver is too old";
    } else if (const int code = driver_.init(0); code != 0) {
      reason_ = "the NVIDIA driver does not start (error " + std::to_string(code) + ")";
    } else if (driver_.start_looking() != 0 || driver_.count(&count_) != 0 || count_ == 0) {
      count_ = 0;
      reason_ = "the NVIDIA driver knows no GPU that this process may use";
    }
  }

  std::optional<Device> look(int id) {
    char text[kTextSize] = {};
    void* handle = nullptr;
    Memory memory{};
    if (driver_.bus(text, kTextSize, id) != 0 || driver_.by_bus(text, &handle) != 0 ||
        driver_.memory(handle, &memory) != 0) {
      return std::nullopt;
    }
    Device out{.id = id, .total_bytes = memory.total, .free_bytes = memory.free};
    if (driver_.name(handle, text, kTextSize) == 0) out.name = text;
    if (driver_.uuid(handle, text, kTextSize) == 0) out.uuid = text;
    Use use{};
    if (driver_.use(handle, &use) == 0) out.busy = use.gpu / 100.0;
    return out;
  }

  mutable std::mutex mutex_;
  bool opened_ = false;
  Driver driver_;
  int count_ = 0;
  std::string reason_;
};

}  // namespace

std::shared_ptr<Devices> nvidia_devices() {
  static const auto devices = std::make_shared<Nvidia>();
  return devices;
}

}  // namespace slipway::drivers::onnx

// SPDX-License-Identifier: Apache-2.0
// What a prediction asks the heap for once the server has answered many: the whole way from the
// socket over the parser and the batch to the answer, without the model's runtime. Counted on the
// thread that answers, which has nothing else to do.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/protobuf_write.h"
#include "base/round.h"
#include "domain/event.h"
#include "meter/meter.h"
#include "net/server.h"
#include "serving/endpoints.h"
#include "serving/packages.h"
#include "store/test_database.h"
#include "wire/oip/routes.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
std::atomic<bool> counting{false};
std::atomic<long> asked{0};
std::atomic<long> ran_elsewhere{0};

void count() {
  if (!counting.load(std::memory_order_relaxed)) return;
  if (slipway::Round::current() != nullptr) asked.fetch_add(1);
}
}  // namespace

extern "C" {
// The C library's own names.
void* __libc_malloc(std::size_t size);                    // NOLINT
void* __libc_calloc(std::size_t n, std::size_t size);     // NOLINT
void* __libc_realloc(void* block, std::size_t size);      // NOLINT
void* __libc_memalign(std::size_t at, std::size_t size);  // NOLINT
void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
  count();
  return __libc_calloc(n, size);
}
void* realloc(void* block, std::size_t size) {
  count();
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t at, std::size_t size) {
  count();
  return __libc_memalign(at, size);
}
}

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Tensor;
using serving::Tensors;

// [N,4] -> [N,4]: the same.
class Same : public serving::LoadedModel {
 public:
  Same() {
    signature_.inputs = {{.name = "float_input", .dtype = DType::fp32, .shape = {-1, 4}}};
    signature_.outputs = {{.name = "probabilities", .dtype = DType::fp32, .shape = {-1, 4}}};
  }
  const serving::Signature& signature() const override { return signature_; }
  bool is_steady() const override { return true; }
  Result<Tensors> run(const Tensors& inputs) override {
    if (Round::current() == nullptr) ran_elsewhere.fetch_add(1);
    auto y = Tensor::make("probabilities", DType::fp32, inputs[0].shape());
    std::memcpy(y.mutable_data(), inputs[0].data(), inputs[0].count() * sizeof(float));
    Tensors out;
    out.push_back(std::move(y));
    return out;
  }

 private:
  serving::Signature signature_;
};

class SameBackend : public serving::ModelBackend {
 public:
  std::string_view name() const override { return "same"; }
  std::string_view platform() const override { return "same"; }
  bool can_load(const serving::Package&) const override { return true; }
  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package&) override {
    return std::unique_ptr<serving::LoadedModel>(std::make_unique<Same>());
  }
};

class OnePackage : public serving::PackageSource {
 public:
  Result<std::string> resolve(const std::string&, const std::string&) override {
    return std::string("1");
  }
  Result<std::string> newest(const std::string&) override { return std::string("1"); }
  Result<serving::Package> package(const std::string& model, const std::string& version) override {
    return serving::Package{.model = model, .version = version, .model_file = "same"};
  }
};

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    const timeval patience{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool send(std::string_view bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // What has come, at least `least` bytes of it; empty at the end.
  std::string_view peek(std::size_t least = 1) {
    while (have_ < least) {
      const auto n = ::recv(socket_, buffer_.data() + have_, buffer_.size() - have_, 0);
      if (n <= 0) return {};
      have_ += static_cast<std::size_t>(n);
    }
    return {buffer_.data(), have_};
  }
  void drop(std::size_t n) {
    have_ -= n;
    std::memmove(buffer_.data(), buffer_.data() + n, have_);
  }

 private:
  int socket_;
  std::array<char, 16 << 10> buffer_{};
  std::size_t have_ = 0;
};

// Whether the answer, which is small enough to come in one piece, is what it should be.
bool ask_http(Connection& connection, std::string_view request) {
  if (!connection.send(request)) return false;
  const auto answer = connection.peek();
  const bool well = answer.starts_with("HTTP/1.1 200");
  connection.drop(answer.size());
  return well;
}

// HTTP/2 as far as one call after the other needs it.
class GrpcClient {
 public:
  GrpcClient(std::uint16_t port, std::string_view path, std::string_view message)
      : connection_(port) {
    head_ = "\x83\x86";  // POST, http
    field(":path", path);
    field(":authority", "localhost");
    field("content-type", "application/grpc");
    field("te", "trailers");
    for (int shift = 24; shift >= 0; shift -= 8)
      body_ += static_cast<char>(message.size() >> shift);
    body_.insert(body_.begin(), '\0');
    body_ += message;
    std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    append(hello, 4, 0, 0, {});
    append(hello, 8, 0, 0, std::string_view("\x40\0\0\0", 4));  // as much as it likes
    EXPECT_TRUE(connection_.send(hello));
  }

  bool ask() {
    std::string request;
    append(request, 1, 4, id_, head_);  // END_HEADERS
    append(request, 0, 1, id_, body_);  // END_STREAM
    if (!connection_.send(request)) return false;
    bool answered = false;
    while (true) {
      const auto head = connection_.peek(9);
      if (head.empty()) return false;
      const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
      const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
      const auto type = at(3);
      const bool last = type == 1 && (at(4) & 1) != 0;
      const bool settings = type == 4 && (at(4) & 1) == 0;
      if (connection_.peek(9 + size).empty()) return false;
      answered |= type == 0 && size > 5;
      connection_.drop(9 + size);
      if (settings) {
        std::string known;
        append(known, 4, 1, 0, {});
        if (!connection_.send(known)) return false;
      }
      if (last) break;
    }
    id_ += 2;
    return answered;
  }

 private:
  void field(std::string_view name, std::string_view value) {
    head_ += '\0';  // as it is, and not to be remembered
    head_ += static_cast<char>(name.size());
    head_ += name;
    head_ += static_cast<char>(value.size());
    head_ += value;
  }
  static void append(std::string& out, int type, int flags, std::uint32_t id,
                     std::string_view payload) {
    for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(id >> shift);
    out += payload;
  }

  Connection connection_;
  std::string head_;
  std::string body_;
  std::uint32_t id_ = 1;
};

class Allocations : public testing::Test {
 protected:
  Allocations() {
    backends_.push_back(std::make_unique<SameBackend>());
    endpoints_ = std::make_unique<serving::Endpoints>(
        *db_, std::make_unique<OnePackage>(), std::move(backends_), events_, system_clock(),
        meters_, serving::Options{.batch = kPatient, .housekeeping_ms = 60'000});
    EXPECT_TRUE(endpoints_->create(
        {.name = "e", .routes = {{.model = "m", .version = "1"}}, .sample_rate = 0},
        {.name = "ada"}));
    service_ = make_service(*endpoints_, decoders_, "1");
    add_routes(router_, service_);
    add_methods(methods_, service_);
    server_ = *net::Server::start({}, router_, workers_);
  }

  // However busy this machine is, a run counts as short: it is made by the thread that reads.
  static constexpr serving::BatchOptions kPatient{.short_us = 1'000'000'000,
                                                  .round_us = 1'000'000'000};

  // Of two thousand requests; the first ones may make what the others use again.
  long blocks_of(const std::function<bool()>& ask) {
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(ask());
    asked = ran_elsewhere = 0;
    int answered = 0;
    counting = true;
    for (int i = 0; i < 2000; ++i) answered += ask() ? 1 : 0;
    counting = false;
    EXPECT_EQ(answered, 2000);
    EXPECT_EQ(ran_elsewhere, 0);
    return asked;
  }

  store::TestDatabase db_{store::Dialect::sqlite};
  meter::Registry meters_;
  EventBus events_;
  std::vector<std::unique_ptr<serving::ModelBackend>> backends_;
  std::unique_ptr<serving::Endpoints> endpoints_;
  Pool decoders_{"decode", 1, 16};
  Pool workers_{"work", 1, 16};
  std::shared_ptr<Service> service_;
  net::Router router_;
  net::GrpcRouter methods_;
  std::unique_ptr<net::Server> server_;
};

std::string request_of(std::string_view body, std::string_view fields = {}) {
  return "POST /v2/models/e/infer HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string row() {
  const std::array<float, 4> values{1.5, 2, 3, 4};
  return {reinterpret_cast<const char*>(values.data()), sizeof values};
}

TEST_F(Allocations, AJsonRequestAsksTheHeapForNothing) {
  const auto request = request_of(
      R"({"inputs":[{"name":"float_input","shape":[1,4],"datatype":"FP32","data":[1.5,2,3,4]}],)"
      R"("outputs":[{"name":"probabilities"}]})",
      "Content-Type: application/json\r\n");
  Connection connection(server_->port());
  EXPECT_EQ(blocks_of([&] { return ask_http(connection, request); }), 0);
}

TEST_F(Allocations, ABinaryRequestAsksTheHeapForNothing) {
  const std::string head =
      R"({"inputs":[{"name":"float_input","shape":[1,4],"datatype":"FP32",)"
      R"("parameters":{"binary_data_size":16}}],)"
      R"("outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]})";
  const auto request = request_of(
      head + row(), "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n");
  Connection connection(server_->port());
  EXPECT_EQ(blocks_of([&] { return ask_http(connection, request); }), 0);
}

TEST_F(Allocations, AGrpcCallAsksTheHeapForNothing) {
  const auto port = *server_->listen_grpc({}, methods_, {});
  std::string input;
  put_bytes(input, 1, "float_input");
  put_bytes(input, 2, "FP32");
  put_bytes(input, 3, "\x01\x04");
  std::string message;
  put_bytes(message, 1, "e");
  put_bytes(message, 5, input);
  std::string output;
  put_bytes(output, 1, "probabilities");
  put_bytes(message, 6, output);
  put_bytes(message, 7, row());
  GrpcClient client(port, "/inference.GRPCInferenceService/ModelInfer", message);
  EXPECT_EQ(blocks_of([&] { return client.ask(); }), 0);
}

}  // namespace
}  // namespace slipway::wire::oip

#endif

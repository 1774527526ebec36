// SPDX-License-Identifier: Apache-2.0
// What a client may write to the gRPC port: frames of HTTP/2 and the messages in them. After the
// client is gone nothing of its connection is left.
//
// The first byte says how the rest is meant: odd, as bytes that stand on the wire; even, as records
// of type, flags, stream, length and payload, behind a preface, so that most inputs get past the
// first frame. Records whose type is above 15 let the server answer what waits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/net/h2_session.h"
#include "../../src/net/loop.h"

using namespace slipway;  // NOLINT: one short program
using namespace slipway::net;

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
std::vector<std::shared_ptr<GrpcCall>> waiting;

class Echo : public GrpcSink {
 public:
  explicit Echo(std::shared_ptr<GrpcCall> call) : call_(std::move(call)) {}
  void message(GrpcMessage message) override { call_->send(std::string(message.bytes)); }
  void end() override { call_->finish({}); }

 private:
  std::shared_ptr<GrpcCall> call_;
};

struct World {
  Router router;
  GrpcRouter grpc;
  Pool workers{"fuzz", 1, 16};
  std::shared_ptr<Loop> loop;

  World() {
    grpc.add(
        {.path = "/t.T/Echo", .unary = [](GrpcMessage message, std::shared_ptr<GrpcCall> call) {
           call->answer(std::string(message.bytes));
         }});
    grpc.add({.path = "/t.T/Wait", .unary = [](GrpcMessage, std::shared_ptr<GrpcCall> call) {
                waiting.push_back(std::move(call));
              }});
    grpc.add({.path = "/t.T/Talk", .stream = [](std::shared_ptr<GrpcCall> call) {
                return std::make_shared<Echo>(std::move(call));
              }});
    std::shared_ptr<Shared> shared(new Shared{.options = {}, .router = router, .workers = workers});
    shared->grpc = &grpc;
    shared->grpc_options = {.message_limit = 1u << 20, .connection_memory = 4u << 20};
    loop = std::make_shared<Loop>(std::move(shared));
  }

  void poll() {
    loop->context.restart();
    loop->context.poll();
  }
};

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void read_away(int fd) {
  char room[16 << 10];
  while (::recv(fd, room, sizeof room, MSG_DONTWAIT) > 0) {
  }
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift);
  return out + std::string(payload);
}

void answer_waiting(World& world) {
  for (auto& call : std::exchange(waiting, {})) call->answer("later");
  world.poll();
}

void play(World& world, int fd, std::string_view input) {
  if (input.front() % 2 != 0) {
    write_all(fd, input.substr(1));
    return world.poll();
  }
  write_all(fd, std::string(kPreface) + frame(4, 0, 0, ""));
  input.remove_prefix(1);
  while (input.size() >= 4) {
    const auto type = static_cast<std::uint8_t>(input[0]);
    const auto flags = static_cast<std::uint8_t>(input[1]);
    const auto stream = static_cast<std::uint8_t>(input[2]);
    const auto length =
        std::min<std::size_t>(static_cast<std::uint8_t>(input[3]), input.size() - 4);
    if (type > 15) {
      world.poll();
      read_away(fd);
      answer_waiting(world);
    } else {
      write_all(fd, frame(type, flags, stream, input.substr(4, length)));
    }
    input.remove_prefix(4 + length);
  }
  world.poll();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* world = new World;
  if (size == 0) return 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  {
    Tcp::socket socket(world->loop->context);
    error_code ec;
    socket.assign(Tcp::v4(), ends[0], ec);
    socket.non_blocking(true, ec);
    world->loop->shared->connections.fetch_add(1);
    std::make_shared<H2Session>(world->loop, std::move(socket))->start();
  }
  world->poll();
  play(*world, ends[1], {reinterpret_cast<const char*>(data), size});
  read_away(ends[1]);
  world->poll();
  for (auto* session :
       std::vector<Connection*>(world->loop->sessions.begin(), world->loop->sessions.end())) {
    session->check(INT64_MAX / 2);  // every time-out has passed
  }
  world->poll();
  ::close(ends[1]);
  world->poll();
  answer_waiting(*world);
  if (!world->loop->sessions.empty() || world->loop->shared->connections != 0) std::abort();
  return 0;
}

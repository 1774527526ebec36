// SPDX-License-Identifier: Apache-2.0
// One connection of the load generator: sends the same request again and again, one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace load {

struct Target {
  int port = 0;
  std::string path;     // of the gRPC method
  std::string request;  // HTTP: the bytes of the whole request; gRPC: the message
};

class Channel {
 public:
  explicit Channel(const Target& target) : target_(target) {}
  virtual ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Connects; false when nobody listens.
  bool open();
  int socket() const { return socket_; }
  bool busy() const { return busy_; }

  // Sends the next request.
  void start();
  enum class Event { nothing, answered, refused, failed, broken };
  // After the socket got ready: what came of it. `refused`: the server says that it has too much to
  // do; `broken`: open it again.
  Event ready();

  std::int64_t due_ns = 0;  // when the request was sent, or should have been

 protected:
  virtual void begin() {}     // a new connection
  virtual void submit() = 0;  // appends to out_
  virtual Event take(const char* bytes, std::size_t size) = 0;
  void flush();

  const Target& target_;
  std::string out_;
  std::size_t sent_ = 0;
  bool broken_ = false;

 private:
  int socket_ = -1;
  bool busy_ = false;
};

std::unique_ptr<Channel> http_channel(const Target& target);
std::unique_ptr<Channel> grpc_channel(const Target& target);

}  // namespace load

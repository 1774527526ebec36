// SPDX-License-Identifier: Apache-2.0
// gRPC against clients made of nghttp2, and against bytes that no client would send.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pool.h"
#include "compress.h"
#include "h2_stream.h"
#include "net/server.h"

namespace slipway::net {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

std::string framed(std::string_view body, bool compressed = false) {
  std::string out(1, compressed ? '\1' : '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(body.size() >> shift);
  }
  return out + std::string(body);
}

struct Answer {
  std::map<std::string, std::string> fields;
  std::string body;
  bool closed = false;
  std::uint32_t error = 0;

  // Of each message, without its five bytes.
  std::vector<std::string> messages() const {
    std::vector<std::string> out;
    for (std::size_t at = 0; at + 5 <= body.size();) {
      std::size_t size = 0;
      for (std::size_t i = 1; i < 5; ++i) {
        size = size << 8 | static_cast<unsigned char>(body[at + i]);
      }
      out.push_back(body.substr(at + 5, size));
      at += 5 + size;
    }
    return out;
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(connect_to(port)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Client() {
    nghttp2_session_del(session_);
    ::close(fd_);
  }

  std::int32_t begin(const std::string& path, std::string body, const Fields& more = {}) {
    Fields fields{{":method", "POST"},
                  {":scheme", "http"},
                  {":path", path},
                  {":authority", "localhost"},
                  {"content-type", "application/grpc"},
                  {"te", "trailers"}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> values;
    for (auto& [name, value] : fields) {
      values.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                        reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE});
    }
    auto sent = std::make_unique<std::string>(std::move(body));
    nghttp2_data_provider provider{.source = {.ptr = sent.get()}, .read_callback = read_body};
    bodies_.push_back(std::move(sent));
    return nghttp2_submit_request(session_, nullptr, values.data(), values.size(), &provider,
                                  nullptr);
  }

  Answer& finish(std::int32_t id) {
    while (!answers[id].closed && step()) {
    }
    return answers[id];
  }

  Answer call(const std::string& path, std::string body, const Fields& more = {}) {
    return finish(begin(path, std::move(body), more));
  }

  void cancel(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

  // Writes what there is to write.
  bool write() {
    const std::uint8_t* bytes = nullptr;
    while (true) {
      const auto size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) return size == 0;
      if (::send(fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) return false;
    }
  }

  // False when the connection is over.
  bool step() {
    if (!write()) return false;
    char buffer[65536];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    return nghttp2_session_mem_recv(session_, reinterpret_cast<std::uint8_t*>(buffer),
                                    static_cast<std::size_t>(got)) == got;
  }

  std::map<std::int32_t, Answer> answers;

 private:
  static Client& self(void* user) { return *static_cast<Client*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    self(user)
        .answers[frame->hd.stream_id]
        .fields[{reinterpret_cast<const char*>(name), name_size}] = {
        reinterpret_cast<const char*>(value), value_size};
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    self(user).answers[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers[id].closed = true;
    self(user).answers[id].error = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& left = *static_cast<std::string*>(source->ptr);
    const auto n = std::min(size, left.size());
    std::copy_n(left.data(), n, into);
    left.erase(0, n);
    if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  int fd_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<std::string>> bodies_;
};

class Echo : public GrpcSink {
 public:
  explicit Echo(std::shared_ptr<GrpcCall> call) : call_(std::move(call)) {}
  void message(GrpcMessage message) override { call_->send(std::string(message.bytes)); }
  void end() override { call_->finish({}); }

 private:
  const std::shared_ptr<GrpcCall> call_;
};

class GrpcServer : public testing::Test {
 protected:
  GrpcServer() {
    add_methods();
    server_ = *Server::start({.header_timeout_ms = 400, .body_timeout_ms = 400}, router_, workers_);
    port_ = *server_->listen_grpc(
        {.message_limit = 8 << 20, .streams = 128, .idle_timeout_ms = 2'000}, methods_, {});
  }

  void add_methods() {
    methods_.add(
        {.path = "/t.T/Echo", .unary = [](GrpcMessage message, std::shared_ptr<GrpcCall> call) {
           call->answer(std::string(message.bytes));
         }});
    methods_.add(
        {.path = "/t.T/Aligned", .unary = [](GrpcMessage message, std::shared_ptr<GrpcCall> call) {
           const auto end = message.bytes.data() + message.bytes.size();
           call->answer(std::to_string(reinterpret_cast<std::uintptr_t>(end) % 64));
         }});
    methods_.add(
        {.path = "/t.T/Plain",
         .plain = [](const Request& request, std::string_view message) -> Result<std::string> {
           if (message == "no") return not_found("there is no 'gr\xC3\xBCn'", "look again");
           return request.request_id + ":" + std::string(message);
         }});
    methods_.add(
        {.path = "/t.T/Keep", .unary = [this](GrpcMessage, std::shared_ptr<GrpcCall> call) {
           const std::lock_guard lock(mutex_);
           kept_.push_back(std::move(call));
         }});
    methods_.add({.path = "/t.T/Drop", .unary = [](GrpcMessage, std::shared_ptr<GrpcCall>) {}});
    methods_.add({.path = "/t.T/Throw", .unary = [](GrpcMessage, std::shared_ptr<GrpcCall>) {
                    std::vector<int>().at(1);
                  }});
    methods_.add({.path = "/t.T/Stream",
                  .stream = [](std::shared_ptr<GrpcCall> call) -> std::shared_ptr<GrpcSink> {
                    return std::make_shared<Echo>(std::move(call));
                  }});
  }

  // What the server says to these bytes until it closes.
  std::string raw(const std::string& bytes) const {
    const int fd = connect_to(port_);
    for (std::size_t at = 0; at < bytes.size();) {
      const auto n = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0) break;
      at += static_cast<std::size_t>(n);
    }
    std::string out;
    char buffer[65536];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      out.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(fd);
    return out;
  }

  std::vector<std::shared_ptr<GrpcCall>> kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

  Router router_;
  GrpcRouter methods_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<GrpcCall>> kept_;
  Pool workers_{"test", 2, 1024};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(GrpcServer, AUnaryCallIsAnsweredWithItsStatusBehindIt) {
  Client client(port_);

  const auto answer = client.call("/t.T/Echo", framed("hello"), {{"x-request-id", "r-1"}});

  EXPECT_EQ(answer.messages(), std::vector<std::string>{"hello"});
  EXPECT_EQ(answer.fields.at(":status"), "200");
  EXPECT_EQ(answer.fields.at("content-type"), "application/grpc");
  EXPECT_EQ(answer.fields.at("grpc-status"), "0");
  EXPECT_EQ(answer.fields.at("x-request-id"), "r-1");
  EXPECT_EQ(answer.error, 0U);
}

TEST_F(GrpcServer, MessagesOfAllSizesComeBackWhole) {
  Client client(port_);
  for (const std::size_t size : {0UL, 1UL, 16'384UL, 70'000UL, 3'000'000UL}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 + i / 256);

    const auto answer = client.call("/t.T/Echo", framed(body));

    ASSERT_EQ(answer.messages().size(), 1U) << size;
    EXPECT_EQ(answer.messages()[0], body);
    EXPECT_EQ(client.call("/t.T/Aligned", framed(body)).messages()[0], "0");
  }
}

TEST_F(GrpcServer, CallsOnOneConnectionRunSideBySide) {
  Client client(port_);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 300; ++i) {  // more than may run at once
    ids.push_back(client.begin("/t.T/Plain", framed(std::to_string(i)), {{"x-request-id", "r"}}));
  }

  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(client.finish(ids[static_cast<std::size_t>(i)]).messages(),
              std::vector<std::string>{"r:" + std::to_string(i)});
  }
}

TEST_F(GrpcServer, CompressedMessagesAreReadAndAnsweredAlike) {
  Client client(port_);
  const std::string body(100'000, 'x');

  for (const std::string name : {"gzip", "deflate"}) {
    const auto packed = name == "gzip" ? gzip(body) : zlib(body);
    const auto answer =
        client.call("/t.T/Echo", framed(packed, true),
                    {{"grpc-encoding", name}, {"grpc-accept-encoding", "identity," + name}});

    ASSERT_EQ(answer.messages().size(), 1U) << name;
    EXPECT_EQ(answer.fields.at("grpc-encoding"), name);
    EXPECT_LT(answer.body.size(), 2000U);
    EXPECT_EQ(*decompress(answer.messages()[0], 1 << 20), body);
  }
}

TEST_F(GrpcServer, ErrorsAreStatusesWithTheirText) {
  Client client(port_);

  const auto missing = client.call("/t.T/Plain", framed("no"));
  EXPECT_EQ(missing.fields.at("grpc-status"), "5");
  EXPECT_EQ(missing.fields.at("grpc-message"), "there is no 'gr%C3%BCn' (look again)");
  EXPECT_EQ(client.call("/t.T/None", framed("x")).fields.at("grpc-status"), "12");
  EXPECT_EQ(client.call("/t.T/Drop", framed("x")).fields.at("grpc-status"), "13");
  EXPECT_EQ(client.call("/t.T/Throw", framed("x")).fields.at("grpc-status"), "13");
  EXPECT_EQ(client.call("/t.T/Echo", "").fields.at("grpc-status"), "13");
  EXPECT_EQ(client.call("/t.T/Echo", framed("a") + framed("b")).fields.at("grpc-status"), "12");
  EXPECT_EQ(client.call("/t.T/Echo", framed("abc").substr(0, 6)).fields.at("grpc-status"), "13");
  EXPECT_EQ(client.call("/t.T/Echo", framed("a", true)).fields.at("grpc-status"), "13");
  EXPECT_EQ(client.call("/t.T/Echo", framed("junk", true), {{"grpc-encoding", "gzip"}})
                .fields.at("grpc-status"),
            "3");
  EXPECT_EQ(
      client.call("/t.T/Echo", framed("a"), {{"grpc-encoding", "br"}}).fields.at("grpc-status"),
      "12");
  EXPECT_EQ(
      client.call("/t.T/Echo", framed("a"), {{"grpc-timeout", "5x"}}).fields.at("grpc-status"),
      "3");
  EXPECT_EQ(client.call("/t.T/Echo", framed("fine")).messages(), std::vector<std::string>{"fine"});
}

TEST_F(GrpcServer, WhatIsTooLargeIsRefusedBeforeItIsRead) {
  Client client(port_);
  std::string announced = framed("x");
  announced[1] = '\x7f';  // about 2 GiB
  EXPECT_EQ(client.call("/t.T/Echo", announced).fields.at("grpc-status"), "8");

  const auto bomb = gzip(std::string(20 << 20, '\0'));
  EXPECT_EQ(client.call("/t.T/Echo", framed(bomb, true), {{"grpc-encoding", "gzip"}})
                .fields.at("grpc-status"),
            "8");
  const auto headers =
      client.call("/t.T/Echo", framed("x"), {{"x-large", std::string(17 << 10, 'a')}});
  EXPECT_NE(headers.error, 0U);
  EXPECT_EQ(client.call("/t.T/Echo", framed("fine")).messages(), std::vector<std::string>{"fine"});
}

TEST_F(GrpcServer, TheDeadlineOfTheClientEndsACall) {
  Client client(port_);

  const auto answer = client.call("/t.T/Keep", framed("x"), {{"grpc-timeout", "20m"}});

  EXPECT_EQ(answer.fields.at("grpc-status"), "4");
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_TRUE(kept()[0]->cancellation()->load());
  EXPECT_GT(kept()[0]->deadline_ns(), 0);
  kept()[0]->answer("too late");
  EXPECT_EQ(client.call("/t.T/Echo", framed("fine")).messages(), std::vector<std::string>{"fine"});
}

TEST_F(GrpcServer, AClientThatGivesUpIsNoticed) {
  Client client(port_);
  const auto id = client.begin("/t.T/Keep", framed("x"));
  client.call("/t.T/Echo", framed("so that the first has arrived"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_FALSE(kept()[0]->cancellation()->load());

  client.cancel(id);
  client.call("/t.T/Echo", framed("so that the reset has arrived"));

  EXPECT_TRUE(kept()[0]->cancellation()->load());
  kept()[0]->answer("to nobody");
}

TEST_F(GrpcServer, AStreamingCallIsAnsweredMessageByMessage) {
  Client client(port_);
  std::string body;
  for (int i = 0; i < 1000; ++i) body += framed(std::to_string(i));

  const auto answer = client.call("/t.T/Stream", body);

  ASSERT_EQ(answer.messages().size(), 1000U);
  EXPECT_EQ(answer.messages()[999], "999");
  EXPECT_EQ(answer.fields.at("grpc-status"), "0");
}

TEST_F(GrpcServer, WhatIsNoGrpcIsRefused) {
  EXPECT_LT(raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n").size(), 200U);
  EXPECT_LT(raw(std::string(100'000, '\0')).size(), 200U);
  EXPECT_LT(raw(std::string(kPreface) + std::string(5'000, '\xff')).size(), 200U);
  EXPECT_LT(raw(std::string(kPreface)).size(), 200U);  // and nothing more: closed in time
  Client client(port_);
  const auto page = client.call("/t.T/Echo", framed("x"), {{"content-type", "text/html"}});
  EXPECT_EQ(page.fields.count("grpc-status"), 0U);
  EXPECT_EQ(client.call("/t.T/Echo", framed("fine")).messages(), std::vector<std::string>{"fine"});
}

TEST_F(GrpcServer, FloodsEndTheirOwnConnectionOnly) {
  Client pings(port_);
  bool ended = false;
  for (int i = 0; i < 200 && !ended; ++i) {
    for (int j = 0; j < 100; ++j) pings.ping();
    ended = !pings.write();
  }
  while (pings.step()) {
  }
  Client resets(port_);
  for (int i = 0; i < 200; ++i) {
    for (int j = 0; j < 50; ++j) {
      const auto id = resets.begin("/t.T/Keep", framed("x"));
      if (id < 0 || !resets.write()) break;
      resets.cancel(id);
    }
    if (!resets.write()) break;
  }
  while (resets.step()) {
  }
  EXPECT_LT(kept().size(), 9'000U);

  Client client(port_);
  EXPECT_EQ(client.call("/t.T/Echo", framed("fine")).messages(), std::vector<std::string>{"fine"});
}

TEST_F(GrpcServer, ShuttingDownAnswersWhatIsUnderWay) {
  Client client(port_);
  const auto id = client.begin("/t.T/Plain", framed("x"), {{"x-request-id", "r"}});
  ASSERT_TRUE(client.write());

  EXPECT_EQ(client.finish(id).messages(), std::vector<std::string>{"r:x"});
  server_->shut_down(2'000);

  while (client.step()) {  // ends with the connection
  }
  EXPECT_EQ(server_->connections(), 0U);
}

TEST(GrpcTimeout, IsReadAsGrpcSays) {
  EXPECT_EQ(parse_grpc_timeout("100m"), 100'000'000);
  EXPECT_EQ(parse_grpc_timeout("1S"), 1'000'000'000);
  EXPECT_EQ(parse_grpc_timeout("99999999n"), 99'999'999);
  EXPECT_EQ(parse_grpc_timeout("99999999H"), 365LL * 24 * 3600 * 1'000'000'000);
  for (const char* wrong : {"", "m", "100", "-1m", "+1m", "1000000000m", "1 m", "1x"}) {
    EXPECT_FALSE(parse_grpc_timeout(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace slipway::net

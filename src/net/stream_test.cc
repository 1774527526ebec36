// SPDX-License-Identifier: Apache-2.0
// Bodies that are larger than memory should be, event streams, TLS, and the end of a server.
#include <cstring>
#include <fstream>
#include <future>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "compress.h"
#include "test_server.h"

namespace slipway::net {
namespace {

constexpr std::uint64_t kLarge = 200u << 20;
// What the process may grow by while kLarge passes through it, sanitizers' shadow included.
constexpr std::uint64_t kMemoryBound = 48u << 20;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

// `length` bytes of a known pattern.
class Pattern : public BodyProducer {
 public:
  explicit Pattern(std::uint64_t length, std::uint64_t fail_at = UINT64_MAX)
      : left_(length), fail_at_(fail_at) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    if (made_ >= fail_at_) return internal("the disk is gone");
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    std::memset(into, 'p', n);
    left_ -= n;
    made_ += n;
    return n;
  }

 private:
  std::uint64_t left_;
  std::uint64_t made_ = 0;
  std::uint64_t fail_at_;
};

class StreamTest : public ServerTest {
 protected:
  StreamTest() {
    router_.add({.method = Method::put,
                 .pattern = "/upload",
                 .handler =
                     [this](const Request& request) {
                       started_ = true;
                       std::string buffer(128 << 10, '\0');
                       std::uint64_t sum = 0;
                       while (true) {
                         const auto n = request.source->read(buffer.data(), buffer.size());
                         if (!n) {
                           failure_ = n.error().code;
                           failed_ = true;
                           return Response::text(400, n.error().message);
                         }
                         if (*n == 0) break;
                         sum += *n;
                       }
                       return Response::text(200, std::to_string(sum));
                     },
                 .streams_body = true});
    router_.add({.method = Method::put,
                 .pattern = "/refuse",
                 .handler = [](const Request&) { return Response::text(403, "no"); },
                 .streams_body = true});
    router_.add({.pattern = "/download/{how}", .handler = [](const Request& request) {
                   Response out;
                   const auto how = request.param("how");
                   const bool breaks = how == "broken";
                   out.producer = std::make_shared<Pattern>(breaks ? 1 << 20 : kLarge,
                                                            breaks ? 300'000 : UINT64_MAX);
                   if (how == "sized") out.length = kLarge;
                   if (how == "broken") out.length = 1 << 20;
                   return out;
                 }});
  }

  static std::string put(const std::string& fields) {
    return "PUT /upload HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
  }

  std::atomic<bool> started_{false};
  // The value is written before failed_.
  std::atomic<Code> failure_{Code::internal};
  std::atomic<bool> failed_{false};
};

TEST_F(StreamTest, ALargeUploadPassesThroughWithFlatMemory) {
  Peer peer(port());
  peer.send(put("content-length: " + std::to_string(kLarge) + "\r\n"));
  const std::string piece(1 << 20, 'u');
  const auto before = resident_bytes();
  std::uint64_t most = 0;
  for (std::uint64_t sent = 0; sent < kLarge; sent += piece.size()) {
    ASSERT_TRUE(peer.send(piece));
    most = std::max(most, resident_bytes());
  }
  EXPECT_EQ(body(peer.answer()), std::to_string(kLarge));
  EXPECT_LT(most, before + kMemoryBound);
  peer.send(get("/inline"));
  EXPECT_EQ(body(peer.answer()), "inline") << "the connection goes on";
}

TEST_F(StreamTest, ChunkedAndCompressedUploadsArriveWhole) {
  Peer peer(port());
  peer.send(put("transfer-encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(body(peer.answer()), "5");
  const auto small = gzip(std::string(3'000'000, 'z'));
  peer.send(
      put("content-encoding: gzip\r\ncontent-length: " + std::to_string(small.size()) + "\r\n") +
      small);
  EXPECT_EQ(body(peer.answer()), "3000000");
}

TEST_F(StreamTest, AnUploadThatIsRefusedEarlyIsAnsweredAtOnce) {
  Peer peer(port());
  peer.send("PUT /refuse HTTP/1.1\r\nHost: t\r\ncontent-length: 100000000\r\n\r\nstart");
  const auto answer = peer.answer();
  EXPECT_EQ(status(answer), 403);
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
}

TEST_F(StreamTest, AnUploadThatBreaksOffFailsInTheHandler) {
  {
    Peer peer(port());
    peer.send(put("content-length: 1000\r\n") + "part");
    EXPECT_TRUE(soon([&] { return started_.load(); }));
  }
  EXPECT_TRUE(soon([&] { return failed_.load(); }));
  EXPECT_EQ(failure_.load(), Code::cancelled);
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(StreamTest, AnUploadThatStallsFailsInTheHandler) {
  options_.body_timeout_ms = 150;
  Peer peer(port());
  peer.send(put("content-length: 1000\r\n") + "part");
  EXPECT_TRUE(soon([&] { return failed_.load(); }));
  EXPECT_EQ(failure_.load(), Code::deadline);
}

TEST_F(StreamTest, ALargeDownloadPassesThroughWithFlatMemory) {
  for (const std::string how : {"sized", "chunked"}) {
    Peer peer(port());
    peer.send(get("/download/" + how, "Connection: close\r\n"));
    std::string buffer(1 << 20, '\0');
    std::uint64_t got = 0;
    const auto before = resident_bytes();
    std::uint64_t most = 0;
    while (const auto n = peer.read(buffer.data(), buffer.size())) {
      got += n;
      most = std::max(most, resident_bytes());
    }
    EXPECT_GT(got, kLarge) << how;
    EXPECT_LT(got, kLarge + 100'000) << how;
    EXPECT_LT(most, before + kMemoryBound) << how;
  }
}

TEST_F(StreamTest, SlowUploadsDoNotHoldUpOthers) {
  std::vector<std::unique_ptr<Peer>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<Peer>(port()));
    slow.back()->send(put("content-length: 1000\r\n") + "part");
  }
  EXPECT_TRUE(soon([&] { return server_->connections() == 20; }));
  Peer peer(port());
  peer.send(get("/hello", "x-request-id: quick\r\n"));
  EXPECT_EQ(body(peer.answer()), "hello quick");
  peer.send(get("/download/broken"));
  EXPECT_EQ(status(peer.answer()), 200);
}

TEST_F(StreamTest, ADownloadThatFailsIsCutOffAndNotMadeUp) {
  Peer peer(port());
  peer.send(get("/download/broken"));
  const auto answer = peer.rest();
  EXPECT_EQ(status(answer), 200);
  EXPECT_LT(body(answer).size(), 1u << 20);
}

TEST_F(StreamTest, HeadOfADownloadTellsItsLength) {
  Peer peer(port());
  peer.send("HEAD /download/sized HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_NE(peer.rest().find("content-length: " + std::to_string(kLarge)), std::string::npos);
}

class EventStreamTest : public ServerTest {
 protected:
  EventStreamTest() {
    router_.add({.pattern = "/events", .async = [this](const auto&, const auto& reply) {
                   Response head;
                   head.headers.add("content-type", "text/event-stream");
                   promise_.set_value(reply->start_stream(head));
                 }});
  }
  std::promise<std::shared_ptr<Stream>> promise_;
};

TEST_F(EventStreamTest, PiecesArriveAsTheyAreWrittenUntilClosed) {
  Peer peer(port());
  peer.send(get("/events"));
  const auto stream = promise_.get_future().get();
  EXPECT_TRUE(stream->write("one\n"));
  EXPECT_TRUE(stream->write("two\n"));
  stream->close();
  const auto answer = peer.answer();
  EXPECT_EQ(body(answer), "one\ntwo\n");
  EXPECT_NE(answer.find("content-type: text/event-stream"), std::string::npos);
}

TEST_F(EventStreamTest, AClientThatLeavesIsNoticed) {
  options_.idle_timeout_ms = 400;
  std::shared_ptr<Stream> stream;
  {
    Peer peer(port());
    peer.send(get("/events"));
    stream = promise_.get_future().get();
  }
  EXPECT_TRUE(soon([&] { return !stream->write("ping\n"); }));
  EXPECT_TRUE(soon([&] { return server_->connections() == 0; }));
}

TEST_F(EventStreamTest, AClientThatIsTooSlowIsDropped) {
  Peer peer(port());
  peer.send(get("/events"));
  const auto stream = promise_.get_future().get();
  const std::string piece(64 << 10, 'e');
  bool taken = true;
  for (int i = 0; i < 1'000 && taken; ++i) taken = stream->write(piece);
  EXPECT_FALSE(taken) << "what waits for a client is bounded";
}

TEST_F(ServerTest, ShuttingDownLetsRunningRequestsEnd) {
  std::promise<std::shared_ptr<Reply>> promise;
  router_.add({.pattern = "/later",
               .async = [&](const auto&, const auto& reply) { promise.set_value(reply); }});
  const auto at = port();
  Peer idle(at);
  idle.send(get("/inline"));
  EXPECT_EQ(body(idle.answer()), "inline");
  Peer busy(at);
  busy.send(get("/later"));
  auto reply = promise.get_future().get();

  auto down = std::async(std::launch::async, [&] { server_->shut_down(10'000); });
  EXPECT_TRUE(idle.closed_within(3'000));
  EXPECT_TRUE(soon([&] { return !Peer(at).connected(); })) << "nobody new is taken";
  reply->send(Response::text(200, "done"));
  const auto answer = busy.rest();
  down.get();

  EXPECT_EQ(body(answer), "done");
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
}

TEST_F(ServerTest, ShuttingDownCutsWhatDoesNotEndInTime) {
  std::promise<std::shared_ptr<Reply>> promise;
  router_.add({.pattern = "/never",
               .async = [&](const auto&, const auto& reply) { promise.set_value(reply); }});
  Peer peer(port());
  peer.send(get("/never"));
  auto reply = promise.get_future().get();
  auto late = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    reply->send(Response::text(200, "too late"));
  });
  server_->shut_down(100);
  EXPECT_EQ(peer.rest(), "");
  late.get();
}

// A self-signed certificate for the test, made on the spot.
class Certificate {
 public:
  Certificate() {
    char name[] = "/tmp/slipway-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(this->certificate().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(this->key().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    ::unlink(certificate().c_str());
    ::unlink(key().c_str());
    ::rmdir(folder_.c_str());
  }
  std::string certificate() const { return folder_ + "/cert.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

TEST_F(ServerTest, SpeaksTls) {
  const Certificate files;
  options_.tls_certificate = files.certificate();
  options_.tls_key = files.key();
  const auto at = port();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  BIO* connection = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(connection, ("127.0.0.1:" + std::to_string(at)).c_str());
  const std::string text(300'000, 't');
  const auto request = post("/echo", text, "Connection: close\r\n");
  ASSERT_EQ(BIO_write(connection, request.data(), static_cast<int>(request.size())),
            static_cast<int>(request.size()));
  std::string answer;
  char buffer[65536];
  for (int n = 0; (n = BIO_read(connection, buffer, sizeof buffer)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  EXPECT_EQ(body(answer), text);
  BIO_free_all(connection);
  SSL_CTX_free(context);

  EXPECT_EQ(status_of(get("/inline")), 0) << "plain HTTP to a TLS port is not answered";
}

TEST_F(ServerTest, ACertificateThatCannotBeReadIsNamed) {
  options_.tls_certificate = "/nowhere/cert.pem";
  options_.tls_key = "/nowhere/key.pem";
  const auto server = Server::start(options_, router_, workers_);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("/nowhere/cert.pem"), std::string::npos);
}

}  // namespace
}  // namespace slipway::net

// SPDX-License-Identifier: Apache-2.0
// One request's way between the connection (I/O thread) and the handler (any thread).
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace slipway::net {

// Makes the connection look at its exchange again. Thread-safe.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

// What streams to the client until closed.
class Pushed : public Stream {
 public:
  explicit Pushed(std::weak_ptr<Waker> waker) : waker_(std::move(waker)) {}

  bool write(std::string piece) override;
  void close() override;

  // For the connection: what waits, and whether the end has come.
  bool ready() const;
  std::string take();
  bool closed() const;
  void client_gone();

 private:
  static constexpr std::size_t kBound = 256 << 10;
  void wake();

  std::weak_ptr<Waker> waker_;
  mutable std::mutex mutex_;
  std::string waiting_;
  bool closed_ = false;
  bool gone_ = false;
};

// Written once by the handler, read by the connection.
class Exchange {
 public:
  Exchange(std::weak_ptr<Waker> waker, std::shared_ptr<const Request> request, bool may_compress)
      : waker_(std::move(waker)), request_(std::move(request)), may_compress_(may_compress) {}

  // The handle for the handler; when the last one is dropped unanswered, 500 is the answer.
  static std::shared_ptr<Reply> reply(const std::shared_ptr<Exchange>& exchange);

  void answer(Response response, std::shared_ptr<Pushed> stream);
  bool answered() const { return answered_.load(std::memory_order_acquire); }
  // Once, after answered.
  Response take_response() { return std::move(response_); }
  const std::shared_ptr<Pushed>& stream() const { return stream_; }

  void cancel() { cancelled_ = true; }
  const std::atomic<bool>& cancelled() const { return cancelled_; }
  const std::weak_ptr<Waker>& waker() const { return waker_; }

 private:
  std::weak_ptr<Waker> waker_;
  std::shared_ptr<const Request> request_;
  bool may_compress_;
  std::atomic<bool> claimed_{false};
  std::atomic<bool> answered_{false};
  std::atomic<bool> cancelled_{false};
  Response response_;
  std::shared_ptr<Pushed> stream_;
};

// A body on its way in: filled by the connection, read by a worker, bounded between them.
class Inflow : public BodySource {
 public:
  explicit Inflow(std::weak_ptr<Waker> waker) : waker_(std::move(waker)) {}

  Result<std::size_t> read(char* into, std::size_t size) override;

  // For the connection.
  void push(std::string_view bytes);
  bool full() const;
  void finish();
  void fail(Error error);

 private:
  static constexpr std::size_t kBound = 256 << 10;

  std::weak_ptr<Waker> waker_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string bytes_;
  std::size_t at_ = 0;
  bool finished_ = false;
  std::optional<Error> error_;
};

// A body on its way out: one piece at a time is made by a worker.
class Outflow {
 public:
  static constexpr std::size_t kPiece = 256 << 10;

  Outflow(std::weak_ptr<Waker> waker, std::shared_ptr<BodyProducer> producer)
      : waker_(std::move(waker)), producer_(std::move(producer)) {}

  // On a worker: makes the next piece.
  void produce();
  // For the connection.
  void begin() { ready_ = false; }
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  // Empty at the end; nothing when it failed.
  std::optional<std::string_view> piece() const;

 private:
  std::weak_ptr<Waker> waker_;
  std::shared_ptr<BodyProducer> producer_;
  std::atomic<bool> ready_{false};
  std::string buffer_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

}  // namespace slipway::net

// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "compress.h"

namespace slipway::net {

bool Pushed::write(std::string piece) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || gone_) return false;
    if (waiting_.size() + piece.size() > kBound) {
      closed_ = true;  // too slow: it is told by the end of the stream, and may come again
    } else if (waiting_.empty()) {
      waiting_ = std::move(piece);
    } else {
      waiting_ += piece;
    }
    if (!closed_ && waiting_.empty()) return true;
  }
  wake();
  return !closed();
}

void Pushed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake();
}

void Pushed::wake() {
  if (const auto waker = waker_.lock()) waker->wake();
}

bool Pushed::ready() const {
  const std::lock_guard lock(mutex_);
  return closed_ || gone_ || !waiting_.empty();
}

std::string Pushed::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

bool Pushed::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Pushed::client_gone() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
}

namespace {

class Handle : public Reply {
 public:
  explicit Handle(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  ~Handle() override {
    if (!exchange_->answered()) {
      exchange_->answer(Response::json(500, R"({"error":"the request was left unanswered"})"),
                        nullptr);
    }
  }

  void send(Response response) override { exchange_->answer(std::move(response), nullptr); }

  std::shared_ptr<Stream> start_stream(Response head) override {
    auto stream = std::make_shared<Pushed>(exchange_->waker());
    exchange_->answer(std::move(head), stream);
    return stream;
  }

  bool cancelled() const override { return exchange_->cancelled(); }
  std::shared_ptr<const std::atomic<bool>> cancellation() const override {
    return {exchange_, &exchange_->cancelled()};
  }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

std::shared_ptr<Reply> Exchange::reply(const std::shared_ptr<Exchange>& exchange) {
  return make_recycled<Handle>(exchange);
}

void Exchange::answer(Response response, std::shared_ptr<Pushed> stream) {
  if (claimed_.exchange(true)) {
    log::error("net.answered_twice", {{"path", request_->path}});
    return;
  }
  if (may_compress_ && stream == nullptr) compress_answer(*request_, response);
  response_ = std::move(response);
  stream_ = std::move(stream);
  answered_.store(true, std::memory_order_release);
  if (const auto waker = waker_.lock()) waker->wake();
}

Result<std::size_t> Inflow::read(char* into, std::size_t size) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return at_ < bytes_.size() || finished_ || error_.has_value(); });
  if (at_ == bytes_.size()) {
    if (error_) return *error_;
    return std::size_t{0};
  }
  const bool was_full = bytes_.size() - at_ >= kBound;
  const auto n = std::min(size, bytes_.size() - at_);
  std::memcpy(into, bytes_.data() + at_, n);
  at_ += n;
  if (at_ == bytes_.size()) {
    bytes_.clear();
    at_ = 0;
  }
  const bool room = bytes_.size() - at_ < kBound;
  lock.unlock();
  if (was_full && room) {
    if (const auto waker = waker_.lock()) waker->wake();
  }
  return n;
}

void Inflow::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (at_ > kBound / 2) {
    bytes_.erase(0, at_);
    at_ = 0;
  }
  bytes_ += bytes;
  changed_.notify_one();
}

bool Inflow::full() const {
  const std::lock_guard lock(mutex_);
  return bytes_.size() - at_ >= kBound;
}

void Inflow::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void Inflow::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!finished_ && !error_) error_ = std::move(error);
  changed_.notify_all();
}

void Outflow::produce() {
  if (buffer_.empty()) buffer_.resize(kPiece);
  size_ = 0;
  while (size_ < buffer_.size()) {
    auto got = producer_->read(buffer_.data() + size_, buffer_.size() - size_);
    if (!got) {
      log::warn("net.body_failed", {{"message", got.error().message}});
      failed_ = true;
      break;
    }
    if (*got == 0) break;
    size_ += *got;
  }
  ready_.store(true, std::memory_order_release);
  if (const auto waker = waker_.lock()) waker->wake();
}

std::optional<std::string_view> Outflow::piece() const {
  if (failed_) return std::nullopt;
  return std::string_view(buffer_.data(), size_);
}

}  // namespace slipway::net

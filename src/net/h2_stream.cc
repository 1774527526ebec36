// SPDX-License-Identifier: Apache-2.0
#include "h2_stream.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/text.h"
#include "compress.h"
#include "h2_session.h"

namespace slipway::net {
namespace {

constexpr std::size_t kAligned = 64;
constexpr std::size_t kWorthCompressing = 1024;

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t out = 0;
  for (int i = 0; i < 4; ++i) out = (out << 8) | static_cast<unsigned char>(bytes[i]);
  return out;
}

}  // namespace

OutgoingMessage::OutgoingMessage(std::string body, bool compressed) : body_(std::move(body)) {
  const auto size = static_cast<std::uint32_t>(body_.size());
  prefix_[0] = compressed ? 1 : 0;
  for (std::size_t i = 0; i < 4; ++i) prefix_[i + 1] = static_cast<char>(size >> (24 - 8 * i));
}

void OutgoingMessage::move_to(std::string& out, std::size_t size) {
  if (at_ < kPrefix) {
    const auto n = std::min(size, kPrefix - at_);
    out.append(prefix_.data() + at_, n);
    at_ += n;
    size -= n;
  }
  if (size == 0) return;
  out.append(body_, at_ - kPrefix, size);
  at_ += size;
}

Result<std::optional<MessageReader::Whole>> MessageReader::take(std::string_view& in,
                                                                std::size_t limit) {
  if (block_ == nullptr) {
    const auto n = std::min(kPrefix - prefix_size_, in.size());
    std::memcpy(prefix_.data() + prefix_size_, in.data(), n);
    prefix_size_ += n;
    in.remove_prefix(n);
    if (prefix_size_ < kPrefix) return std::optional<Whole>();
    if (prefix_[0] != 0 && prefix_[0] != 1) return invalid("the flag of a message is unknown");
    size_ = big_endian(prefix_.data() + 1);
    if (size_ > limit) {
      return exhausted("a message of " + std::to_string(size_) + " bytes is larger than the " +
                       std::to_string(limit) + " that are taken here");
    }
    // Not touched before the bytes are there, so that a large announcement costs nothing.
    const std::size_t rounded = (size_ + kAligned - 1) / kAligned * kAligned;
    const std::size_t room = rounded + kAligned;
    block_ = room <= kMostRecycled ? std::allocate_shared<char[]>(Recycled<char>(), room)
                                   : std::shared_ptr<char[]>(new (std::nothrow) char[room]);
    if (block_ == nullptr) return exhausted("there is no memory for a message of its size");
    const auto address = reinterpret_cast<std::uintptr_t>(block_.get());
    const auto first = (address + kAligned - 1) / kAligned * kAligned;
    begin_ = block_.get() + (first - address) + (rounded - size_);
    have_ = 0;
  }
  const auto n = std::min(size_ - have_, in.size());
  if (n > 0) std::memcpy(begin_ + have_, in.data(), n);
  have_ += n;
  in.remove_prefix(n);
  if (have_ < size_) return std::optional<Whole>();
  Whole whole{.block = std::move(block_), .bytes = {begin_, size_}, .compressed = prefix_[0] == 1};
  block_ = nullptr;
  prefix_size_ = size_ = have_ = 0;
  return std::optional<Whole>(std::move(whole));
}

namespace {

class Handle : public GrpcCall {
 public:
  explicit Handle(std::shared_ptr<H2Stream> stream) : stream_(std::move(stream)) {}
  ~Handle() override {
    if (!stream_->finished) {
      finish({GrpcCode::internal, "the call was left unanswered"});
    }
  }

  const Request& request() const override { return stream_->request; }
  std::int64_t deadline_ns() const override { return stream_->deadline_ns; }

  void send(std::string message) override { deliver(std::move(message), std::nullopt); }

  void finish(GrpcStatus status) override {
    if (!stream_->finished.exchange(true)) deliver(std::nullopt, std::move(status));
  }

  void answer(std::string message) override {
    if (!stream_->finished.exchange(true)) deliver(std::move(message), GrpcStatus{});
  }

  std::shared_ptr<const std::atomic<bool>> cancellation() const override {
    return {stream_, &stream_->cancelled};
  }

 private:
  void deliver(std::optional<std::string> message, std::optional<GrpcStatus> status) {
    const auto session = stream_->session.lock();
    if (session == nullptr) return;
    bool compressed = false;
    if (message && stream_->answer_encoding != Encoding::identity &&
        message->size() > kWorthCompressing) {
      auto smaller = stream_->answer_encoding == Encoding::gzip ? gzip(*message) : zlib(*message);
      compressed = !smaller.empty() && smaller.size() < message->size();
      if (compressed) message = std::move(smaller);
    }
    session->deliver({stream_, std::move(message), compressed, std::move(status)});
  }

  const std::shared_ptr<H2Stream> stream_;
};

}  // namespace

std::shared_ptr<GrpcCall> call_of(std::shared_ptr<H2Stream> stream) {
  return make_recycled<Handle>(std::move(stream));
}

std::optional<std::int64_t> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto amount = parse_int(text.substr(0, text.size() - 1));
  if (!amount || *amount < 0 || text[0] == '-' || text[0] == '+') return std::nullopt;
  constexpr std::int64_t kYear = 365LL * 24 * 3600 * 1'000'000'000;
  const auto times = [&](std::int64_t unit) {
    return *amount > kYear / unit ? kYear : *amount * unit;
  };
  switch (text.back()) {
    case 'H':
      return times(3'600'000'000'000);
    case 'M':
      return times(60'000'000'000);
    case 'S':
      return times(1'000'000'000);
    case 'm':
      return times(1'000'000);
    case 'u':
      return times(1'000);
    case 'n':
      return times(1);
    default:
      return std::nullopt;
  }
}

std::optional<Encoding> parse_encoding(std::string_view name) {
  if (name.empty() || name == "identity") return Encoding::identity;
  if (name == "gzip") return Encoding::gzip;
  if (name == "deflate") return Encoding::deflate;
  return std::nullopt;
}

std::string_view name_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity:
      return "identity";
    case Encoding::gzip:
      return "gzip";
    case Encoding::deflate:
      return "deflate";
  }
  return "identity";
}

bool accepts(std::string_view list, Encoding encoding) {
  while (true) {
    const auto comma = list.find(',');
    if (trim(list.substr(0, comma)) == name_of(encoding)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace slipway::net

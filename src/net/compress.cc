// SPDX-License-Identifier: Apache-2.0
#include "compress.h"

#include <algorithm>
#include <array>

#include <zlib.h>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kGzipOrZlib = 15 + 32;
constexpr std::size_t kWorthIt = 1024;

// Inflates piece by piece. HTTP's "deflate" is zlib's format by the letter, and the bare one in
// practice: the first bytes tell.
class Inflater {
 public:
  ~Inflater() { inflateEnd(&stream_); }

  // Feeds `in`, fills at most `size` bytes; both are advanced by what was used.
  Result<std::size_t> step(std::string_view& in, char* out, std::size_t size) {
    if (!started_) {
      if (in.empty()) return std::size_t{0};
      const bool bare = (static_cast<unsigned char>(in[0]) & 0x0f) != 8 && in[0] != '\x1f';
      if (inflateInit2(&stream_, bare ? -15 : kGzipOrZlib) != Z_OK) return internal("zlib");
      started_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(in.size(), 1u << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
    const auto offered = stream_.avail_in;
    const auto room = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(offered - stream_.avail_in);
    ended_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return invalid("the compressed body is damaged",
                     "send it whole, or without content-encoding");
    }
    return static_cast<std::size_t>(room - stream_.avail_out);
  }

  bool ended() const { return ended_; }

 private:
  z_stream stream_{};
  bool started_ = false;
  bool ended_ = false;
};

class DecompressingSource : public BodySource {
 public:
  explicit DecompressingSource(std::shared_ptr<BodySource> from) : from_(std::move(from)) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    while (true) {
      if (!pending_.empty()) {
        SW_TRY(const auto n, inflater_.step(pending_, into, size));
        if (n > 0) return n;
      }
      if (inflater_.ended()) {
        if (pending_.empty()) return drain();
        return invalid("bytes follow the compressed body");
      }
      SW_TRY(const auto got, from_->read(buffer_.data(), buffer_.size()));
      if (got == 0) return invalid("the compressed body ends too early");
      pending_ = {buffer_.data(), got};
      SW_TRY(const auto n, inflater_.step(pending_, into, size));
      if (n > 0) return n;
    }
  }

 private:
  // The end of what was sent, so that the connection can go on.
  Result<std::size_t> drain() {
    SW_TRY(const auto got, from_->read(buffer_.data(), buffer_.size()));
    if (got != 0) return invalid("bytes follow the compressed body");
    return std::size_t{0};
  }

  std::shared_ptr<BodySource> from_;
  Inflater inflater_;
  std::array<char, 32 << 10> buffer_;
  std::string_view pending_;
};

bool accepts_gzip(std::string_view accept) {
  for (const auto part : split(accept, ',')) {
    const auto semicolon = part.find(';');
    const auto name = trim(part.substr(0, semicolon));
    if (!equal_ignoring_case(name, "gzip") && name != "*") continue;
    if (semicolon == std::string_view::npos) return true;
    const auto parameter = trim(part.substr(semicolon + 1));
    if (!parameter.starts_with("q=")) return true;
    return parse_double(parameter.substr(2)).value_or(0) > 0;
  }
  return false;
}

bool is_compressible(std::string_view type) {
  type = trim(type.substr(0, type.find(';')));
  if (type == "text/event-stream") return false;
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml") ||
         type == "application/javascript" || type == "application/yaml" ||
         type == "application/openmetrics-text";
}

}  // namespace

bool is_known_encoding(std::string_view encoding) {
  static constexpr std::string_view kKnown[] = {"", "identity", "gzip", "x-gzip", "deflate"};
  return std::any_of(std::begin(kKnown), std::end(kKnown),
                     [&](std::string_view known) { return equal_ignoring_case(known, encoding); });
}

Result<std::string> decompress(std::string_view bytes, std::size_t limit) {
  Inflater inflater;
  std::string out;
  std::array<char, 64 << 10> buffer;
  while (!inflater.ended()) {
    const auto before = bytes.size();
    SW_TRY(const auto n, inflater.step(bytes, buffer.data(), buffer.size()));
    if (out.size() + n > limit) {
      return exhausted("the body is larger than " + std::to_string(limit) +
                       " bytes once decompressed");
    }
    out.append(buffer.data(), n);
    if (n == 0 && before == bytes.size() && !inflater.ended()) {
      return invalid("the compressed body ends too early",
                     "send it whole, or without content-encoding");
    }
  }
  if (!bytes.empty()) return invalid("bytes follow the compressed body");
  return out;
}

namespace {

std::string deflated(std::string_view bytes, int window) {
  z_stream stream{};
  if (deflateInit2(&stream, 4, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(status == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string gzip(std::string_view bytes) {
  return deflated(bytes, kGzip);
}

std::string zlib(std::string_view bytes) {
  return deflated(bytes, kZlib);
}

std::shared_ptr<BodySource> decompressing(std::shared_ptr<BodySource> from) {
  return std::make_shared<DecompressingSource>(std::move(from));
}

void compress_answer(const Request& request, Response& response) {
  if (response.producer || response.body.size() < kWorthIt || response.body.size() > (1u << 30) ||
      response.status == 206 || response.headers.has("content-encoding") ||
      !is_compressible(response.headers.get("content-type"))) {
    return;
  }
  response.headers.add("vary", "accept-encoding");
  if (!accepts_gzip(request.headers.get("accept-encoding"))) return;
  std::string smaller = gzip(response.body);
  if (smaller.empty() || smaller.size() >= response.body.size()) return;
  response.body = std::move(smaller);
  response.headers.set("content-encoding", "gzip");
  const std::string etag(response.headers.get("etag"));
  if (!etag.empty() && !etag.starts_with("W/")) response.headers.set("etag", "W/" + etag);
}

}  // namespace slipway::net

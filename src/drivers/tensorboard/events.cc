// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "base/protobuf.h"
#include "base/text.h"

namespace slipway::drivers::tensorboard {
namespace {

constexpr std::uint64_t kRecordLimit = 512u << 20;

constexpr auto kTable = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
    out[i] = c;
  }
  return out;
}();

template <class T>
T little(const char* from) {
  T out{};
  std::memcpy(&out, from, sizeof out);
  return out;
}

std::int64_t to_ms(double seconds) {
  if (!(std::abs(seconds) < 9e15)) return 0;
  return static_cast<std::int64_t>(std::llround(seconds * 1000));
}

double from_half(std::uint32_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

struct Tensor {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  std::vector<std::int64_t> shape;
};

template <class T>
void raw_into(std::string_view bytes, std::vector<double>& out) {
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    out.push_back(static_cast<double>(little<T>(bytes.data() + at)));
  }
}

// The numbers of `content`, by the tensor's type.
void read_content(int type, std::string_view content, std::vector<double>& out) {
  switch (type) {
    case 1:
      return raw_into<float>(content, out);
    case 2:
      return raw_into<double>(content, out);
    case 3:
      return raw_into<std::int32_t>(content, out);
    case 4:
    case 10:
      return raw_into<std::uint8_t>(content, out);
    case 5:
      return raw_into<std::int16_t>(content, out);
    case 6:
      return raw_into<std::int8_t>(content, out);
    case 9:
      return raw_into<std::int64_t>(content, out);
    case 14:
    case 19: {
      std::vector<double> words;
      raw_into<std::uint16_t>(content, words);
      for (const double w : words) {
        const auto bits = static_cast<std::uint32_t>(w);
        const auto wide = bits << 16;
        out.push_back(
            type == 19 ? from_half(bits)
                       : static_cast<double>(little<float>(reinterpret_cast<const char*>(&wide))));
      }
      return;
    }
    default:
      return;
  }
}

Tensor read_tensor(std::string_view bytes) {
  Tensor out;
  int type = 0;
  std::string_view content;
  std::vector<double> halves;
  for (ProtoReader r(bytes); r.next();) {
    switch (r.field()) {
      case 1:
        type = static_cast<int>(r.int64());
        break;
      case 2:
        for (auto shape = r.message(); shape.next();) {
          if (shape.field() != 2) continue;
          std::int64_t size = 0;
          for (auto dim = shape.message(); dim.next();) {
            if (dim.field() == 1) size = dim.int64();
          }
          out.shape.push_back(size);
        }
        break;
      case 4:
        content = r.bytes();
        break;
      case 5:
        r.fixed_into<float>(out.numbers);
        break;
      case 6:
        r.fixed_into<double>(out.numbers);
        break;
      case 7:
      case 10:
      case 11:
        r.varints_into(out.numbers);
        break;
      case 8:
        out.texts.emplace_back(r.bytes());
        break;
      case 13:
        r.varints_into(halves);
        break;
      default:
        break;
    }
  }
  for (const double half : halves)
    out.numbers.push_back(from_half(static_cast<std::uint32_t>(half)));
  if (out.numbers.empty()) read_content(type, content, out.numbers);
  return out;
}

Histogram old_histogram(ProtoReader r) {
  Histogram out;
  double least = 0;
  std::vector<double> limits;
  while (r.next()) {
    if (r.field() == 1) least = r.real();
    if (r.field() == 6) r.fixed_into<double>(limits);
    if (r.field() == 7) r.fixed_into<double>(out.counts);
  }
  // An empty first bucket may end below the least value.
  if (!limits.empty()) least = std::min(least, limits.front());
  out.edges.push_back(least);
  out.edges.insert(out.edges.end(), limits.begin(), limits.end());
  return out;
}

// Rows of left edge, right edge, count.
Histogram tensor_histogram(const std::vector<double>& rows) {
  Histogram out;
  for (std::size_t at = 0; at + 3 <= rows.size(); at += 3) {
    if (at == 0) out.edges.push_back(rows[0]);
    out.edges.push_back(rows[at + 1]);
    out.counts.push_back(rows[at + 2]);
  }
  return out;
}

void fill_from_tensor(Value& value, const std::string& plugin, Tensor tensor) {
  if (plugin == "images" || plugin == "image") {
    // The width and the height come first.
    for (std::size_t i = 2; i < tensor.texts.size(); ++i) {
      value.images.push_back(std::move(tensor.texts[i]));
    }
  } else if (plugin == "histograms") {
    value.histogram = tensor_histogram(tensor.numbers);
  } else if (plugin == "audio") {
    if (!tensor.texts.empty()) value.audio = std::move(tensor.texts[0]);
  } else if (!tensor.texts.empty()) {
    if (plugin == "text") value.texts = std::move(tensor.texts);
  } else if (tensor.numbers.size() == 1) {
    value.scalar = tensor.numbers[0];
  }
}

std::string proto_value(ProtoReader r) {
  while (r.next()) {
    if (r.field() == 2) return number_text(r.real());
    if (r.field() == 3) return std::string(r.bytes());
    if (r.field() == 4) return r.int64() != 0 ? "True" : "False";
  }
  return "None";
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 255] ^ crc >> 8;
  return ~crc;
}

std::uint32_t masked_crc(std::string_view bytes) {
  const auto crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

Result<RecordEnd> read_records(const std::string& path,
                               const std::function<void(std::string_view)>& each) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found("cannot open '" + path + "'");
  RecordEnd end;
  std::string data;
  for (;;) {
    std::array<char, 12> head{};
    if (!in.read(head.data(), head.size())) return end;
    const auto size = little<std::uint64_t>(head.data());
    if (masked_crc({head.data(), 8}) != little<std::uint32_t>(head.data() + 8)) {
      end.damage = "the length of the record does not fit its checksum";
      return end;
    }
    if (size > kRecordLimit) {
      end.damage = "a record of " + std::to_string(size) + " bytes";
      return end;
    }
    // Grown as it is read, so that a length without bytes behind it costs nothing.
    data.clear();
    while (data.size() < size + 4) {
      const auto piece = std::min<std::uint64_t>(size + 4 - data.size(), 1 << 20);
      const auto before = data.size();
      data.resize(before + static_cast<std::size_t>(piece));
      if (!in.read(data.data() + before, static_cast<std::streamsize>(piece))) return end;
    }
    const std::string_view record(data.data(), static_cast<std::size_t>(size));
    if (masked_crc(record) != little<std::uint32_t>(data.data() + size)) {
      end.damage = "the record does not fit its checksum";
      return end;
    }
    each(record);
    end.offset += size + 16;
  }
}

void Events::read(std::string_view event, const std::function<void(Value)>& each) {
  std::int64_t step = 0;
  std::int64_t time = 0;
  std::string_view summary;
  ProtoReader r(event);
  while (r.next()) {
    if (r.field() == 1) time = to_ms(r.real());
    if (r.field() == 2) step = r.int64();
    if (r.field() == 5) summary = r.bytes();
  }
  if (!r.ok()) return;
  if (time != 0) {
    first_time_ = first_time_ == 0 ? time : std::min(first_time_, time);
    last_time_ = std::max(last_time_, time);
  }
  read_summary(summary, step, time, each);
}

void Events::read_summary(std::string_view summary, std::int64_t step, std::int64_t time,
                          const std::function<void(Value)>& each) {
  for (ProtoReader r(summary); r.next();) {
    if (r.field() != 1) continue;
    Value value{.tag = "", .step = step, .time = time};
    std::string_view tensor;
    std::string_view session;
    std::string plugin;
    for (auto v = r.message(); v.next();) {
      switch (v.field()) {
        case 1:
          value.tag = v.bytes();
          break;
        case 2:
          value.scalar = v.real();
          break;
        case 4:
          for (auto image = v.message(); image.next();) {
            if (image.field() == 4) value.images.emplace_back(image.bytes());
          }
          break;
        case 5:
          value.histogram = old_histogram(v.message());
          break;
        case 6:
          for (auto audio = v.message(); audio.next();) {
            if (audio.field() == 4) value.audio = audio.bytes();
          }
          break;
        case 8:
          tensor = v.bytes();
          break;
        case 9:
          for (auto meta = v.message(); meta.next();) {
            if (meta.field() != 1) continue;
            for (auto data = meta.message(); data.next();) {
              if (data.field() == 1) plugin = data.bytes();
              if (data.field() == 2) session = data.bytes();
            }
          }
          break;
        default:
          break;
      }
    }
    if (!plugin.empty()) {
      plugins_[value.tag] = plugin;
    } else if (const auto known = plugins_.find(value.tag); known != plugins_.end()) {
      plugin = known->second;
    }
    if (plugin == "hparams") {
      read_session(session);
    } else {
      if (!tensor.empty()) fill_from_tensor(value, plugin, read_tensor(tensor));
      each(std::move(value));
    }
  }
}

void Events::read_session(std::string_view content) {
  for (ProtoReader r(content); r.next();) {
    if (r.field() == 4) {
      for (auto end = r.message(); end.next();) {
        if (end.field() == 1) session_.status = static_cast<int>(end.int64());
      }
    }
    if (r.field() != 3) continue;
    for (auto start = r.message(); start.next();) {
      if (start.field() == 4) session_.group = start.bytes();
      if (start.field() != 1) continue;
      std::string key;
      std::string value;
      for (auto entry = start.message(); entry.next();) {
        if (entry.field() == 1) key = entry.bytes();
        if (entry.field() == 2) value = proto_value(entry.message());
      }
      if (!key.empty()) session_.params[key] = value;
    }
  }
}

}  // namespace slipway::drivers::tensorboard

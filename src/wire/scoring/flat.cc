// SPDX-License-Identifier: Apache-2.0
#include "flat.h"

#include <algorithm>

namespace slipway::wire::scoring {

FlatWriter::Written FlatWriter::table(const std::vector<Member>& members) {
  int last = -1;
  bool wide = false;
  for (const auto& member : members) {
    last = std::max(last, member.field);
    wide = wide || member.size == 8;
  }
  std::vector<std::uint16_t> slots(static_cast<std::size_t>(last + 1), 0);
  std::uint16_t size = wide ? 8 : 4;
  for (const auto& member : members) {
    slots[static_cast<std::size_t>(member.field)] = size;
    size = static_cast<std::uint16_t>(size + member.size);
  }
  align(2);
  const auto vtable = out_.size();
  put(static_cast<std::uint16_t>(4 + slots.size() * 2));
  put(size);
  for (const auto slot : slots) put(slot);
  align(8);
  Written out{.place = out_.size(), .members = {}};
  put(static_cast<std::int32_t>(out.place - vtable));
  if (wide) put(std::uint32_t{0});
  for (const auto& member : members) {
    out.members.emplace_back(member.field, out_.size());
    out_.append(reinterpret_cast<const char*>(&member.value),
                static_cast<std::size_t>(member.size));  // little-endian, like the machine
  }
  return out;
}

std::size_t FlatWriter::text(std::string_view text) {
  align(4);
  const auto place = out_.size();
  put(static_cast<std::uint32_t>(text.size()));
  out_ += text;
  out_ += '\0';
  return place;
}

std::size_t FlatWriter::references(std::size_t count) {
  align(4);
  const auto place = out_.size();
  put(static_cast<std::uint32_t>(count));
  out_.append(count * 4, '\0');
  return place;
}

std::size_t FlatWriter::pairs(const std::vector<std::pair<std::int64_t, std::int64_t>>& values) {
  align(8, 4);
  const auto place = out_.size();
  put(static_cast<std::uint32_t>(values.size()));
  for (const auto& [first, second] : values) {
    put(first);
    put(second);
  }
  return place;
}

}  // namespace slipway::wire::scoring

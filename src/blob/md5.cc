// SPDX-License-Identifier: Apache-2.0
#include "blob/md5.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/result.h"
#include "md5_blocks.h"

namespace slipway::blob {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kMostLanes = 16;

static_assert(std::endian::native == std::endian::little);

struct Engine {
  std::size_t lanes;
  Md5Blocks blocks;
};

Engine chosen() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && md5_blocks_16() != nullptr) return {16, md5_blocks_16()};
  if (__builtin_cpu_supports("avx2") && md5_blocks_8() != nullptr) return {8, md5_blocks_8()};
#endif
  return {4, md5_blocks_4()};
}

const Engine& engine() {
  static const Engine kEngine = chosen();
  return kEngine;
}

}  // namespace

Md5Blocks md5_blocks_4() {
  return &blocks_of<4>;
}
Md5Blocks md5_blocks_1() {
  return &blocks_of<1>;
}

std::size_t Md5Lanes::width() {
  return engine().lanes;
}

// Lanes take the next message as soon as theirs is through; each turn goes as far as the shortest.
void Md5Lanes::run() {
  const auto lanes = engine().lanes;
  alignas(64) std::array<std::uint32_t, 4 * kMostLanes> state{};
  std::array<Work, kMostLanes> lane{};
  std::array<const unsigned char*, kMostLanes> at{};
  std::size_t next = 0;
  const auto fill = [&](std::size_t i) {
    lane[i] = next < work_.size() ? work_[next++] : Work{};
    if (lane[i].blocks == 0) return;
    for (std::size_t w = 0; w < 4; ++w) state[w * lanes + i] = lane[i].state[w];
  };
  for (std::size_t i = 0; i < lanes; ++i) fill(i);
  while (true) {
    std::size_t turn = SIZE_MAX;
    std::size_t busy = 0;
    const Work* some = nullptr;
    for (std::size_t i = 0; i < lanes; ++i) {
      if (lane[i].blocks == 0) continue;
      ++busy;
      some = &lane[i];
      turn = std::min(turn, lane[i].blocks);
    }
    if (busy == 0) break;
    if (busy == 1 && next == work_.size()) {  // one alone is faster without lanes
      const auto i = static_cast<std::size_t>(some - lane.data());
      std::array<std::uint32_t, 4> alone{};
      for (std::size_t w = 0; w < 4; ++w) alone[w] = state[w * lanes + i];
      md5_blocks_1()(alone.data(), &some->at, some->blocks);
      std::copy(alone.begin(), alone.end(), some->state);
      break;
    }
    // An idle lane reads along with a busy one; nobody looks at its state.
    for (std::size_t i = 0; i < lanes; ++i) at[i] = lane[i].blocks == 0 ? some->at : lane[i].at;
    engine().blocks(state.data(), at.data(), turn);
    for (std::size_t i = 0; i < lanes; ++i) {
      if (lane[i].blocks == 0) continue;
      lane[i].at += turn * kBlock;
      lane[i].blocks -= turn;
      if (lane[i].blocks > 0) continue;
      for (std::size_t w = 0; w < 4; ++w) lane[i].state[w] = state[w * lanes + i];
      fill(i);
    }
  }
  work_.clear();
}

void Md5Lanes::add(std::span<const Piece> pieces) {
  for (const auto& piece : pieces) {
    auto& message = *piece.message;
    auto bytes = piece.bytes;
    const auto kept = static_cast<std::size_t>(message.size_ % kBlock);
    message.size_ += bytes.size();
    if (kept > 0) {
      const auto taken = std::min(kBlock - kept, bytes.size());
      std::memcpy(message.rest_.data() + kept, bytes.data(), taken);
      bytes.remove_prefix(taken);
      if (kept + taken < kBlock) continue;
      const unsigned char* rest = message.rest_.data();
      md5_blocks_1()(message.state_.data(), &rest, 1);
    }
    const auto whole = bytes.size() / kBlock;
    if (whole > 0) {
      work_.push_back(
          {message.state_.data(), reinterpret_cast<const unsigned char*>(bytes.data()), whole});
    }
    const auto left = bytes.substr(whole * kBlock);
    if (!left.empty()) std::memcpy(message.rest_.data(), left.data(), left.size());
  }
  run();
}

void Md5Lanes::finish(std::span<Md5Message* const> messages, std::span<Md5> out) {
  SW_ASSERT(messages.size() == out.size());
  padding_.resize(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto& message = *messages[i];
    auto& last = padding_[i];
    last.fill(0);
    const auto kept = static_cast<std::size_t>(message.size_ % kBlock);
    std::memcpy(last.data(), message.rest_.data(), kept);
    last[kept] = 0x80;
    const std::size_t blocks = kept + 9 <= kBlock ? 1 : 2;
    const std::uint64_t bits = message.size_ * 8;
    std::memcpy(last.data() + blocks * kBlock - 8, &bits, 8);
    work_.push_back({message.state_.data(), last.data(), blocks});
  }
  run();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::memcpy(out[i].data(), messages[i]->state_.data(), 16);
  }
}

std::vector<Md5> md5_of(std::span<const std::string_view> messages) {
  std::vector<Md5Message> each(messages.size());
  std::vector<Md5Lanes::Piece> pieces;
  std::vector<Md5Message*> all;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    pieces.push_back({&each[i], messages[i]});
    all.push_back(&each[i]);
  }
  std::vector<Md5> out(messages.size());
  Md5Lanes lanes;
  lanes.add(pieces);
  lanes.finish(all, out);
  return out;
}

}  // namespace slipway::blob

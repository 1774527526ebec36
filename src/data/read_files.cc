// SPDX-License-Identifier: Apache-2.0
#include "data/read_files.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/pool.h"
#include "blob/md5.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

constexpr std::size_t kPiece = 64 << 10;      // of a file, a turn; smaller files stay in memory
constexpr std::size_t kLargePiece = 1 << 20;  // of a file that is read alone

// A file that is being read.
struct Slot {
  std::size_t index = 0;
  FileToRead file;
  Descriptor in;
  Descriptor copy;
  FileRead read;
  blob::Md5Message message;
  std::uint64_t left = 0;
  char* buffer = nullptr;
  std::size_t got = 0;  // in the buffer
  bool shared = false;  // the copy is there already
  bool busy = false;
  bool ended = false;

  bool to_write() const { return copy.ok() && !shared; }
};

// One thread's share of the work.
class Reading {
 public:
  Reading(const ReadFiles& work, std::atomic<std::size_t>& next)
      : work_(work),
        next_(next),
        memory_(std::make_unique_for_overwrite<char[]>(blob::Md5Lanes::width() * kPiece)),
        slots_(blob::Md5Lanes::width()) {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].buffer = memory_.get() + i * kPiece;
  }

  void run() {
    while (true) {
      std::size_t busy = 0;
      for (auto& slot : slots_) busy += slot.busy || begin(slot) ? 1 : 0;
      if (busy == 0) return;
      turn(busy == 1 && next_ >= work_.count);
    }
  }

 private:
  // Opens the next file that can be; false when there is none.
  bool begin(Slot& slot) {
    while (true) {
      const auto index = next_++;
      if (index >= work_.count) return false;
      slot.index = index;
      slot.file = work_.file(index);
      slot.read = {};
      slot.message = {};
      slot.got = 0;
      slot.ended = false;
      slot.shared = false;
      const auto opened = open(slot);
      if (opened) return slot.busy = true;
      fail(slot, opened.error());
    }
  }

  Result<void> open(Slot& slot) {
    SW_TRY(slot.in, open_to_read(slot.file.from, slot.read.source));
    slot.left = static_cast<std::uint64_t>(slot.read.source.st_size);
    slot.read.in_memory = slot.left <= kPiece;
    if (slot.read.in_memory || slot.file.copy_to.empty()) return {};
    (void)::posix_fadvise(slot.in.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    SW_TRY(slot.copy, create(slot.file.copy_to, slot.file.mode));
    slot.read.copied = true;
    // The copy is complete at once; the original may change from then on and is checked as usual.
    slot.shared = slot.file.share && share_blocks(slot.in.get(), slot.copy.get());
    return {};
  }

  // Every file a piece further.
  void turn(bool alone) {
    pieces_.clear();
    for (auto& slot : slots_) {
      if (!slot.busy) continue;
      const auto went = alone && slot.left > 2 * kLargePiece ? rest_alone(slot) : piece(slot);
      if (!went) fail(slot, went.error());
    }
    lanes_.add(pieces_);
    ended_.clear();
    messages_.clear();
    for (auto& slot : slots_) {
      if (!slot.busy || !slot.ended) continue;
      ended_.push_back(&slot);
      messages_.push_back(&slot.message);
    }
    md5s_.resize(ended_.size());
    lanes_.finish(messages_, md5s_);
    for (std::size_t i = 0; i < ended_.size(); ++i) finish(*ended_[i], md5s_[i]);
  }

  Result<void> piece(Slot& slot) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(slot.left, kPiece));
    SW_TRY(slot.got, read_up_to(slot.in.get(), slot.buffer, want, slot.file.from));
    const std::string_view bytes{slot.buffer, slot.got};
    if (slot.to_write()) SW_CHECK_OK(write_whole(slot.copy.get(), bytes, slot.file.copy_to));
    pieces_.push_back({&slot.message, bytes});
    slot.left -= slot.got;
    slot.ended = slot.left == 0 || slot.got < want;  // shorter than it was: found out by finish
    if (work_.on_bytes && slot.got > 0) work_.on_bytes(slot.got);
    return {};
  }

  static Result<void> fill(const Slot& slot, char* into, std::size_t& size) {
    SW_TRY(size, read_up_to(slot.in.get(), into, kLargePiece, slot.file.from));
    return {};
  }

  // One stream of MD5 is slower than copying: a second thread writes a piece and reads the next
  // one while this one hashes.
  Result<void> rest_alone(Slot& slot) {
    struct Buffer {
      std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kLargePiece);
      std::size_t size = 0;
    };
    Buffer buffers[2];
    std::counting_semaphore<2> filled(0);
    std::counting_semaphore<2> hashed(2);
    Result<void> outcome;  // the companion's until it is joined
    {
      Pool companion("copy", 1, 1);
      SW_ASSERT(companion.post([&] {
        for (std::size_t turn = 0;; ++turn) {
          hashed.acquire();
          auto& buffer = buffers[turn % 2];
          buffer.size = 0;
          if (outcome) outcome = fill(slot, buffer.bytes.get(), buffer.size);
          filled.release();
          if (buffer.size == 0) return;
          if (!slot.to_write()) continue;
          outcome =
              write_whole(slot.copy.get(), {buffer.bytes.get(), buffer.size}, slot.file.copy_to);
        }
      }));
      for (std::size_t turn = 0;; ++turn) {
        filled.acquire();
        const auto& buffer = buffers[turn % 2];
        if (buffer.size == 0) break;
        const blob::Md5Lanes::Piece piece{&slot.message, {buffer.bytes.get(), buffer.size}};
        lanes_.add({&piece, 1});
        if (work_.on_bytes) work_.on_bytes(buffer.size);
        hashed.release();
      }
    }
    SW_CHECK_OK(outcome);
    slot.left = 0;
    slot.ended = true;
    return {};
  }

  void finish(Slot& slot, const Md5& md5) {
    struct stat after {};
    if (::fstat(slot.in.get(), &after) != 0 || !same_file(slot.read.source, after) ||
        slot.message.size() != static_cast<std::uint64_t>(after.st_size)) {
      return fail(slot, changed_while_read(slot.file.from));
    }
    if (slot.copy.ok()) {
      if (const auto set = set_mode(slot.copy.get(), slot.file.mode, slot.file.copy_to); !set) {
        return fail(slot, set.error());
      }
      if (::fstat(slot.copy.get(), &slot.read.copy) != 0) {
        return fail(slot, file_error("cannot write", slot.file.copy_to));
      }
    }
    slot.read.md5 = md5;
    if (slot.read.in_memory) slot.read.content = {slot.buffer, slot.got};
    close(slot);
    answer(slot.index, std::move(slot.read));
  }

  void fail(Slot& slot, const Error& error) {
    const bool begun = slot.copy.ok();
    close(slot);
    if (begun) ::unlink(slot.file.copy_to.c_str());
    answer(slot.index, error);
  }

  void close(Slot& slot) {
    slot.in = Descriptor();
    slot.copy = Descriptor();
    slot.busy = false;
  }

  void answer(std::size_t index, Result<FileRead>&& read) {
    if (!work_.done(index, std::move(read))) next_ = work_.count;
  }

  const ReadFiles& work_;
  std::atomic<std::size_t>& next_;
  std::unique_ptr<char[]> memory_;
  std::vector<Slot> slots_;
  blob::Md5Lanes lanes_;
  std::vector<blob::Md5Lanes::Piece> pieces_;
  std::vector<Slot*> ended_;
  std::vector<blob::Md5Message*> messages_;
  std::vector<Md5> md5s_;
};

}  // namespace

void read_files(const ReadFiles& work) {
  std::atomic<std::size_t> next = 0;
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const auto threads = std::min(cores, work.count);
  if (threads <= 1) {
    Reading(work, next).run();
    return;
  }
  Pool pool("read", threads, threads);
  for (std::size_t i = 0; i < threads; ++i) {
    SW_ASSERT(pool.post([&] { Reading(work, next).run(); }));
  }
  pool.drain();
}

}  // namespace slipway::data

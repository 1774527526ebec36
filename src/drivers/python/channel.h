// SPDX-License-Identifier: Apache-2.0
// The way to one worker: a Unix socket for short messages, and two shared memory files for what is
// long. The server only ever reads and writes those files, it never maps them: a worker that cuts
// one short must not be able to end the server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace slipway::drivers::python {

class Channel {
 public:
  // Listens in a new folder that only this user may enter.
  static Result<std::unique_ptr<Channel>> listen();
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const std::string& path() const { return path_; }

  // Waits for the worker at most `timeout_ms`, hands over the memory, and closes the door. Not yet
  // there is deadline.
  Result<void> accept(int timeout_ms);
  // `memory` goes into the file that the worker reads.
  Result<void> send(const std::string& message, const std::string& memory);
  // The next message; `deadline` when none came in time, `unavailable` when the worker is gone.
  Result<std::string> receive(int timeout_ms);
  // What the worker wrote into its file: the first `size` bytes.
  Result<std::shared_ptr<const std::string>> answered(std::size_t size) const;
  // From another thread: ends a wait.
  void shut();

 private:
  Channel() = default;
  Result<void> hand_over();
  Result<void> read_exactly(char* to, std::size_t count, std::int64_t deadline_ns);

  std::string folder_;
  std::string path_;
  int listener_ = -1;
  int socket_ = -1;
  int asked_ = -1;
  int answered_ = -1;
};

}  // namespace slipway::drivers::python

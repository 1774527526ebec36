// SPDX-License-Identifier: Apache-2.0
#include "channel.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

namespace slipway::drivers::python {
namespace {

constexpr std::size_t kMostMessage = std::size_t{16} << 20;
constexpr std::size_t kMostAnswer = std::size_t{1} << 30;

Error failed(const std::string& what) {
  return unavailable(what + ": " + std::strerror(errno));
}
Error gone() {
  return unavailable("the Python worker ended");
}

int left_of(std::int64_t deadline_ns) {
  const auto ms = (deadline_ns - system_clock().monotonic_ns()) / 1'000'000;
  return ms <= 0 ? 0 : static_cast<int>(std::min<std::int64_t>(ms, 1'000'000));
}

}  // namespace

Result<std::unique_ptr<Channel>> Channel::listen() {
  std::unique_ptr<Channel> out(new Channel);
  auto pattern = (std::filesystem::temp_directory_path() / "slipway-py-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return failed("cannot make '" + pattern + "'");
  out->folder_ = pattern;
  out->path_ = pattern + "/s";
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (out->path_.size() >= sizeof address.sun_path) {
    return invalid("the folder of temporary files has too long a name: '" + pattern + "'");
  }
  std::memcpy(address.sun_path, out->path_.c_str(), out->path_.size() + 1);
  out->listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  out->asked_ = ::memfd_create("slipway-asked", MFD_CLOEXEC);
  out->answered_ = ::memfd_create("slipway-answered", MFD_CLOEXEC);
  if (out->listener_ < 0 || out->asked_ < 0 || out->answered_ < 0 ||
      ::bind(out->listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(out->listener_, 1) != 0) {
    return failed("cannot listen for a Python worker");
  }
  return out;
}

Channel::~Channel() {
  for (const int file : {listener_, socket_, asked_, answered_}) {
    if (file >= 0) ::close(file);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<void> Channel::accept(int timeout_ms) {
  pollfd wait{.fd = listener_, .events = POLLIN, .revents = 0};
  const int ready = ::poll(&wait, 1, timeout_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR))
    return Error{Code::deadline, "not yet there", {}};
  if (ready < 0) return failed("cannot wait for a Python worker");
  socket_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket_ < 0) return failed("cannot accept a Python worker");
  ::close(listener_);
  listener_ = -1;
  return hand_over();
}

Result<void> Channel::hand_over() {
  char byte = 'm';
  iovec data{.iov_base = &byte, .iov_len = 1};
  const int files[2] = {asked_, answered_};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof files)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(head), files, sizeof files);
  if (::sendmsg(socket_, &message, MSG_NOSIGNAL) != 1) return failed("cannot share memory");
  return {};
}

Result<void> Channel::send(const std::string& message, const std::string& memory) {
  if (message.size() > kMostMessage) return invalid("the request has too many tensors");
  struct stat facts {};
  const auto size = static_cast<off_t>(memory.size());
  if (::fstat(asked_, &facts) != 0) return failed("cannot share memory");
  // Never shorter while the worker may still look at the last request.
  if (facts.st_size < size && ::ftruncate(asked_, size) != 0) return failed("cannot share memory");
  for (std::size_t at = 0; at < memory.size();) {
    const auto wrote =
        ::pwrite(asked_, memory.data() + at, memory.size() - at, static_cast<off_t>(at));
    if (wrote <= 0) return failed("cannot share memory");
    at += static_cast<std::size_t>(wrote);
  }
  const auto length = static_cast<std::uint32_t>(message.size());
  std::string frame(reinterpret_cast<const char*>(&length), sizeof length);
  frame += message;
  for (std::size_t at = 0; at < frame.size();) {
    const auto sent = ::send(socket_, frame.data() + at, frame.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return gone();
    at += static_cast<std::size_t>(sent);
  }
  return {};
}

Result<void> Channel::read_exactly(char* to, std::size_t count, std::int64_t deadline_ns) {
  for (std::size_t at = 0; at < count;) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, left_of(deadline_ns));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return Error{Code::deadline, "the model did not answer in time", {}};
    const auto got = ::recv(socket_, to + at, count - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return gone();
    at += static_cast<std::size_t>(got);
  }
  return {};
}

Result<std::string> Channel::receive(int timeout_ms) {
  const auto deadline = system_clock().monotonic_ns() + std::int64_t{timeout_ms} * 1'000'000;
  std::uint32_t length = 0;
  SW_CHECK_OK(read_exactly(reinterpret_cast<char*>(&length), sizeof length, deadline));
  if (length > kMostMessage) return internal("the Python worker answered nonsense: its length");
  std::string out(length, '\0');
  SW_CHECK_OK(read_exactly(out.data(), length, deadline));
  return out;
}

Result<std::shared_ptr<const std::string>> Channel::answered(std::size_t size) const {
  if (size > kMostAnswer) return exhausted("the model's answer is larger than 1 GiB");
  std::string out(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const auto got = ::pread(answered_, out.data() + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return internal("the Python worker answered nonsense: it wrote less than it said");
    at += static_cast<std::size_t>(got);
  }
  return std::make_shared<const std::string>(std::move(out));
}

void Channel::shut() {
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

}  // namespace slipway::drivers::python

// SPDX-License-Identifier: Apache-2.0
// Load for an inference server, from one thread over many connections: one request over and over.
// Prints one line of JSON.
//
//   load PORT http|grpc CONNECTIONS SECONDS RATE FILE [PATH]
//
// RATE 0 is a closed loop: each connection sends when it has its answer. Otherwise so many requests
// a second are due, answered or not, and latency counts from when a request was due. FILE has an
// HTTP request as it is sent, or the message of the gRPC method PATH. (bench/tracking/load.cc makes
// its own bodies, on a thread a connection; here the generator shares the cores with the server.)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <sys/epoll.h>
#include <sys/prctl.h>

#include "channel.h"

namespace {

using load::Channel;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kPatience = 5 * kSecond;  // for answers after the end

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

class Engine {
 public:
  Engine(const load::Target& target, bool grpc, int connections, double seconds, double rate)
      : seconds_(seconds), rate_(rate), poll_(epoll_create1(0)) {
    for (int i = 0; i < connections; ++i) {
      channels_.push_back(grpc ? load::grpc_channel(target) : load::http_channel(target));
    }
    times_.reserve(1 << 20);
  }

  bool run();
  void print();

 private:
  bool connect(Channel& channel);
  void begin(Channel& channel, std::int64_t due);
  void handle(Channel& channel);
  void free(Channel& channel, std::int64_t now);
  void send_due(std::int64_t now);
  void wait(std::int64_t until);

  const double seconds_;
  const double rate_;
  const int poll_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Channel*> idle_;     // open loop: who may take the next request
  std::deque<std::int64_t> late_;  // requests that are due and found no connection
  std::int64_t began_ = 0;
  std::int64_t end_ = 0;
  std::int64_t next_due_ = 0;
  std::int64_t sent_due_ = 0;
  std::size_t under_way_ = 0;
  std::size_t in_time_ = 0;
  long errors_ = 0;
  long again_ = 0;              // connections opened again
  std::vector<float> times_;    // milliseconds
  std::vector<float> refused_;  // of those that were told to come later
};

bool Engine::connect(Channel& channel) {
  if (!channel.open()) return false;
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLET;
  wanted.data.ptr = &channel;
  epoll_ctl(poll_, EPOLL_CTL_ADD, channel.socket(), &wanted);
  return true;
}

void Engine::begin(Channel& channel, std::int64_t due) {
  channel.due_ns = due;
  ++under_way_;
  channel.start();
}

void Engine::handle(Channel& channel) {
  const bool was_busy = channel.busy();
  const auto event = channel.ready();
  if (event == Channel::Event::nothing) return;
  const auto now = now_ns();
  if (was_busy) --under_way_;
  if (event == Channel::Event::answered) {
    times_.push_back(static_cast<float>(now - channel.due_ns) * 1e-6F);
    if (now <= end_) ++in_time_;
  } else if (event == Channel::Event::refused) {
    refused_.push_back(static_cast<float>(now - channel.due_ns) * 1e-6F);
  } else if (event == Channel::Event::failed) {
    ++errors_;
  } else {  // servers close connections that were kept for long; what was asked is asked again
    if (++again_ > 1000 || !connect(channel)) {
      ++errors_;
      return;
    }
    if (was_busy) return begin(channel, channel.due_ns);
    return;
  }
  free(channel, now);
}

void Engine::free(Channel& channel, std::int64_t now) {
  if (rate_ <= 0) {
    if (now < end_) begin(channel, now);
  } else if (!late_.empty()) {
    begin(channel, late_.front());
    late_.pop_front();
  } else {
    idle_.push_back(&channel);
  }
}

void Engine::send_due(std::int64_t now) {
  for (; next_due_ <= now && next_due_ < end_; ++sent_due_) {
    if (idle_.empty()) {
      late_.push_back(next_due_);
    } else {
      auto* channel = idle_.back();
      idle_.pop_back();
      begin(*channel, next_due_);
    }
    next_due_ = began_ + static_cast<std::int64_t>(static_cast<double>(sent_due_ + 1) / rate_ *
                                                   static_cast<double>(kSecond));
  }
}

void Engine::wait(std::int64_t until) {
  std::vector<epoll_event>& events = *[] {
    static std::vector<epoll_event> all(512);
    return &all;
  }();
  const auto left = std::max<std::int64_t>(until - now_ns(), 0);
  const timespec limit{left / kSecond, left % kSecond};
  const int n =
      epoll_pwait2(poll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  for (int i = 0; i < n; ++i)
    handle(*static_cast<Channel*>(events[static_cast<std::size_t>(i)].data.ptr));
}

bool Engine::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  for (const auto& channel : channels_) {
    if (!connect(*channel)) return false;
  }
  began_ = next_due_ = now_ns();
  end_ = began_ + static_cast<std::int64_t>(seconds_ * static_cast<double>(kSecond));
  for (const auto& channel : channels_) free(*channel, began_);
  while (true) {
    const auto now = now_ns();
    if (rate_ > 0) send_due(now);
    const bool over = now >= end_ && late_.empty();
    if (over && under_way_ == 0) break;
    if (now >= end_ + kPatience) break;
    wait(now >= end_ ? end_ + kPatience : rate_ > 0 ? std::min(next_due_, end_) : end_);
  }
  errors_ += static_cast<long>(under_way_ + late_.size());
  return true;
}

double part_of(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return static_cast<double>(
      sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))]);
}

void Engine::print() {
  std::sort(times_.begin(), times_.end());
  std::sort(refused_.begin(), refused_.end());
  std::printf(
      "{\"requests\": %zu, \"per_second\": %.1f, \"errors\": %ld, \"again\": %ld, \"p50\": %.4f, "
      "\"p99\": %.4f, \"p999\": %.4f, \"max\": %.4f, \"refused\": %zu, \"refused_p99\": %.4f}\n",
      times_.size(), static_cast<double>(in_time_) / seconds_, errors_, again_,
      part_of(times_, 0.5), part_of(times_, 0.99), part_of(times_, 0.999), part_of(times_, 1),
      refused_.size(), part_of(refused_, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr, "usage: load PORT http|grpc CONNECTIONS SECONDS RATE FILE [PATH]\n");
    return 2;
  }
  load::Target target{std::atoi(argv[1]), argc > 7 ? argv[7] : "", {}};
  std::ifstream file(argv[6], std::ios::binary);
  target.request.assign(std::istreambuf_iterator<char>(file), {});
  const bool grpc = std::string(argv[2]) == "grpc";
  Engine engine(target, grpc, std::atoi(argv[3]), std::atof(argv[4]), std::atof(argv[5]));
  if (target.request.empty() || !engine.run()) {
    std::fprintf(stderr, "error: no request in %s, or nobody listens on %s\n", argv[6], argv[1]);
    return 1;
  }
  engine.print();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Load for a tracking server over keep-alive connections, one thread each: the same requests to any
// server that speaks the MLflow REST API. Prints one line of JSON.
//
//   load PORT KIND CONNECTIONS SECONDS [SIZE] [REQUESTS] [EXPERIMENT,..]
//
// KIND: health (GET /health), floor (a log-batch that is refused), create-run, log-metric,
// log-batch (SIZE metrics of ten names a request), wide-batch (runs of SIZE metrics, one point
// each, at most 1,000 a request; the experiments by turns). REQUESTS ends each connection after so
// many, whatever the time.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  int port = 0;
  std::string kind;
  int connections = 1;
  double seconds = 1;
  int size = 1000;
  long requests = -1;
  std::vector<std::string> experiments = {"0"};
};

constexpr int kMostOfRequest = 1000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Connection {
 public:
  explicit Connection(int port) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0) status_ = -1;
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The status, -1 when the connection broke. The body of the answer stays in `answer`.
  int post(const std::string& path, const std::string& body) {
    return send_request("POST " + path +
                        " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        "Content-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  int get(const std::string& path) {
    return send_request("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  }
  const std::string& answer() const { return answer_; }

 private:
  int send_request(std::string request) {
    if (status_ < 0) return status_;
    request_ = std::move(request);
    for (std::size_t sent = 0; sent < request_.size();) {
      const auto n = send(socket_, request_.data() + sent, request_.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return status_ = -1;
      sent += static_cast<std::size_t>(n);
    }
    return receive();
  }
  int receive() {
    held_.clear();
    std::size_t head = std::string::npos;
    while ((head = held_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return status_ = -1;
    }
    std::string fields = held_.substr(0, head);
    std::transform(fields.begin(), fields.end(), fields.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto length = fields.find("content-length:");
    const auto size =
        length == std::string::npos ? 0 : std::strtoul(fields.c_str() + length + 15, nullptr, 10);
    while (held_.size() < head + 4 + size) {
      if (!more()) return status_ = -1;
    }
    answer_ = held_.substr(head + 4);
    return std::atoi(held_.c_str() + 9);
  }
  bool more() {
    char part[65536];
    const auto n = recv(socket_, part, sizeof(part), 0);
    if (n <= 0) return false;
    held_.append(part, static_cast<std::size_t>(n));
    return true;
  }

  int socket_ = -1;
  int status_ = 0;
  std::string request_;
  std::string held_;
  std::string answer_;
};

constexpr const char* kApi = "/api/2.0/mlflow/runs/";

std::string create_body(const std::string& experiment) {
  return "{\"experiment_id\":\"" + experiment +
         "\",\"user_id\":\"bench\",\"start_time\":" + std::to_string(now_ms()) +
         ",\"tags\":[{\"key\":\"mlflow.source.name\",\"value\":\"train.py\"},"
         "{\"key\":\"mlflow.source.type\",\"value\":\"LOCAL\"},"
         "{\"key\":\"mlflow.runName\",\"value\":\"bench\"}]}";
}

std::string new_run(Connection& connection, const std::string& experiment) {
  if (connection.post(std::string(kApi) + "create", create_body(experiment)) != 200) return {};
  const auto& text = connection.answer();
  auto at = text.find("\"run_id\"");
  at = text.find('"', text.find(':', at));
  return text.substr(at + 1, 32);
}

// Small differences a point, as a loss has them; the same for every server.
double value_of(long n) {
  return 1.0 / (1.0 + static_cast<double>(n) * 0.001) +
         static_cast<double>((n * 7919) % 1000) * 1e-6;
}

class Client {
 public:
  Client(const Settings& settings, std::size_t number)
      : settings_(settings), connection_(settings.port), runs_(number * 7) {}

  void run(Clock::time_point end) {
    const auto& kind = settings_.kind;
    const bool wide = kind == "wide-batch";
    if (kind.starts_with("log-") || wide) run_ = new_run(connection_, experiment());
    for (long n = 0; n != settings_.requests && Clock::now() < end; ++n) {
      if (wide && n > 0 && n % parts() == 0) run_ = new_run(connection_, experiment());
      build(n);
      const auto began = Clock::now();
      const int status =
          kind == "health" ? connection_.get("/health") : connection_.post(path_, body_);
      const std::chrono::duration<double, std::milli> took = Clock::now() - began;
      if (status == 200 || (settings_.kind == "floor" && status > 0)) {
        times.push_back(took.count());
        points += batch(n);
      } else {
        ++errors;
        if (errors < 3) std::fprintf(stderr, "%d %s\n", status, connection_.answer().c_str());
        if (status < 0) break;
      }
    }
  }

  std::vector<double> times;
  long points = 0;
  long errors = 0;

 private:
  const std::string& experiment() {
    return settings_.experiments[runs_++ % settings_.experiments.size()];
  }
  // Requests of a wide run, and the metrics of one of them.
  int parts() const { return (settings_.size + kMostOfRequest - 1) / kMostOfRequest; }
  int batch(long n) const {
    if (settings_.kind == "log-batch") return settings_.size;
    if (settings_.kind != "wide-batch") return 1;
    return std::min(kMostOfRequest,
                    settings_.size - static_cast<int>(n % parts()) * kMostOfRequest);
  }

  void build(long n) {
    if (settings_.kind == "health") return;
    if (settings_.kind == "floor") {
      path_ = std::string(kApi) + "log-batch";  // refused: it names no run
      body_ = "{\"metrics\":[]}";
    } else if (settings_.kind == "create-run") {
      path_ = std::string(kApi) + "create";
      body_ = create_body(experiment());
    } else if (settings_.kind == "log-metric") {
      path_ = std::string(kApi) + "log-metric";
      body_ = "{\"run_id\":\"" + run_ + "\",";
      add_metric("loss", n, n);
      body_ += "}";
    } else {
      path_ = std::string(kApi) + "log-batch";
      body_ = "{\"run_id\":\"" + run_ + "\",\"metrics\":[";
      const bool wide = settings_.kind == "wide-batch";
      const int size = batch(n);
      const int names = wide ? size : 10;
      const long first = wide ? n % parts() * kMostOfRequest : 0;
      for (int i = 0; i < size; ++i) {
        body_ += i == 0 ? "{" : ",{";
        const long step = wide ? 0 : n * size / names + i / names;
        add_metric("m" + std::to_string(first + i % names), step, wide ? n * size + i : step);
        body_ += "}";
      }
      body_ += "]}";
    }
  }
  void add_metric(const std::string& key, long step, long value) {
    char text[160];
    std::snprintf(text, sizeof(text),
                  "\"key\":\"%s\",\"value\":%.9g,\"timestamp\":%ld,\"step\":%ld", key.c_str(),
                  value_of(value), now_ms(), step);
    body_ += text;
  }

  Settings settings_;
  Connection connection_;
  std::size_t runs_;
  std::string run_;
  std::string path_;
  std::string body_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: load PORT KIND CONNECTIONS SECONDS [SIZE] [REQUESTS] [EXPERIMENT,..]\n");
    return 2;
  }
  Settings settings{std::atoi(argv[1]), argv[2], std::atoi(argv[3]), std::atof(argv[4])};
  if (argc > 5) settings.size = std::atoi(argv[5]);
  if (argc > 6) settings.requests = std::atol(argv[6]);
  if (argc > 7) {
    settings.experiments.clear();
    std::stringstream list(argv[7]);
    for (std::string each; std::getline(list, each, ',');) settings.experiments.push_back(each);
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < settings.connections; ++i) {
    clients.push_back(std::make_unique<Client>(settings, static_cast<std::size_t>(i)));
  }
  const auto began = Clock::now();
  const auto end = began + std::chrono::microseconds(static_cast<long>(settings.seconds * 1e6));
  std::vector<std::thread> threads;
  for (auto& client : clients) threads.emplace_back([&client, end] { client->run(end); });
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = Clock::now() - began;
  std::vector<double> times;
  long points = 0;
  long errors = 0;
  for (const auto& client : clients) {
    times.insert(times.end(), client->times.begin(), client->times.end());
    points += client->points;
    errors += client->errors;
  }
  std::sort(times.begin(), times.end());
  const auto part = [&](double share) {
    return times.empty()
               ? 0.0
               : times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf(
      "{\"requests\": %zu, \"points\": %ld, \"per_second\": %.1f, \"points_per_second\": %.1f, "
      "\"errors\": %ld, "
      "\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}\n",
      times.size(), points, static_cast<double>(times.size()) / took.count(),
      static_cast<double>(points) / took.count(), errors, part(0.5), part(0.99), part(1));
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "response_cache.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace slipway::serving {
namespace {

constexpr std::size_t kOverhead = 256;  // of an entry, about

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::size_t size_of_values(const Tensor& tensor) {
  if (tensor.dtype() != DType::bytes) return tensor.raw().size();
  std::size_t size = 0;
  for (const auto& text : tensor.texts()) size += sizeof text + text.size();
  return size;
}

// A tensor of its own: the answer to one request may be a slice of a whole batch's.
Tensor copy_of(const Tensor& tensor) {
  Tensor out;
  if (tensor.dtype() == DType::bytes) {
    const auto texts = tensor.texts();
    out = Tensor::of_texts(tensor.name, tensor.shape(), {texts.begin(), texts.end()});
  } else {
    out = Tensor::make(tensor.name, tensor.dtype(), tensor.shape());
    const auto raw = tensor.raw();
    if (!raw.empty()) std::memcpy(out.mutable_data(), raw.data(), raw.size());
  }
  out.labels = tensor.labels;
  return out;
}

}  // namespace

ResponseCache::Key ResponseCache::key_of(const std::string& model, const std::string& version,
                                         const Tensors& inputs) {
  Key key;
  auto& out = key.bytes;
  out = model + '\n' + version + '\n';
  for (const auto& tensor : inputs) {
    append(out, tensor.dtype());
    append(out, tensor.shape().size());
    for (const auto n : tensor.shape()) append(out, n);
    if (tensor.dtype() != DType::bytes) {
      out += tensor.raw();
      continue;
    }
    for (const auto& text : tensor.texts()) {
      append(out, text.size());
      out += text;
    }
  }
  return key;
}

void ResponseCache::resize(std::size_t bytes) {
  limit_ = bytes;
  const std::scoped_lock lock(mutex_);
  shrink(bytes);
}

std::optional<Tensors> ResponseCache::find(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key.bytes);
  if (found == by_key_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().outputs;
}

void ResponseCache::put(const Key& key, const Tensors& outputs) {
  const auto limit = limit_.load(std::memory_order_relaxed);
  Entry entry{.key = key, .size = key.bytes.size() + kOverhead};
  for (const auto& tensor : outputs) entry.size += size_of_values(tensor) + kOverhead;
  if (entry.size > limit / 4) return;  // one answer must not push out all others
  for (const auto& tensor : outputs) entry.outputs.push_back(copy_of(tensor));
  const std::scoped_lock lock(mutex_);
  if (by_key_.count(key.bytes) != 0) return;
  held_ += entry.size;
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key.bytes, entries_.begin());
  shrink(limit);
}

void ResponseCache::shrink(std::size_t limit) {
  while (held_ > limit && !entries_.empty()) {
    auto& oldest = entries_.back();
    held_ -= oldest.size;
    by_key_.erase(oldest.key.bytes);
    entries_.pop_back();
  }
}

std::size_t ResponseCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return held_;
}

}  // namespace slipway::serving

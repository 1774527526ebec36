// SPDX-License-Identifier: Apache-2.0
// Texts as the words in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::stats {

// Lower-case runs of at least two letters, digits or underscores of UTF-8, in their order. Marks,
// punctuation and symbols part words; case is folded in Latin, Greek, Cyrillic and Armenian.
std::vector<std::string> words_of(std::string_view text);

// English words that say nothing of what a text is about (the list of the Glasgow Information
// Retrieval Group).
bool is_stop_word(std::string_view word);

}  // namespace slipway::stats

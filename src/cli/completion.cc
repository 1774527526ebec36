// SPDX-License-Identifier: Apache-2.0
// `slipway completion SHELL`: commands and verbs come from the command table, flags from the
// command's own help, so that nothing here goes stale.
#include "arguments.h"
#include "commands.h"

namespace slipway::cli {
namespace {

std::string words(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& word : list) out += (out.empty() ? "" : " ") + word;
  return out;
}

// "  data) verbs='init add' ;;" for every command with verbs.
std::string verb_cases() {
  std::string out;
  for (const auto& spec : commands()) {
    if (spec.verbs.empty()) continue;
    out += "    " + spec.name + ") words='" + words(spec.verbs) + "' ;;\n";
  }
  return out;
}

std::string names() {
  std::vector<std::string> list;
  for (const auto& spec : commands()) list.push_back(spec.name);
  return words(list);
}

constexpr std::string_view kFlags =
    R"(slipway "$1" ${2:+"$2"} --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u)";

std::string bash() {
  return "# bash completion for slipway: source <(slipway completion bash)\n"
         "_slipway_flags() {\n  " +
         std::string(kFlags) +
         "\n}\n"
         "_slipway() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" words='' verb=''\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         names() +
         "' -- \"$current\")); return\n"
         "  fi\n"
         "  case \"${COMP_WORDS[1]}\" in\n" +
         verb_cases() +
         "  esac\n"
         "  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$words\" ] && [[ $current != -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\")); return\n"
         "  fi\n"
         "  [ -n \"$words\" ] && verb=\"${COMP_WORDS[2]}\"\n"
         "  if [[ $current == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$(_slipway_flags \"${COMP_WORDS[1]}\" \"$verb\")\" -- "
         "\"$current\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _slipway slipway\n";
}

std::string zsh() {
  std::string list;
  for (const auto& spec : commands()) {
    std::string summary = spec.summary;
    for (char& c : summary) {
      if (c == '\'' || c == ':') c = ' ';
    }
    list += "    '" + spec.name + ":" + summary + "'\n";
  }
  return "#compdef slipway\n"
         "# zsh completion for slipway: source <(slipway completion zsh)\n"
         "_slipway_flags() {\n  " +
         std::string(kFlags) +
         "\n}\n"
         "_slipway() {\n"
         "  local -a all flags\n  local words_='' words='' verb=''\n"
         "  all=(\n" +
         list +
         "  )\n"
         "  local -a line; line=(${(z)BUFFER})\n"
         "  if (( CURRENT == 2 )); then _describe command all; return; fi\n"
         "  case \"$line[2]\" in\n" +
         verb_cases() +
         "  esac\n"
         "  if (( CURRENT == 3 )) && [[ -n $words && $PREFIX != -* ]]; then\n"
         "    compadd -- ${=words}; return\n"
         "  fi\n"
         "  [[ -n $words ]] && verb=\"$line[3]\"\n"
         "  if [[ $PREFIX == -* ]]; then\n"
         "    flags=(${(f)\"$(_slipway_flags \"$line[2]\" \"$verb\")\"}); compadd -- $flags\n"
         "  else\n    _files\n  fi\n"
         "}\n"
         "compdef _slipway slipway\n";
}

std::string fish() {
  std::string out = "# fish completion for slipway: slipway completion fish | source\n";
  for (const auto& spec : commands()) {
    std::string summary = spec.summary;
    for (char& c : summary) {
      if (c == '\'') c = ' ';
    }
    out += "complete -c slipway -f -n __fish_use_subcommand -a " + spec.name + " -d '" + summary +
           "'\n";
    if (!spec.verbs.empty()) {
      out += "complete -c slipway -f -n '__fish_seen_subcommand_from " + spec.name +
             "; and not __fish_seen_subcommand_from " + words(spec.verbs) + "' -a '" +
             words(spec.verbs) + "'\n";
    }
  }
  out +=
      "function __slipway_flags\n"
      "  set -l words (commandline -opc)\n"
      "  slipway $words[2..3] --help 2>/dev/null | string match -ra -- '--[a-z][a-z0-9-]*' | "
      "sort -u\n"
      "end\n"
      "complete -c slipway -n 'not __fish_use_subcommand' -a '(__slipway_flags)'\n";
  return out;
}

}  // namespace

int completion(const Args& args) {
  CLI::App command;
  std::string shell;
  command.add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  if (const auto code = parse(command, "completion", args)) return *code;
  print(shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
  return kDone;
}

}  // namespace slipway::cli

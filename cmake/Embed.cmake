# slipway_embed(<out variable> <folder> <namespace>): sources that hold the files of a folder, by way
# of `const std::vector<slipway::<namespace>::EmbeddedFile>& embedded_files()`, declared in the
# caller's embedded.h. A folder that is not there gives an empty list.
#
# Also runs as a script (cmake -P) at build time, to write those sources.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
  list(SORT files)
  set(declarations "")
  set(rows "")
  set(assembly ".section .rodata\n")
  string(MAKE_C_IDENTIFIER ${NAMESPACE} prefix)
  set(i 0)
  foreach(file ${files})
    file(SHA256 ${FOLDER}/${file} sum)
    string(SUBSTRING ${sum} 0 16 sum)
    string(APPEND declarations "extern const char ${prefix}_file_${i}[];\n")
    string(APPEND declarations "extern const char ${prefix}_file_${i}_end[];\n")
    string(APPEND rows "      {\"${file}\", \"${sum}\",\n       {${prefix}_file_${i}, "
           "static_cast<std::size_t>(${prefix}_file_${i}_end - ${prefix}_file_${i})}},\n")
    string(APPEND assembly ".global ${prefix}_file_${i}\n.global ${prefix}_file_${i}_end\n"
           "${prefix}_file_${i}:\n.incbin \"${FOLDER}/${file}\"\n${prefix}_file_${i}_end:\n.byte 0\n")
    math(EXPR i "${i} + 1")
  endforeach()
  string(APPEND assembly ".section .note.GNU-stack,\"\",%progbits\n")
  file(WRITE ${OUT}.S "${assembly}")
  file(WRITE ${OUT}.cc "#include \"embedded.h\"\n\nextern \"C\" {\n${declarations}}\n
namespace ${NAMESPACE} {\n
const std::vector<EmbeddedFile>& embedded_files() {
  static const std::vector<EmbeddedFile> files{
${rows}  };
  return files;
}\n\n}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(SLIPWAY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(slipway_embed out folder namespace)
  set(base ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
  add_custom_command(
    OUTPUT ${base}.cc ${base}.S
    COMMAND ${CMAKE_COMMAND} -DOUT=${base} -DFOLDER=${folder} -DNAMESPACE=${namespace}
            -P ${SLIPWAY_EMBED_SCRIPT}
    DEPENDS ${files} ${SLIPWAY_EMBED_SCRIPT}
    VERBATIM)
  set_source_files_properties(${base}.S PROPERTIES OBJECT_DEPENDS "${files}")
  set(${out} ${base}.cc ${base}.S PARENT_SCOPE)
endfunction()

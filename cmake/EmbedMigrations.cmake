# Writes ${OUT}: a table of the .sql files in ${FOLDER}, in the order of their names.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(rows "")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"~sql~(${text})~sql~\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"migrate.h\"

namespace slipway::store {

const std::vector<MigrationFile>& embedded_migrations() {
  static const std::vector<MigrationFile> files{
${rows}  };
  return files;
}

}  // namespace slipway::store
")

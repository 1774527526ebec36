// SPDX-License-Identifier: Apache-2.0
#include "libpq.h"

#include <dlfcn.h>

namespace slipway::store {
namespace {

template <class F>
bool find(void* library, const char* name, F& out) {
  out = reinterpret_cast<F>(::dlsym(library, name));
  return out != nullptr;
}

bool find_all(void* so, Libpq& pq) {
  return find(so, "PQconnectdb", pq.connectdb) && find(so, "PQfinish", pq.finish) &&
         find(so, "PQstatus", pq.status) && find(so, "PQerrorMessage", pq.error_message) &&
         find(so, "PQtransactionStatus", pq.transaction_status) && find(so, "PQexec", pq.exec) &&
         find(so, "PQprepare", pq.prepare) && find(so, "PQexecPrepared", pq.exec_prepared) &&
         find(so, "PQsendQueryPrepared", pq.send_query_prepared) &&
         find(so, "PQenterPipelineMode", pq.enter_pipeline_mode) &&
         find(so, "PQexitPipelineMode", pq.exit_pipeline_mode) &&
         find(so, "PQpipelineSync", pq.pipeline_sync) && find(so, "PQgetResult", pq.get_result) &&
         find(so, "PQresultStatus", pq.result_status) &&
         find(so, "PQresultErrorField", pq.result_error_field) &&
         find(so, "PQresultErrorMessage", pq.result_error_message) &&
         find(so, "PQclear", pq.clear) && find(so, "PQntuples", pq.ntuples) &&
         find(so, "PQnfields", pq.nfields) && find(so, "PQftype", pq.ftype) &&
         find(so, "PQgetisnull", pq.getisnull) && find(so, "PQgetvalue", pq.getvalue) &&
         find(so, "PQgetlength", pq.getlength) && find(so, "PQcmdTuples", pq.cmd_tuples) &&
         find(so, "PQputCopyData", pq.put_copy_data) && find(so, "PQputCopyEnd", pq.put_copy_end);
}

}  // namespace

Result<const Libpq*> Libpq::load() {
  static Libpq table{};
  static const bool loaded = [] {
    void* so = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    return so != nullptr && find_all(so, table);
  }();
  if (!loaded) {
    return precondition("the PostgreSQL client library libpq.so.5 is missing or too old",
                        "install the package libpq5 (version 14 or newer)");
  }
  return &std::as_const(table);
}

}  // namespace slipway::store

// SPDX-License-Identifier: Apache-2.0
// libpq, loaded when a PostgreSQL store is first opened: nobody else pays for its start.
#pragma once

#include <libpq-fe.h>

#include "base/result.h"

namespace slipway::store {

struct Libpq {
  decltype(&PQconnectdb) connectdb;
  decltype(&PQfinish) finish;
  decltype(&PQstatus) status;
  decltype(&PQerrorMessage) error_message;
  decltype(&PQtransactionStatus) transaction_status;
  decltype(&PQexec) exec;
  decltype(&PQprepare) prepare;
  decltype(&PQexecPrepared) exec_prepared;
  decltype(&PQsendQueryPrepared) send_query_prepared;
  decltype(&PQenterPipelineMode) enter_pipeline_mode;
  decltype(&PQexitPipelineMode) exit_pipeline_mode;
  decltype(&PQpipelineSync) pipeline_sync;
  decltype(&PQgetResult) get_result;
  decltype(&PQresultStatus) result_status;
  decltype(&PQresultErrorField) result_error_field;
  decltype(&PQresultErrorMessage) result_error_message;
  decltype(&PQclear) clear;
  decltype(&PQntuples) ntuples;
  decltype(&PQnfields) nfields;
  decltype(&PQftype) ftype;
  decltype(&PQgetisnull) getisnull;
  decltype(&PQgetvalue) getvalue;
  decltype(&PQgetlength) getlength;
  decltype(&PQcmdTuples) cmd_tuples;
  decltype(&PQputCopyData) put_copy_data;
  decltype(&PQputCopyEnd) put_copy_end;

  // `failed_precondition` when the library is not installed.
  static Result<const Libpq*> load();
};

}  // namespace slipway::store

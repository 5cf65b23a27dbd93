#pragma once
// The functions of libpq that are used, found by dlopen, so that `stoker` starts on machines without libpq. The header gives types only.

#include <memory>

#include <postgresql/libpq-fe.h>

#include "base/result.hpp"

namespace stoker::db {

struct Libpq {
  decltype(&::PQconnectdbParams) connect = nullptr;
  decltype(&::PQfinish) finish = nullptr;
  decltype(&::PQstatus) status = nullptr;
  decltype(&::PQtransactionStatus) transaction_status = nullptr;
  decltype(&::PQerrorMessage) error_message = nullptr;
  decltype(&::PQserverVersion) server_version = nullptr;
  decltype(&::PQsetNoticeProcessor) set_notice_processor = nullptr;
  decltype(&::PQexec) exec = nullptr;
  decltype(&::PQprepare) prepare = nullptr;
  decltype(&::PQdescribePrepared) describe_prepared = nullptr;
  decltype(&::PQexecPrepared) exec_prepared = nullptr;
  decltype(&::PQclear) clear = nullptr;
  decltype(&::PQresultStatus) result_status = nullptr;
  decltype(&::PQresultErrorField) error_field = nullptr;
  decltype(&::PQntuples) row_count = nullptr;
  decltype(&::PQnfields) column_count = nullptr;
  decltype(&::PQnparams) parameter_count = nullptr;
  decltype(&::PQfname) column_name = nullptr;
  decltype(&::PQgetvalue) value = nullptr;
  decltype(&::PQgetlength) length = nullptr;
  decltype(&::PQgetisnull) is_null = nullptr;
  decltype(&::PQcmdTuples) changed = nullptr;
};

/// Opens the library once per program. kUnsupported where it is missing, saying what to install.
Result<const Libpq*> load_libpq();

}  // namespace stoker::db

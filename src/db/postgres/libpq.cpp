#include "db/postgres/libpq.hpp"

#include <dlfcn.h>

namespace stoker::db {
namespace {

template <class Function>
void find(void* library, const char* name, Function& function, bool& all) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  all = all && function != nullptr;
}

Result<Libpq> load() {
  void* library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* cause = dlerror();
    return Error(ErrorCode::kUnsupported, "the catalog is to be in PostgreSQL, and its client library is not installed")
        .because(std::string(cause == nullptr ? "libpq.so.5 cannot be loaded" : cause))
        .hint("install libpq (Debian, Ubuntu: apt-get install libpq5; Fedora: dnf install libpq), or give a path for SQLite");
  }
  Libpq pq;
  bool all = true;
  find(library, "PQconnectdbParams", pq.connect, all);
  find(library, "PQfinish", pq.finish, all);
  find(library, "PQstatus", pq.status, all);
  find(library, "PQtransactionStatus", pq.transaction_status, all);
  find(library, "PQerrorMessage", pq.error_message, all);
  find(library, "PQserverVersion", pq.server_version, all);
  find(library, "PQsetNoticeProcessor", pq.set_notice_processor, all);
  find(library, "PQexec", pq.exec, all);
  find(library, "PQprepare", pq.prepare, all);
  find(library, "PQdescribePrepared", pq.describe_prepared, all);
  find(library, "PQexecPrepared", pq.exec_prepared, all);
  find(library, "PQclear", pq.clear, all);
  find(library, "PQresultStatus", pq.result_status, all);
  find(library, "PQresultErrorField", pq.error_field, all);
  find(library, "PQntuples", pq.row_count, all);
  find(library, "PQnfields", pq.column_count, all);
  find(library, "PQnparams", pq.parameter_count, all);
  find(library, "PQfname", pq.column_name, all);
  find(library, "PQgetvalue", pq.value, all);
  find(library, "PQgetlength", pq.length, all);
  find(library, "PQgetisnull", pq.is_null, all);
  find(library, "PQcmdTuples", pq.changed, all);
  if (!all)
    return Error(ErrorCode::kUnsupported, "the installed libpq.so.5 lacks functions that are needed").hint("install libpq of PostgreSQL 10 or later");
  return pq;
}

}  // namespace

Result<const Libpq*> load_libpq() {
  static const Result<Libpq> loaded = load();
  if (!loaded) return loaded.error();
  return &*loaded;
}

}  // namespace stoker::db

#pragma once
// Result<T> and the two macros that pass an error upwards. Declarations, not expressions: docs/decisions/0003-result.md.

#include <boost/system/result.hpp>
#include <exception>

#include "base/error.hpp"

namespace stoker {

[[noreturn]] inline void throw_exception_from_error(const Error&, const boost::source_location&) { std::terminate(); }

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

inline Status ok() { return {}; }

}  // namespace stoker

#define STOKER_CONCAT_(a, b) a##b
#define STOKER_CONCAT(a, b) STOKER_CONCAT_(a, b)

/// TRY(auto x, f()): declares x from the value, or returns the error.
#define TRY(declaration, expression) STOKER_TRY_(declaration, expression, return, STOKER_CONCAT(try_, __LINE__))
/// The same inside a coroutine; the expression may hold a co_await.
#define CO_TRY(declaration, expression) STOKER_TRY_(declaration, expression, co_return, STOKER_CONCAT(try_, __LINE__))
/// CHECK_OK(f()): for a Status, or a value that nobody wants.
#define CHECK_OK(expression) STOKER_CHECK_(expression, return, STOKER_CONCAT(try_, __LINE__))
#define CO_CHECK_OK(expression) STOKER_CHECK_(expression, co_return, STOKER_CONCAT(try_, __LINE__))

#define STOKER_TRY_(declaration, expression, ret, name) \
  auto name = (expression);                             \
  if (!name) ret std::move(name).error();               \
  declaration = std::move(*name)
#define STOKER_CHECK_(expression, ret, name) \
  if (auto name = (expression); !name) ret std::move(name).error()

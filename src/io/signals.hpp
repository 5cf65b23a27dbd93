#pragma once
// Signals as something to await.

#include <initializer_list>

#include "io/task.hpp"

namespace stoker::io {

/// The first of `signals` that arrives, from the call on. Only one waiter per program.
Task<int> wait_for_signal(std::initializer_list<int> signals);

}  // namespace stoker::io

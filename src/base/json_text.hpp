#pragma once
// Text to JSON with exact numbers. Boost.JSON 1.81 reads doubles up to one unit in the last place off (17 of 100 random ones are), which would change
// a logged metric on its way; every double is read again from its text.

#include <string_view>

#include <boost/json.hpp>

namespace stoker {

/// The value and how much of the text it took (blanks behind it included); `code` tells what is wrong. Depth at most 64.
struct JsonText {
  boost::json::value value;
  std::size_t used = 0;
};
JsonText read_json(std::string_view text, boost::json::storage_ptr memory, boost::system::error_code& code);

}  // namespace stoker

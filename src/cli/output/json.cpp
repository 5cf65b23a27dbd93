#include "cli/output/json.hpp"

#include <fmt/format.h>

namespace stoker::cli {
namespace {

std::string number(double value) {
  auto text = fmt::format("{}", value);
  // A real number stays one for readers that tell 1 from 1.0.
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

class Printer {
 public:
  void print(const json::value& value, std::size_t depth) {
    if (value.is_object()) list(value.get_object(), depth, '{', '}', [&](const auto& pair) { field(pair.key(), pair.value(), depth + 1); });
    else if (value.is_array()) list(value.get_array(), depth, '[', ']', [&](const json::value& item) { print(item, depth + 1); });
    else if (value.is_double()) text_ += number(value.get_double());
    else text_ += json::serialize(value);
  }
  std::string take() { return std::move(text_); }

 private:
  void field(std::string_view key, const json::value& value, std::size_t depth) {
    text_ += json::serialize(json::string(key)) + ": ";
    print(value, depth);
  }

  template <class Items, class Each>
  void list(const Items& items, std::size_t depth, char open, char close, const Each& each) {
    text_ += open;
    bool is_first = true;
    for (const auto& item : items) {
      text_ += is_first ? "\n" : ",\n";
      text_.append((depth + 1) * 2, ' ');
      each(item);
      is_first = false;
    }
    if (!is_first) text_ += "\n" + std::string(depth * 2, ' ');
    text_ += close;
  }

  std::string text_;
};

}  // namespace

std::string pretty(const json::value& value) {
  Printer printer;
  printer.print(value, 0);
  return printer.take() + "\n";
}

}  // namespace stoker::cli

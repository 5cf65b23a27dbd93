#pragma once
// For the tests of this folder: a STOKER_HOME of their own, and a server that is a script (testdata/fake_stoker.py).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "client/connect.hpp"
#include "client/home.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::client {

class TestHome : public ::testing::Test {
 protected:
  TestHome() {
    std::string pattern = "/tmp/stoker-client-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    variables_ = {{"HOME", folder_}, {"STOKER_HOME", folder_ + "/home"}, {"PATH", variable(own_variables(), "PATH")}};
    home_ = *locate_home(variables_);
  }
  ~TestHome() override {
    if (const auto record = read_server_record(home_)) (void)io::send_signal(record->process, 9);
    (void)io::remove_tree(folder_);
  }

  ConnectOptions fake_server() const {
    ConnectOptions options;
    options.program = std::string(STOKER_SOURCE_DIR) + "/src/client/testdata/fake_stoker.py";
    return options;
  }
  bool has_python() const { return io::find_program("python3", variable(variables_, "PATH")).has_value(); }
  void set_mode(const std::string& words) {
    ASSERT_TRUE(prepare_home(home_));
    write("home/mode", words);
  }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) {
    ASSERT_TRUE(io::write_file_atomically(folder_ + "/" + name, text, mode));
  }
  std::string read(const std::string& name) const {
    const auto text = io::read_file(folder_ + "/" + name);
    return text ? *text : "";
  }

  std::string folder_;
  Variables variables_;
  Home home_;
};

}  // namespace stoker::client

#include "client/console/pump.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace stoker::client {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read = io::Fd(ends[0]);
    write = io::Fd(ends[1]);
  }
  void say(std::string_view text) const { EXPECT_TRUE(io::write_all(write.get(), text)); }
  io::Fd read, write;
};

struct Desk {
  ConsolePump pump() {
    return ConsolePump(
        {{out.read.release(), 1, shown.write.get()}, {quiet.read.release(), 2, -1}}, control.read.get(),
        [this](std::uint8_t stream, std::string_view bytes) { kept[stream] += bytes; }, [this] { ++flushes; });
  }
  std::string seen() {
    shown.write.reset();
    std::string text(100, '\0');
    text.resize(static_cast<std::size_t>(::read(shown.read.get(), text.data(), text.size())));
    return text;
  }
  Pipe out, quiet, shown, control;
  std::array<std::string, 3> kept;
  int flushes = 0;
};

TEST(Pump, KeepsAndPassesOnUntilTheSaidEnd) {
  Desk desk;
  auto pump = desk.pump();
  desk.out.say("one\n");
  desk.quiet.say("two\n");
  desk.control.say("end {\"outcome\":\"completed\"}\n");
  desk.out.write.reset();
  desk.quiet.write.reset();
  EXPECT_EQ(pump.run(), OwnerEnd::kSaid);
  EXPECT_EQ(pump.end()->at("outcome"), "completed");
  EXPECT_EQ(desk.kept[1], "one\n");
  EXPECT_EQ(desk.kept[2], "two\n");
  EXPECT_EQ(desk.seen(), "one\n");
  EXPECT_FALSE(pump.is_open());
}

TEST(Pump, AFlushTakesWhatWasWrittenBeforeIt) {
  Desk desk;
  auto pump = desk.pump();
  desk.out.say("one\n");
  desk.control.say("flush\n");
  desk.control.write.reset();
  EXPECT_EQ(pump.run(), OwnerEnd::kLeft);
  EXPECT_EQ(desk.flushes, 1);
  EXPECT_EQ(desk.kept[1], "one\n");
  EXPECT_TRUE(pump.is_open());
  desk.out.say("of a child that stays\n");
  desk.out.write.reset();
  desk.quiet.write.reset();
  pump.pass_on();
  EXPECT_EQ(desk.kept[1], "one\n");
  EXPECT_EQ(desk.seen(), "one\nof a child that stays\n");
}

TEST(Pump, AnOwnerThatVanishesIsToldFromOneThatLeft) {
  Desk desk;
  auto pump = desk.pump();
  desk.control.write.reset();
  desk.out.say("its program goes on\n");
  desk.out.write.reset();
  desk.quiet.write.reset();
  EXPECT_EQ(pump.run(), OwnerEnd::kVanished);
  EXPECT_EQ(desk.kept[1], "its program goes on\n");
}

TEST(Pump, ADaemonThatKeepsThePipeDoesNotHoldTheEnd) {
  Desk desk;
  auto pump = desk.pump();
  desk.out.say("last words\n");
  desk.control.say("end {\"outcome\":\"failed\"}\n");
  EXPECT_EQ(pump.run(), OwnerEnd::kSaid);
  EXPECT_EQ(desk.kept[1], "last words\n");
  EXPECT_TRUE(pump.is_open());
}

}  // namespace
}  // namespace stoker::client

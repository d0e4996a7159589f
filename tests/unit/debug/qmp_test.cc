// QMP as a client written with nothing but a JSON library sees it.
#include "trapeze/debug/qmp.h"

#include <nlohmann/json.hpp>

#include "fake_machine.h"
#include "monitor_fakes.h"
#include "qmp_framer.h"

namespace trapeze::debug {
namespace {

using Json = nlohmann::json;

class QmpTest : public testing::Test {
protected:
    void send(std::string_view text) { qmp.receive({reinterpret_cast<const u8*>(text.data()), text.size()}); }
    // Everything that has come since the last call, in order.
    std::vector<Json> received() {
        std::vector<Json> messages;
        std::string_view text = port.text;
        while (!text.empty()) {
            const std::size_t end = text.find("\r\n");
            EXPECT_NE(end, std::string_view::npos) << text;
            if (end == std::string_view::npos) break;
            messages.push_back(Json::parse(text.substr(0, end)));
            text.remove_prefix(end + 2);
        }
        port.text.clear();
        return messages;
    }
    // The one message that answers `text`.
    Json ask(std::string_view text) {
        send(text);
        const auto messages = received();
        EXPECT_EQ(messages.size(), 1u) << text;
        return messages.empty() ? Json() : messages.front();
    }
    Json result(std::string_view command) {
        return ask(Json{{"execute", command}}.dump()).value("return", Json("missing"));
    }
    std::string failure(std::string_view text, std::string_view error_class = "GenericError") {
        const Json reply = ask(text);
        if (!reply.contains("error")) return "no error: " + reply.dump();
        EXPECT_EQ(reply["error"]["class"], error_class);
        return reply["error"]["desc"];
    }
    void negotiate() {
        qmp.peer_changed(true);
        (void)received();
        EXPECT_EQ(ask(R"({"execute": "qmp_capabilities"})"), Json({{"return", Json::object()}}));
    }

    FakeMachine machine;
    TextPort port;
    Qmp qmp{port, machine, false};
};

TEST_F(QmpTest, GreetsAndNegotiates) {
    EXPECT_EQ(port.text, "");
    qmp.peer_changed(true);
    const auto greeting = received();
    ASSERT_EQ(greeting.size(), 1u);
    EXPECT_TRUE(greeting[0]["QMP"]["version"]["qemu"]["major"].is_number_unsigned());
    EXPECT_TRUE(greeting[0]["QMP"]["version"]["package"].get<std::string>().starts_with("trapeze "));
    EXPECT_EQ(greeting[0]["QMP"]["capabilities"], Json::array());
    EXPECT_EQ(failure(R"({"execute": "query-status"})", "CommandNotFound"),
              "Expecting capabilities negotiation with 'qmp_capabilities'");
    EXPECT_EQ(failure(R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}})"),
              "this server offers no capabilities to enable");
    EXPECT_EQ(ask(R"({"execute": "qmp_capabilities", "arguments": {"enable": []}, "id": 7})"),
              Json({{"return", Json::object()}, {"id", 7}}));
    EXPECT_EQ(failure(R"({"execute": "qmp_capabilities"})", "CommandNotFound"),
              "Capabilities negotiation is already complete, command ignored");
}

TEST_F(QmpTest, EveryPeerNegotiatesAnew) {
    negotiate();
    send(R"({"execute": "query-)");
    qmp.peer_changed(false);
    EXPECT_EQ(qmp.receive_capacity(), 0u);
    machine.stop(RunState::Paused);
    EXPECT_EQ(port.text, "");
    qmp.peer_changed(true);
    EXPECT_EQ(received().size(), 1u);
    EXPECT_EQ(failure(R"({"execute": "stop"})", "CommandNotFound"),
              "Expecting capabilities negotiation with 'qmp_capabilities'");
}

TEST_F(QmpTest, Queries) {
    negotiate();
    EXPECT_EQ(result("query-status"), Json({{"status", "running"}, {"running", true}}));
    machine.state = RunState::GuestPanicked;
    EXPECT_EQ(result("query-status"), Json({{"status", "guest-panicked"}, {"running", false}}));
    EXPECT_EQ(result("query-name"), Json({{"name", "fake"}}));
    EXPECT_EQ(result("query-kvm"), Json({{"enabled", true}, {"present", true}}));
    EXPECT_EQ(result("query-version")["qemu"]["major"], 10);
    EXPECT_EQ(result("query-target"), Json({{"arch", "aarch64"}}));
    const Json cpus = result("query-cpus-fast");
    ASSERT_EQ(cpus.size(), 2u);
    EXPECT_EQ(cpus[1]["cpu-index"], 1);
    EXPECT_TRUE(cpus[1]["thread-id"].is_number_integer());
    EXPECT_EQ(cpus[1]["target"], "aarch64");
    EXPECT_EQ(result("query-chardev"),
              Json::array(
                  {{{"label", "serial0"}, {"filename", "unix:/tmp/s,server=on"}, {"frontend-open", true}}}));
    std::vector<std::string> names;
    for (const Json& command : result("query-commands")) names.push_back(command["name"]);
    for (const char* name : {"qmp_capabilities", "quit", "stop", "cont", "human-monitor-command",
                             "inject-nmi", "dump-guest-memory", "query-commands"}) {
        EXPECT_THAT(names, testing::Contains(name));
    }
}

TEST_F(QmpTest, EventsSurroundReplies) {
    negotiate();
    send(R"({"execute": "stop", "id": "a"}{"execute": "cont", "id": ["b"]})");
    const auto messages = received();
    ASSERT_EQ(messages.size(), 4u);
    EXPECT_EQ(messages[0]["event"], "STOP");
    EXPECT_GT(messages[0]["timestamp"]["seconds"], 1'600'000'000);
    EXPECT_LT(messages[0]["timestamp"]["microseconds"], 1'000'000);
    EXPECT_FALSE(messages[0].contains("data"));
    EXPECT_EQ(messages[1], Json({{"return", Json::object()}, {"id", "a"}}));
    EXPECT_EQ(messages[2]["event"], "RESUME");
    EXPECT_EQ(messages[3]["id"], Json::array({"b"}));
    EXPECT_EQ(machine.log, "stop cont ");
}

TEST_F(QmpTest, WhatEndsOrResetsIsAnsweredFirst) {
    negotiate();
    send(R"({"execute": "system_powerdown"} {"execute": "system_reset"} {"execute": "quit", "id": 1})");
    const auto messages = received();
    ASSERT_EQ(messages.size(), 6u);
    EXPECT_TRUE(messages[0].contains("return"));
    EXPECT_EQ(messages[1]["event"], "POWERDOWN");
    EXPECT_TRUE(messages[2].contains("return"));
    EXPECT_EQ(messages[3]["event"], "RESET");
    EXPECT_EQ(messages[3]["data"], Json({{"guest", false}, {"reason", "host-qmp-system-reset"}}));
    EXPECT_EQ(messages[4], Json({{"return", Json::object()}, {"id", 1}}));
    EXPECT_EQ(messages[5]["event"], "SHUTDOWN");
    EXPECT_EQ(messages[5]["data"], Json({{"guest", false}, {"reason", "host-qmp-quit"}}));
}

TEST_F(QmpTest, TellsWhatTheGuestDoes) {
    negotiate();
    ASSERT_EQ(machine.observers.size(), 1u);
    MachineObserver& observer = *machine.observers[0];
    observer.guest_panicked("pause");
    observer.was_reset(ShutdownCause::GuestReset);
    observer.shutting_down(ShutdownCause::GuestShutdown, "poweroff");
    observer.balloon_changed(u64{5} << 30);
    const auto messages = received();
    ASSERT_EQ(messages.size(), 4u);
    EXPECT_EQ(messages[0]["event"], "GUEST_PANICKED");
    EXPECT_EQ(messages[0]["data"], Json({{"action", "pause"}}));
    EXPECT_EQ(messages[1]["data"], Json({{"guest", true}, {"reason", "guest-reset"}}));
    EXPECT_EQ(messages[2]["data"], Json({{"guest", true}, {"reason", "guest-shutdown"}}));
    EXPECT_EQ(messages[3]["event"], "BALLOON_CHANGE");
    EXPECT_EQ(messages[3]["data"], Json({{"actual", u64{5} << 30}}));
}

TEST_F(QmpTest, EventsComeOnlyAfterNegotiation) {
    qmp.peer_changed(true);
    (void)received();
    machine.stop(RunState::Paused);
    EXPECT_EQ(port.text, "");
}

TEST_F(QmpTest, RunsCommandsOfTheHumanMonitor) {
    negotiate();
    machine.accels[1]->preset(accel::CoreReg::Pc, 0x1234);
    EXPECT_EQ(
        ask(R"({"execute": "human-monitor-command", "arguments": {"command-line": "p $pc", "cpu-index": 1}})"),
        Json({{"return", "0x0000000000001234\n"}}));
    EXPECT_EQ(
        failure(
            R"({"execute": "human-monitor-command", "arguments": {"command-line": "p 1", "cpu-index": 2}})"),
        "Parameter 'cpu-index' expects a CPU number");
    send(R"({"execute": "human-monitor-command", "arguments": {"command-line": "quit"}})");
    const auto messages = received();
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(messages[0], Json({{"return", ""}}));
    EXPECT_EQ(messages[1]["data"]["reason"], "host-ui");
}

TEST_F(QmpTest, NamesMistakesInQemusWords) {
    negotiate();
    EXPECT_EQ(failure(R"({"execute": "frobnicate"})", "CommandNotFound"),
              "The command frobnicate has not been found");
    EXPECT_EQ(failure("[1]"), "QMP input must be a JSON object");
    EXPECT_EQ(failure("{}"), "QMP input lacks member 'execute'");
    EXPECT_EQ(failure(R"({"execute": 1})"), "QMP input member 'execute' must be a string");
    EXPECT_EQ(failure(R"({"execute": "stop", "x": 1})"), "QMP input member 'x' is unexpected");
    EXPECT_EQ(failure(R"({"execute": "stop", "arguments": []})"),
              "QMP input member 'arguments' must be an object");
    EXPECT_EQ(failure(R"({"execute": "stop", "arguments": {"y": 1}})"), "Parameter 'y' is unexpected");
    EXPECT_EQ(failure(R"({"execute": "pmemsave", "arguments": {"val": 1}})"), "Parameter 'size' is missing");
    EXPECT_EQ(failure(R"({"execute": "pmemsave", "arguments": {"val": "1", "size": 1, "filename": "f"}})"),
              "Invalid parameter type for 'val', expected: integer");
    EXPECT_EQ(failure(R"({"execute": "inject-nmi"})"), "this machine has no non-maskable interrupt");
    EXPECT_EQ(
        failure(R"({"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "fd:x"}})"),
        "only file: is supported as protocol");
    EXPECT_EQ(failure("{\"execute\": }"), "JSON parse error, this is not JSON");
    machine.state = RunState::Shutdown;
    EXPECT_EQ(failure(R"({"execute": "cont", "id": 3})"), "a reset is needed");
}

TEST_F(QmpTest, APeerThatDoesNotReadIsNotAskedForMore) {
    negotiate();
    port.room = 10;
    std::string requests;
    for (int n = 0; n < 50; ++n) requests += R"({"execute": "query-name"})";
    send(requests);
    EXPECT_EQ(qmp.receive_capacity(), 0u);
    // Events are kept up to a bound, and whole.
    for (int n = 0; n < 50'000; ++n) machine.observers[0]->powerdown_requested();
    int rounds = 0;
    while (qmp.receive_capacity() == 0 && ++rounds < 100'000) {
        port.room = 1000;
        qmp.send_ready();
    }
    int returns = 0, events = 0;
    for (const Json& message : received()) (message.contains("return") ? returns : events) += 1;
    EXPECT_EQ(returns, 50);
    EXPECT_GT(events, 1000);
    EXPECT_LT(events, 50'000);
    // How much room the last round left depends on the digits of the time.
    port.room = 1000;
    EXPECT_EQ(result("query-name"), Json({{"name", "fake"}}));
}

TEST_F(QmpTest, PrettyRepliesAreTheSameJson) {
    TextPort other;
    Qmp pretty(other, machine, true);
    pretty.peer_changed(true);
    EXPECT_THAT(other.text, testing::HasSubstr("\n    \"QMP\": {\n"));
    EXPECT_TRUE(Json::parse(other.text).contains("QMP"));
}

TEST_F(QmpTest, BytesThatAreNotTextDoNotHurt) {
    negotiate();
    machine.name = "caf\xe9";
    EXPECT_EQ(result("query-name")["name"], "caf\xef\xbf\xbd");
    EXPECT_EQ(failure("{\"execute\": \"\xff\n{\"execute\":\"\xfe\"}"), "JSON parse error, this is not JSON");
    u32 state = 1;
    for (int n = 0; n < 200'000; ++n) {
        state = state * 1664525 + 1013904223;
        constexpr std::string_view kAlphabet =
            "{}[]\",:\\ \n\xff"
            "0execute";
        const char c = kAlphabet[(state >> 16) % kAlphabet.size()];
        send({&c, 1});
        if (n % 100 == 0) port.text.clear();
    }
    port.text.clear();
    send("\xff");
    port.text.clear();
    EXPECT_TRUE(result("query-status").is_object());
}

// --- The framer --------------------------------------------------------------------------------------------

std::vector<JsonFramer::Item> frame(JsonFramer& framer, std::string_view text) {
    return framer.feed({reinterpret_cast<const u8*>(text.data()), text.size()});
}

TEST(JsonFramer, CutsAtTheRightBrackets) {
    JsonFramer framer;
    std::vector<std::string> texts;
    const std::string_view stream = "{\"a\": \"}\\\"]\"}\r\n [1,{}] {}";
    for (const char c : stream) {
        for (const auto& item : frame(framer, {&c, 1})) texts.push_back(item.text);
    }
    EXPECT_THAT(texts, testing::ElementsAre("{\"a\": \"}\\\"]\"}", "[1,{}]", "{}"));
}

TEST(JsonFramer, BoundsSizeAndDepth) {
    JsonFramer framer;
    auto items = frame(framer, std::string(JsonFramer::kMaxDepth + 1, '['));
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0].error, "JSON parse error, more than 64 levels");
    EXPECT_TRUE(frame(framer, "]]]{}").empty()) << "the rest of the line is skipped";
    items = frame(framer, "\n{}");
    ASSERT_EQ(items.size(), 1u);
    EXPECT_EQ(items[0].text, "{}");
    items = frame(framer, "{\"" + std::string(JsonFramer::kMaxBytes, 'x') + "\"}\n{}");
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].error, "JSON parse error, more than 1048576 bytes");
    EXPECT_EQ(items[1].text, "{}");
    items = frame(framer, "hello {}\n{}");
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].error, "JSON parse error, expecting an object");
}

}  // namespace
}  // namespace trapeze::debug

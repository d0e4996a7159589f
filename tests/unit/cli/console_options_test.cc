// Serial port, monitor and character devices, alone and together.
#include "command_line_test.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

CharConfig serial(std::string_view line) {
    return config(line).serial;
}

void expect_with_monitor(std::string_view line) {
    const CharConfig port = serial(line);
    EXPECT_EQ(port.kind, Kind::Stdio) << line;
    EXPECT_TRUE(port.mux) << line;
    EXPECT_TRUE(port.monitor) << line;
    EXPECT_FALSE(port.signals) << line;
}

void expect_plain_stdio(std::string_view line) {
    const CharConfig port = serial(line);
    EXPECT_EQ(port.kind, Kind::Stdio) << line;
    EXPECT_FALSE(port.mux) << line;
    EXPECT_FALSE(port.monitor) << line;
    EXPECT_TRUE(port.signals) << line;
}

TEST(Console, Defaults) {
    expect_with_monitor("");
    expect_with_monitor("-nographic");
    expect_with_monitor("-display none");
    expect_with_monitor("-monitor stdio");
    expect_plain_stdio("-nographic -monitor none");
    expect_plain_stdio("-nographic -monitor null");
    EXPECT_EQ(serial("-nodefaults").kind, Kind::Null);
    EXPECT_EQ(serial("-nodefaults -nographic").kind, Kind::Null);
}

TEST(Console, SerialForms) {
    expect_with_monitor("-serial mon:stdio");
    expect_with_monitor("-nodefaults -serial mon:stdio");
    expect_with_monitor("-serial mon:stdio -monitor none");
    expect_with_monitor("-serial mon:stdio -monitor stdio");
    expect_plain_stdio("-serial stdio");
    expect_plain_stdio("-nographic -serial stdio");
    EXPECT_EQ(serial("-serial null").kind, Kind::Null);
    EXPECT_EQ(serial("-serial none").kind, Kind::Null);
    const CharConfig file = serial("-serial file:dir/a,b:c");
    EXPECT_EQ(file.kind, Kind::File);
    EXPECT_EQ(file.path, "dir/a,b:c");
}

TEST(Console, ASecondSerialPort) {
    EXPECT_FALSE(config("-serial stdio").serial1);
    EXPECT_FALSE(config("-serial stdio -serial none").serial1);
    EXPECT_EQ(config("-serial stdio -serial null").serial1.value().kind, Kind::Null);
    EXPECT_EQ(config("-serial stdio -serial file:f").serial1.value().path, "f");
    const auto second = config("-serial none -serial mon:stdio").serial1.value();
    EXPECT_EQ(second.kind, Kind::Stdio);
    EXPECT_TRUE(second.monitor);
    EXPECT_EQ(config("-chardev null,id=n -serial stdio -serial chardev:n").serial1.value().id, "n");
    EXPECT_EQ(error("-serial stdio -serial stdio"), "-serial stdio: stdio is in use already");
    EXPECT_EQ(error("-serial chardev:c -serial chardev:c -chardev pty,id=c"),
              "-serial chardev:c: chardev 'c' is in use; sharing it needs mux=on");
    EXPECT_EQ(error("-serial chardev:c -serial chardev:c -chardev pty,id=c,mux=on"), "");
}

TEST(Console, MoreSerialPortsMayBeUnconnected) {
    expect_plain_stdio("-serial stdio -serial none -serial null -serial none");
    EXPECT_EQ(error("-serial none -serial none -serial stdio"),
              "-serial stdio: a third serial port is not supported yet by this version");
}

TEST(Console, Chardevs) {
    const CharConfig file = serial("-chardev file,path=a,,b,append=on,id=f -serial chardev:f");
    EXPECT_EQ(file.kind, Kind::File);
    EXPECT_EQ(file.id, "f");
    EXPECT_EQ(file.path, "a,b");
    EXPECT_TRUE(file.append);
    const CharConfig port = serial("-serial chardev:c -chardev stdio,id=c,mux=on,signal=off");
    EXPECT_EQ(port.kind, Kind::Stdio);
    EXPECT_TRUE(port.mux);
    EXPECT_FALSE(port.monitor);
    EXPECT_FALSE(port.signals);
    EXPECT_FALSE(serial("-chardev stdio,id=c,nosignal -serial chardev:c").signals);
    EXPECT_EQ(serial("-chardev file,path=a,input-path=b,id=f -serial chardev:f").input_path, "b");
    EXPECT_TRUE(serial("-chardev file,path=a,id=f,mux=on -serial chardev:f").mux);
    EXPECT_EQ(serial("-chardev testdev,id=t -serial chardev:t").kind, Kind::Testdev);
    EXPECT_EQ(serial("-chardev ringbuf,id=r,size=4K -serial chardev:r").ring_bytes, 4096u);
    EXPECT_EQ(serial("-chardev ringbuf,id=r -serial chardev:r").ring_bytes, 65536u);
    // One that nothing uses is harmless.
    EXPECT_EQ(serial("-chardev backend=null,id=n -serial file:x").kind, Kind::File);
}

TEST(Console, MonitorOnAChardev) {
    const std::string stdio = "-chardev stdio,id=c,mux=on -serial chardev:c ";
    for (const char* monitor :
         {"-mon chardev=c", "-mon c", "-mon chardev=c,mode=readline", "-monitor chardev:c"}) {
        EXPECT_TRUE(serial(stdio + monitor).monitor) << monitor;
    }
    EXPECT_EQ(error("-chardev stdio,id=c -serial chardev:c -mon c"),
              "-mon c: the serial port uses chardev 'c' too; that needs mux=on");
    EXPECT_EQ(error("-chardev stdio,id=c,mux=on -serial stdio -mon c"),
              "-mon c: the serial port uses stdio too; -serial mon:stdio lets both share it");
    EXPECT_EQ(error("-mon nowhere"), "-mon nowhere: there is no -chardev with id 'nowhere'");
    EXPECT_FALSE(serial("-chardev null,id=n -serial stdio -mon n").monitor);
}

// The one monitor with a stream of its own on `line`.
machine::MonitorConfig monitor(std::string_view line) {
    const auto monitors = config(line).monitors;
    EXPECT_EQ(monitors.size(), 1u) << line;
    return monitors.empty() ? machine::MonitorConfig{} : monitors.front();
}

TEST(Console, SocketForms) {
    const CharConfig path = serial("-serial unix:/run/a,,b,server,nowait");
    EXPECT_EQ(path.kind, Kind::Socket);
    EXPECT_EQ(path.path, "/run/a,b");
    EXPECT_TRUE(path.server);
    EXPECT_FALSE(path.wait);
    EXPECT_TRUE(serial("-serial unix:s,server=on").wait) << "the default";
    EXPECT_FALSE(serial("-serial unix:s").server);
    EXPECT_FALSE(serial("-serial unix:s").wait);
    const CharConfig tcp = serial("-serial tcp:[::1]:4444,server=on,wait=off,nodelay");
    EXPECT_EQ(tcp.host, "::1");
    EXPECT_EQ(tcp.port, 4444);
    EXPECT_EQ(serial("-serial tcp::4444").host, "");
    EXPECT_EQ(serial("-serial pty").kind, Kind::Pty);
    const CharConfig muxed = serial("-serial mon:unix:s,server,nowait");
    EXPECT_TRUE(muxed.mux);
    EXPECT_TRUE(muxed.monitor);
    const CharConfig named = serial("-chardev socket,id=c,path=p,server=on,wait=off -serial chardev:c");
    EXPECT_EQ(named.id, "c");
    EXPECT_EQ(named.path, "p");
    EXPECT_FALSE(named.wait);
}

// The spellings of today and of before, wherever a socket can be.
TEST(Console, ServersThatDoNotWait) {
    for (const std::string keys : {"server=on,wait=off", "server,nowait", "server,wait=no"}) {
        EXPECT_FALSE(serial("-serial unix:s," + keys).wait) << keys;
        EXPECT_TRUE(serial("-serial tcp::1," + keys).server) << keys;
        EXPECT_FALSE(serial("-chardev socket,id=c,path=p," + keys + " -serial chardev:c").wait) << keys;
        for (const std::string option : {"-monitor", "-qmp", "-qmp-pretty"}) {
            const auto monitors = config("-serial null " + option + " unix:s," + keys).monitors;
            ASSERT_EQ(monitors.size(), 1u) << keys;
            EXPECT_TRUE(monitors[0].device.server) << keys;
            EXPECT_FALSE(monitors[0].device.wait) << keys;
        }
    }
}

TEST(Console, ClientsThatDoNotGiveUp) {
    EXPECT_EQ(serial("-serial unix:s").reconnect_ms, 0u);
    EXPECT_EQ(serial("-serial unix:s,reconnect=2").reconnect_ms, 2000u);
    EXPECT_EQ(serial("-serial tcp::1,reconnect-ms=50").reconnect_ms, 50u);
    EXPECT_EQ(serial("-chardev socket,id=c,path=p,reconnect=1 -serial chardev:c").reconnect_ms, 1000u);
}

TEST(Console, MonitorsOfTheirOwn) {
    const machine::MonitorConfig human = monitor("-monitor unix:m,server,nowait");
    EXPECT_FALSE(human.control);
    EXPECT_EQ(human.device.path, "m");
    EXPECT_EQ(monitor("-monitor stdio -serial null").device.kind, Kind::Stdio);
    EXPECT_EQ(monitor("-nodefaults -monitor stdio").device.kind, Kind::Stdio);
    const machine::MonitorConfig qmp = monitor("-qmp-pretty unix:q,server,nowait");
    EXPECT_TRUE(qmp.control);
    EXPECT_TRUE(qmp.pretty);
    EXPECT_FALSE(monitor("-qmp tcp:localhost:4444,server,nowait").pretty);
    EXPECT_TRUE(monitor("-chardev pty,id=p -mon p,mode=control,pretty=on").pretty);
    EXPECT_EQ(config("-monitor pty -qmp unix:q -qmp unix:r -serial null").monitors.size(), 3u);
    EXPECT_TRUE(config("-qmp none -monitor null").monitors.empty());
    EXPECT_EQ(error("-serial stdio -monitor stdio"),
              "-monitor stdio: the serial port uses stdio too; -serial mon:stdio lets both share it");
    EXPECT_EQ(error("-chardev socket,id=c,path=p -mon c -mon c,mode=control"),
              "-mon c,mode=control: another monitor uses this stream already");
    EXPECT_EQ(error("-chardev socket,id=c,path=p,mux=on -serial chardev:c -mon c,mode=control"),
              "-mon c,mode=control: QMP needs a stream of its own, not the serial port's");
    EXPECT_EQ(error("-chardev socket,id=c,path=p,mux=on -serial null -serial chardev:c -mon c,mode=control"),
              "-mon c,mode=control: QMP needs a stream of its own");
    EXPECT_EQ(config("-chardev pty,id=c,mux=on -serial null -serial chardev:c -mon c").monitors.size(), 1u);
    EXPECT_EQ(error("-serial mon:stdio -qmp stdio"),
              "-qmp stdio: QMP needs a stream of its own, not the serial port's");
}

TEST(Console, AMonitorThatWasAskedForReplacesTheDefaultOne) {
    expect_plain_stdio("-monitor unix:m");
    expect_plain_stdio("-nographic -qmp unix:q");
    EXPECT_EQ(serial("-qmp stdio").kind, Kind::Null);
}

TEST(Console, EscapeCharacter) {
    EXPECT_EQ(config("-echr 1").mux_escape, 1u);
    EXPECT_EQ(config("-echr 20").mux_escape, 20u);
    EXPECT_EQ(config("-echr 0x1d").mux_escape, 29u);
}

}  // namespace
}  // namespace trapeze::cli

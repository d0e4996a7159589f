// Standard input and output on a pseudo-terminal, in a child process: what the user's shell gets back.
#include <sys/ioctl.h>

#include "base/pty_fixture.h"
#include "fakes.h"
#include "trapeze/base/check.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {
namespace {

class StdioTest : public PtyTest {
protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(PtyTest::SetUp());
        EXPECT_FALSE(is_raw());
    }
    bool is_raw() const { return (settings().c_lflag & (ICANON | ECHO)) == 0; }
    // Runs `body` in a child whose standard streams are the terminal; returns the wait status.
    int in_child(const std::function<void()>& body) {
        return PtyTest::in_child([&] {
            dup2(slave_.get(), 0);
            dup2(slave_.get(), 1);
            body();
        });
    }
    std::string shown() const {
        char text[100];
        const ssize_t n = ::read(master_.get(), text, sizeof(text));
        return {text, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
    }
    void type(std::string_view text) const {
        EXPECT_EQ(::write(master_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
};

TEST_F(StdioTest, RawWhileOpenAndOutputIsOutBeforeTheEnd) {
    const int status = in_child([&] {
        const auto loop = std::move(EventLoop::create().value());
        {
            const auto port = open_stdio(*loop, TerminalSignals::Pass);
            if (!port || !is_raw()) _exit(1);
            (*port)->send(bytes("bye\n"));
        }
        if (is_raw()) _exit(2);
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(shown(), "bye\r\n") << "output processing stays on";
    EXPECT_FALSE(is_raw());
}

TEST_F(StdioTest, KeysArriveUnchanged) {
    const int status = in_child([&] {
        const auto loop = std::move(EventLoop::create().value());
        const auto port = std::move(open_stdio(*loop, TerminalSignals::Pass).value());
        const std::string keys = "a\r\x03\x1a\x04";  // return, Ctrl-C, Ctrl-Z, Ctrl-D
        FakeReceiver device;
        device.on_event = [&] {
            if (device.got.size() == keys.size()) loop->stop();
        };
        port->set_receiver(&device);
        type(keys);
        loop->run();
        _exit(device.got == keys ? 0 : 1);
    });
    EXPECT_EQ(status, 0);
}

TEST_F(StdioTest, CtrlCStillKillsWhenAskedFor) {
    const int status = in_child([&] {
        setsid();
        ioctl(0, TIOCSCTTY, 0);
        const auto loop = std::move(EventLoop::create().value());
        const auto port = std::move(open_stdio(*loop, TerminalSignals::Raise).value());
        type("\x03");
        loop->run();
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    EXPECT_FALSE(is_raw());
}

TEST_F(StdioTest, RestoredByACrash) {
    const int status = in_child([&] {
        const auto loop = std::move(EventLoop::create().value());
        const auto port = open_stdio(*loop, TerminalSignals::Pass);
        if (!port || !is_raw()) _exit(1);
        CHECK(1 + 1 == 3);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    EXPECT_FALSE(is_raw());
}

// A job in the background must neither be stopped by keys meant for another job nor take them.
int background_job(int report) {
    const auto loop = std::move(EventLoop::create().value());
    const auto port = std::move(open_stdio(*loop, TerminalSignals::Pass).value());
    FakeReceiver device;
    port->set_receiver(&device);
    loop->call_after(20'000'000, [&] { loop->stop(); });
    loop->run();
    if (!device.got.empty()) return 1;
    if (::write(report, "b", 1) != 1) return 2;

    device.on_event = [&] { loop->stop(); };
    loop->run();  // until it is in the foreground
    return device.got == "x\n" ? 0 : 3;
}

TEST_F(StdioTest, ABackgroundJobWaitsForItsTurn) {
    const int shell_status = in_child([&] {
        setsid();
        signal(SIGTTOU, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        ioctl(0, TIOCSCTTY, 0);
        const Pipe gate, report;
        const pid_t job = fork_child();
        if (job == 0) {
            gate.take(1);  // until the shell has set up the job
            signal(SIGTTOU, SIG_DFL);
            _exit(background_job(report.write.get()));
        }
        setpgid(job, job);
        type("x\n");
        gate.put("g");
        if (report.take(1) != "b") _exit(10);
        tcsetpgrp(0, job);
        kill(job, SIGCONT);
        int status = 0;
        if (waitpid(job, &status, WUNTRACED) != job) _exit(11);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 12);
    });
    ASSERT_TRUE(WIFEXITED(shell_status));
    EXPECT_EQ(WEXITSTATUS(shell_status), 0);
}

}  // namespace
}  // namespace trapeze::chardev

// A pseudo-terminal, and children to run code on it. No child outlives the one that started it, whatever
// becomes of that: a process that is left over keeps the output open, and whoever waits for it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "trapeze/base/fd.h"

namespace trapeze {

class PtyTest : public testing::Test {
protected:
    // Not in the constructor: a test whose terminal is missing must not run.
    void SetUp() override {
        int master = -1, slave = -1;
        ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0)
            << "no pseudo-terminal to test with (is devpts mounted on /dev/pts?): " << std::strerror(errno);
        master_.reset(master);
        slave_.reset(slave);
    }

    termios settings() const {
        termios now{};
        EXPECT_EQ(tcgetattr(slave_.get(), &now), 0);
        return now;
    }

    // As fork(); the child is killed when this process ends, and after a while in any case.
    static pid_t fork_child() {
        std::fflush(nullptr);  // or the child writes it again
        const pid_t parent = getpid();
        const pid_t child = fork();
        if (child != 0) return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(94);  // it has ended already
        alarm(20);                           // a child that hangs fails instead
        return 0;
    }
    // Runs `body` in a child and returns its wait status.
    static int in_child(const std::function<void()>& body) {
        const pid_t child = fork_child();
        if (child == 0) {
            const rlimit no_core{};
            setrlimit(RLIMIT_CORE, &no_core);
            const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
            dup2(null, STDERR_FILENO);
            // The sanitizers' own handlers would turn these into exits.
            for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(signal, SIG_DFL);
            body();
            _exit(0);
        }
        int status = 0;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        return status;
    }

    Fd master_, slave_;
};

}  // namespace trapeze

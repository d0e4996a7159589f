// Each case runs the code in a child with a pseudo-terminal of its own and looks at the terminal's settings
// from outside: what a shell would find after us.
#include "trapeze/base/terminal.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

#include "pty_fixture.h"
#include "trapeze/base/check.h"

namespace trapeze {
namespace {

class TerminalTest : public PtyTest {
protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(PtyTest::SetUp());
        before_ = settings();
    }

    static bool is_raw(const termios& t) { return (t.c_lflag & (ICANON | ECHO)) == 0 && t.c_cc[VMIN] == 1; }
    void expect_restored() const {
        const termios now = settings();
        EXPECT_EQ(now.c_lflag, before_.c_lflag);
        EXPECT_EQ(now.c_iflag, before_.c_iflag);
        EXPECT_EQ(now.c_oflag, before_.c_oflag);
        EXPECT_EQ(now.c_cflag, before_.c_cflag);
    }

    // As in_child, with the terminal raw while `body` runs.
    int in_raw_child(const std::function<void()>& body) const {
        return in_child([&] {
            auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
            if (!raw || !raw->active() || !is_raw(settings())) _exit(99);
            body();
        });
    }

    termios before_{};
};

TEST_F(TerminalTest, RawWhileAliveRestoredAfterwards) {
    {
        const auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
        ASSERT_TRUE(raw);
        EXPECT_TRUE(raw->active());
        const termios now = settings();
        EXPECT_TRUE(is_raw(now));
        EXPECT_EQ(now.c_lflag & ISIG, 0u);
        EXPECT_EQ(now.c_iflag & (ICRNL | IXON), 0u) << "carriage return and Ctrl-S reach the guest";
        EXPECT_EQ(now.c_oflag & OPOST, before_.c_oflag & OPOST);
    }
    expect_restored();
}

TEST_F(TerminalTest, SignalKeysStayWhenAskedFor) {
    const auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Raise);
    ASSERT_TRUE(raw);
    EXPECT_TRUE(is_raw(settings()));
    EXPECT_NE(settings().c_lflag & ISIG, 0u);
}

TEST_F(TerminalTest, MovingHandsTheDutyOver) {
    {
        RawTerminal outer;
        {
            auto inner = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
            ASSERT_TRUE(inner);
            outer = std::move(*inner);
        }
        EXPECT_TRUE(is_raw(settings()));
    }
    expect_restored();
}

TEST_F(TerminalTest, CanBeEnteredAgain) {
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(RawTerminal::enter(slave_.get(), TerminalSignals::Pass));
        expect_restored();
    }
}

TEST_F(TerminalTest, HandlersOfTheProgramComeBack) {
    const auto mine = [](int) {};
    struct sigaction action {};
    action.sa_handler = mine;
    struct sigaction old {};
    sigaction(SIGTERM, &action, &old);
    {
        const auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
        ASSERT_TRUE(raw);
        struct sigaction now {};
        sigaction(SIGTERM, nullptr, &now);
        EXPECT_EQ(now.sa_handler, action.sa_handler) << "an existing SIGTERM handler is left alone";
    }
    struct sigaction tstp {};
    sigaction(SIGTSTP, nullptr, &tstp);
    EXPECT_EQ(tstp.sa_handler, SIG_DFL);
    sigaction(SIGTERM, &old, nullptr);
}

TEST_F(TerminalTest, NothingHappensWithoutATerminal) {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto raw = RawTerminal::enter(null.get(), TerminalSignals::Pass);
    ASSERT_TRUE(raw);
    EXPECT_FALSE(raw->active());
    restore_terminal();
}

TEST_F(TerminalTest, RestoredByExit) {
    const int status = in_raw_child([] {
        // Leaves without running the destructor above; atexit() functions of the test framework are harmless.
        std::exit(3);
    });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    expect_restored();
}

TEST_F(TerminalTest, RestoredByAFailedCheck) {
    const int status = in_raw_child([] { CHECK(1 + 1 == 3); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    expect_restored();
}

class FatalSignalTest : public TerminalTest, public testing::WithParamInterface<int> {};

TEST_P(FatalSignalTest, RestoresAndStillKills) {
    const int status = in_raw_child([] { raise(GetParam()); });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), GetParam());
    expect_restored();
}

INSTANTIATE_TEST_SUITE_P(Signals, FatalSignalTest,
                         testing::Values(SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGINT, SIGHUP,
                                         SIGQUIT));

TEST_F(TerminalTest, RestoredByARealFault) {
    const int status = in_raw_child([] {
        void* hole = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *static_cast<volatile char*>(hole) = 1;
    });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGSEGV);
    expect_restored();
}

// A small job-control shell: session leader on the terminal, our program in a process group of its own.
class JobControlTest : public TerminalTest {
protected:
    // Runs `shell` as session leader owning the terminal; it returns 0 for success or a line number.
    void as_shell(const std::function<int()>& shell) {
        const int status = in_child([&] {
            setsid();
            signal(SIGTTOU, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            if (ioctl(slave_.get(), TIOCSCTTY, 0) != 0) _exit(98);
            _exit(shell());
        });
        ASSERT_TRUE(WIFEXITED(status)) << "status " << status;
        EXPECT_EQ(WEXITSTATUS(status), 0) << "line of the failed step";
    }

    struct Job {
        pid_t pid;
        Fd told;  // bytes the job writes
    };
    // Starts `body` as a job; it gets a descriptor to report through.
    Job start(bool foreground, const std::function<void(int)>& body) const {
        int ends[2], gate[2];
        if (pipe(ends) != 0 || pipe(gate) != 0) _exit(97);
        const pid_t pid = fork_child();
        if (pid == 0) {
            close(gate[1]);
            char go = 0;
            if (read(gate[0], &go, 1) != 0) _exit(96);  // until the shell has set up the job
            signal(SIGTTOU, SIG_DFL);
            signal(SIGHUP, SIG_DFL);
            body(ends[1]);
            _exit(0);
        }
        close(ends[1]);
        setpgid(pid, pid);
        if (foreground) tcsetpgrp(slave_.get(), pid);
        close(gate[1]);
        close(gate[0]);
        return {pid, Fd(ends[0])};
    }
    static bool hear(const Job& job, char expected) {
        char c = 0;
        return read(job.told.get(), &c, 1) == 1 && c == expected;
    }
    static void tell(int fd, char c) {
        if (write(fd, &c, 1) != 1) _exit(95);
    }
};

#define STEP(condition) \
    if (!(condition)) return __LINE__ & 0xff

TEST_F(JobControlTest, StopGivesTheTerminalBackAndContinueTakesItAgain) {
    as_shell([&] {
        const Job job = start(true, [&](int report) {
            auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Raise);
            if (!raw) _exit(1);
            // Signals are taken only in sigsuspend(), so that no step can be missed.
            sigset_t stop, none;
            sigemptyset(&none);
            sigemptyset(&stop);
            sigaddset(&stop, SIGTSTP);
            sigprocmask(SIG_BLOCK, &stop, nullptr);
            tell(report, 'r');
            sigsuspend(&none);
            tell(report, 'c');
        });
        STEP(hear(job, 'r'));
        STEP(is_raw(settings()));
        kill(job.pid, SIGTSTP);
        int status = 0;
        STEP(waitpid(job.pid, &status, WUNTRACED) == job.pid && WIFSTOPPED(status));
        STEP(WSTOPSIG(status) == SIGTSTP);
        STEP(!is_raw(settings()));
        tcsetpgrp(slave_.get(), getpgrp());

        tcsetpgrp(slave_.get(), job.pid);  // fg
        kill(job.pid, SIGCONT);
        STEP(hear(job, 'c'));
        STEP(waitpid(job.pid, &status, 0) == job.pid && WIFEXITED(status));
        return 0;
    });
}

TEST_F(JobControlTest, RawAgainAfterContinue) {
    as_shell([&] {
        const Job job = start(true, [&](int report) {
            auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Raise);
            raise(SIGTSTP);
            tell(report, is_raw(settings()) ? 'y' : 'n');
        });
        int status = 0;
        STEP(waitpid(job.pid, &status, WUNTRACED) == job.pid && WIFSTOPPED(status));
        STEP(!is_raw(settings()));
        kill(job.pid, SIGCONT);
        STEP(hear(job, 'y'));
        STEP(waitpid(job.pid, &status, 0) == job.pid && WIFEXITED(status));
        STEP(!is_raw(settings()));
        return 0;
    });
}

TEST_F(JobControlTest, RawAgainWhereThereIsNoShellToStopFor) {
    as_shell([&] {
        // A session leader's process group is orphaned: the kernel does not stop it and sends no SIGCONT.
        auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Raise);
        raise(SIGTSTP);
        STEP(is_raw(settings()));
        return 0;
    });
}

TEST_F(JobControlTest, ABackgroundJobIsNotStoppedAndTouchesNothing) {
    as_shell([&] {
        const Job job = start(false, [&](int report) {
            const auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
            if (!raw || !raw->active()) _exit(1);
            tell(report, terminal_in_foreground(slave_.get()) ? 'f' : 'b');
        });
        int status = 0;
        STEP(waitpid(job.pid, &status, WUNTRACED) == job.pid);
        STEP(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        STEP(hear(job, 'b'));
        STEP(!is_raw(settings()));
        return 0;
    });
}

TEST_F(JobControlTest, ABackgroundJobGoesRawWhenBroughtToTheForeground) {
    as_shell([&] {
        const Job job = start(false, [&](int report) {
            sigset_t cont, none;
            sigemptyset(&none);
            sigemptyset(&cont);
            sigaddset(&cont, SIGCONT);
            sigprocmask(SIG_BLOCK, &cont, nullptr);
            auto raw = RawTerminal::enter(slave_.get(), TerminalSignals::Pass);
            tell(report, is_raw(settings()) ? 'y' : 'n');
            sigsuspend(&none);
            tell(report, is_raw(settings()) ? 'y' : 'n');
        });
        STEP(hear(job, 'n'));
        tcsetpgrp(slave_.get(), job.pid);
        kill(job.pid, SIGCONT);
        STEP(hear(job, 'y'));
        int status = 0;
        STEP(waitpid(job.pid, &status, 0) == job.pid && WIFEXITED(status));
        STEP(!is_raw(settings()));
        return 0;
    });
}

}  // namespace
}  // namespace trapeze

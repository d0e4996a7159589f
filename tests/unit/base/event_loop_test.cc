#include "trapeze/base/event_loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <thread>

namespace trapeze {
namespace {

using testing::ElementsAre;

struct Pipe {
    Pipe() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    void put(char c = 'x') const { EXPECT_EQ(::write(write.get(), &c, 1), 1); }
    char take() const {
        char c = 0;
        EXPECT_EQ(::read(read.get(), &c, 1), 1);
        return c;
    }
    Fd read, write;
};

class EventLoopTest : public testing::Test {
protected:
    std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
};

TEST_F(EventLoopTest, StopBeforeRunMakesRunReturn) {
    loop_->stop();
    loop_->run();
}

TEST_F(EventLoopTest, RunsPostedTasksInOrderOnTheLoopThread) {
    std::vector<int> order;
    loop_->post([&] { order.push_back(1); });
    std::thread other([&] {
        loop_->post([&] {
            order.push_back(2);
            loop_->post([&] {
                order.push_back(3);
                loop_->stop();
            });
        });
    });
    other.join();
    loop_->run();
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(EventLoopTest, PostFromAnotherThreadWakesARunningLoop) {
    std::thread::id ran_on;
    std::thread runner([&] { loop_->run(); });
    loop_->post([&] {
        ran_on = std::this_thread::get_id();
        loop_->stop();
    });
    const std::thread::id runner_id = runner.get_id();
    runner.join();
    EXPECT_EQ(ran_on, runner_id);
}

TEST_F(EventLoopTest, TasksLeftOverRunNextTime) {
    int ran = 0;
    loop_->post([&] {
        ++ran;
        loop_->post([&] {
            ++ran;
            loop_->stop();
        });
        loop_->stop();
    });
    loop_->run();
    EXPECT_EQ(ran, 1);
    loop_->run();
    EXPECT_EQ(ran, 2);
}

TEST_F(EventLoopTest, CallsBackForReadableDescriptors) {
    Pipe pipe;
    std::string got;
    ASSERT_TRUE(loop_->watch(pipe.read.get(), EPOLLIN, [&](u32 events) {
        EXPECT_NE(events & EPOLLIN, 0u);
        got += pipe.take();
        if (got.size() == 2) loop_->stop();
    }));
    pipe.put('a');
    pipe.put('b');  // level triggered: called again for what is left
    loop_->run();
    EXPECT_EQ(got, "ab");
}

TEST_F(EventLoopTest, ReportsHangUp) {
    Pipe pipe;
    ASSERT_TRUE(loop_->watch(pipe.read.get(), EPOLLIN, [&](u32 events) {
        EXPECT_NE(events & EPOLLHUP, 0u);
        loop_->stop();
    }));
    pipe.write.reset();
    loop_->run();
}

TEST_F(EventLoopTest, AnUnwatchedDescriptorIsSilentEvenWithinTheSameRound) {
    Pipe first, second;
    int calls = 0;
    // Both are ready in one epoll_wait(); whichever is called first silences the other.
    const auto callback = [&](u32) {
        ++calls;
        loop_->unwatch(first.read.get());
        loop_->unwatch(second.read.get());
        loop_->post([&] { loop_->stop(); });
    };
    ASSERT_TRUE(loop_->watch(first.read.get(), EPOLLIN, callback));
    ASSERT_TRUE(loop_->watch(second.read.get(), EPOLLIN, callback));
    first.put();
    second.put();
    loop_->run();
    EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AWatchReplacedWithinTheRoundDoesNotGetItsPredecessorsEvent) {
    Pipe first, second;
    std::vector<std::string> calls;
    const auto replace = [&](u32) {
        calls.push_back("old");
        for (const Pipe* pipe : {&first, &second}) {
            loop_->unwatch(pipe->read.get());
            pipe->take();
            ASSERT_TRUE(loop_->watch(pipe->read.get(), EPOLLIN, [&](u32) { calls.push_back("new"); }));
        }
        loop_->post([&] { loop_->stop(); });
    };
    ASSERT_TRUE(loop_->watch(first.read.get(), EPOLLIN, replace));
    ASSERT_TRUE(loop_->watch(second.read.get(), EPOLLIN, replace));
    first.put();
    second.put();
    loop_->run();
    EXPECT_THAT(calls, ElementsAre("old"));
}

TEST_F(EventLoopTest, RefusesWhatCannotBePolled) {
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(loop_->can_watch(null.get()));
    EXPECT_FALSE(loop_->can_watch(-1));
    const auto result = loop_->watch(null.get(), EPOLLIN, [](u32) {});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), testing::HasSubstr("not permitted"));

    Pipe pipe;
    EXPECT_TRUE(loop_->can_watch(pipe.read.get()));
    ASSERT_TRUE(loop_->watch(pipe.read.get(), EPOLLIN, [](u32) {}));
    EXPECT_FALSE(loop_->watch(pipe.read.get(), EPOLLIN, [](u32) {})) << "one watch per descriptor";
}

TEST_F(EventLoopTest, TimersFireInOrderOfDeadlineAndNotEarly) {
    const u64 start = loop_->now_ns();
    std::vector<int> order;
    u64 fired_at = 0;
    loop_->call_at(start + 3'000'000, [&] {
        order.push_back(3);
        fired_at = loop_->now_ns();
        loop_->stop();
    });
    loop_->call_at(start + 1'000'000, [&] { order.push_back(1); });
    loop_->call_at(start + 2'000'000, [&] { order.push_back(2); });
    loop_->call_at(0, [&] { order.push_back(0); });
    loop_->run();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
    EXPECT_GE(fired_at, start + 3'000'000);
}

TEST_F(EventLoopTest, ACancelledTimerDoesNotFire) {
    bool fired = false;
    const u64 start = loop_->now_ns();
    const TimerId other = loop_->call_at(start + 2'000'000, [&] { fired = true; });
    const TimerId before = loop_->call_at(start + 500'000, [&] { fired = true; });
    loop_->cancel(before);
    loop_->cancel(before);
    loop_->cancel(TimerId::None);
    loop_->call_at(start + 1'000'000, [&] { loop_->cancel(other); });
    loop_->call_at(start + 3'000'000, [&] { loop_->stop(); });
    loop_->run();
    EXPECT_FALSE(fired);
}

TEST_F(EventLoopTest, ATimerCancelledByAnotherOfTheSameInstantDoesNotFire) {
    bool fired = false;
    TimerId victim = TimerId::None;
    loop_->call_at(1, [&] { loop_->cancel(victim); });
    victim = loop_->call_at(1, [&] { fired = true; });
    loop_->call_at(2, [&] { loop_->stop(); });
    loop_->run();
    EXPECT_FALSE(fired);
}

TEST_F(EventLoopTest, ATimerThatIsAlwaysDueDoesNotStarveDescriptors) {
    Pipe pipe;
    ASSERT_TRUE(loop_->watch(pipe.read.get(), EPOLLIN, [&](u32) { loop_->stop(); }));
    std::function<void()> again = [&] { loop_->call_at(0, again); };
    loop_->call_at(0, again);
    pipe.put();
    loop_->run();
}

TEST_F(EventLoopTest, TimerSetFromAnotherThreadWakesALoopThatHadNone) {
    std::thread runner([&] { loop_->run(); });
    loop_->call_after(1'000'000, [&] { loop_->stop(); });
    runner.join();
}

TEST_F(EventLoopTest, DistantDeadlinesAreAccepted) {
    loop_->call_at(~u64{0}, [] {});
    loop_->call_after(0, [&] { loop_->stop(); });
    loop_->run();
}

}  // namespace
}  // namespace trapeze

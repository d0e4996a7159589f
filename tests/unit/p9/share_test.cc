// The server on its threads, in the order that a client may rely on.
#include "trapeze/p9/share.h"

#include <condition_variable>

#include "client.h"

namespace trapeze::p9 {
namespace {

class Request final : public bus::ShareRequest {
public:
    Request(std::string bytes, std::size_t room) : bytes_(std::move(bytes)), room_(room) {
        // In pieces of odd sizes.
        u8* from = reinterpret_cast<u8*>(bytes_.data());
        const std::size_t half = bytes_.size() / 3;
        from_ = {std::span(from, half), std::span(from + half, bytes_.size() - half)};
        to_ = {std::span(room_).first(room / 2), std::span(room_).subspan(room / 2)};
        message = from_;
        message_bytes = bytes_.size();
        reply = to_;
        reply_bytes = room;
    }
    void done(std::optional<u32> bytes) override {
        finished = true;
        written = bytes;
        order = next_order++;
    }
    u8 type() const { return room_.at(4); }

    bool finished = false;
    std::optional<u32> written;
    int order = 0;
    static inline int next_order = 0;

private:
    std::string bytes_;
    std::vector<u8> room_;
    std::array<std::span<u8>, 2> from_, to_;
};

class ShareTest : public testing::Test {
protected:
    ShareTest() {
        auto loop = EventLoop::create();
        EXPECT_TRUE(loop.has_value());
        loop_ = std::move(*loop);
        auto share = open_share(*loop_, {.path = directory_.path});
        EXPECT_TRUE(share.has_value());
        share_ = std::move(*share);
        share_->on_batch_done([this] {
            ++batches_;
            for (const auto& request : requests_) {
                if (!request->finished) return;
            }
            loop_->stop();
        });
    }
    Request& submit(u8 type, const Fields& fields, u16 tag = 1, std::size_t room = 4096) {
        requests_.push_back(std::make_unique<Request>(
            Fields().w(static_cast<u32>(7 + fields.bytes.size())).b(type).h(tag).raw(fields.bytes).bytes,
            room));
        share_->submit(*requests_.back());
        return *requests_.back();
    }
    void settle() { loop_->run(); }

    TemporaryDirectory directory_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<bus::FileShare> share_;
    std::vector<std::unique_ptr<Request>> requests_;
    int batches_ = 0;
};

TEST_F(ShareTest, AnswersFromBuffersInPieces) {
    Request& version = submit(TVERSION, Fields().w(8192).s("9P2000.L"));
    settle();
    EXPECT_EQ(version.written, 21u);
    EXPECT_EQ(version.type(), TVERSION + 1);
    EXPECT_GT(batches_, 0);
}

TEST_F(ShareTest, WhatIsNoRequest) {
    Request& nothing = submit(TCLUNK, Fields().w(1), 1, 5);
    settle();
    EXPECT_EQ(nothing.written, std::nullopt);
}

TEST_F(ShareTest, AFlushComesAfterWhatItFlushes) {
    submit(TVERSION, Fields().w(65536).s("9P2000.L"));
    settle();
    submit(TATTACH, Fields().w(0).w(NOFID).s("").s("").w(0));
    settle();
    for (u16 round = 0; round < 100; ++round) {
        const u16 tag = static_cast<u16>(100 + round);
        Request& slow = submit(TMKDIR, Fields().w(0).s("d" + std::to_string(round)).w(0755).w(0), tag);
        Request& flush = submit(TFLUSH, Fields().h(tag), 50);
        Request& other = submit(TFLUSH, Fields().h(9999), 51);
        settle();
        EXPECT_LT(slow.order, flush.order);
        EXPECT_TRUE(other.finished);
        EXPECT_EQ(flush.written, 7u);
        EXPECT_EQ(flush.type(), TFLUSH + 1);
    }
}

TEST_F(ShareTest, ManyAtOnce) {
    submit(TVERSION, Fields().w(65536).s("9P2000.L"));
    settle();
    submit(TATTACH, Fields().w(0).w(NOFID).s("").s("").w(0));
    settle();
    for (u16 i = 0; i < 128; ++i) submit(TMKDIR, Fields().w(0).s(std::to_string(i)).w(0755).w(0), i);
    settle();
    for (const auto& request : requests_) EXPECT_NE(request->type(), RLERROR);
    share_->reset();
    Request& gone = submit(TCLUNK, Fields().w(0));
    settle();
    EXPECT_EQ(gone.type(), RLERROR);
}

TEST_F(ShareTest, DirectoriesThatAreNotThere) {
    const auto missing = open_share(*loop_, {.path = directory_ / "missing"});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().message(),
              "could not share " + std::string(directory_ / "missing") + ": No such file or directory");
    directory_.write("file", "");
    EXPECT_FALSE(open_share(*loop_, {.path = directory_ / "file"}).has_value());
}

}  // namespace
}  // namespace trapeze::p9

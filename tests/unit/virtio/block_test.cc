// Expectations from VIRTIO 1.2, 5.2 "Block Device".
#include "trapeze/virtio/block.h"

#include <algorithm>
#include <deque>

#include "session_fixture.h"

namespace trapeze::virtio {
namespace {

using bus::DiskOperation;

enum : u32 { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum : u8 { OK = 0, IOERR = 1, UNSUPP = 2, UNTOUCHED = 0xaa };
enum : u64 {
    RO = 1 << 5,
    F_FLUSH = 1 << 9,
    CONFIG_WCE = 1 << 11,
    MQ = 1 << 12,
    F_DISCARD = 1 << 13,
    F_WRITE_ZEROES = 1 << 14
};

// Keeps what it is asked until told to do it.
class FakeDisk final : public bus::Disk {
public:
    explicit FakeDisk(Properties properties) : properties_(properties) { content.resize(properties.bytes); }
    Properties properties() const override { return properties_; }
    void submit(bus::DiskRequest& request) override {
        log.push_back(request.operation);
        waiting.push_back(&request);
    }
    void commit() override { ++commits; }
    void on_batch_done(std::function<void()> callback) override { batch_done_ = std::move(callback); }

    void do_one(int error = 0) {
        bus::DiskRequest& request = *waiting.front();
        waiting.pop_front();
        u64 at = request.offset;
        for (const iovec& buffer : request.buffers) {
            if (request.operation == DiskOperation::Read)
                std::memcpy(buffer.iov_base, &content.at(at), buffer.iov_len);
            if (request.operation == DiskOperation::Write)
                std::memcpy(&content.at(at), buffer.iov_base, buffer.iov_len);
            at += buffer.iov_len;
        }
        if (request.operation == DiskOperation::WriteZeroes)
            std::fill_n(&content.at(at), request.bytes, u8{0});
        request.done(error);
        batch_done_();
    }
    void do_all() {
        while (!waiting.empty()) do_one();
    }

    std::vector<u8> content;
    std::deque<bus::DiskRequest*> waiting;
    std::vector<DiskOperation> log;
    int commits = 0;

private:
    const Properties properties_;
    std::function<void()> batch_done_;
};

class BlockTest : public testing::Test {
protected:
    static constexpr u64 kBytes = 64 << 10;

    void make(bus::Disk::Properties properties = {.bytes = kBytes, .can_discard = true},
              Block::Options options = {}) {
        session_.reset();
        auto disk = std::make_unique<FakeDisk>(properties);
        disk_ = disk.get();
        for (std::size_t i = 0; i < disk_->content.size(); ++i) disk_->content[i] = static_cast<u8>(i / 512);
        block_ = std::make_unique<Block>(std::move(disk), options);
    }
    void start(u64 features) { session_ = std::make_unique<DeviceSession>(*block_, features); }
    void start() { start(block_->features()); }
    TestMemory& memory() { return session_->memory; }

    struct Sent {
        u16 id;
        u64 data;
        u64 status;
    };
    // A request with one buffer of data, or without for bytes = 0.
    Sent send(u32 type, u64 sector, u32 bytes, bool device_writes, u16 queue = 0) {
        const u64 header = memory().allocate(16), status = memory().allocate(1),
                  data = memory().allocate(bytes + 1);
        memory().store(header, type);
        memory().store(header + 8, sector);
        memory().store<u8>(status, UNTOUCHED);
        std::vector<Buffer> buffers{{header, 16}};
        if (bytes > 0) buffers.push_back({data, bytes, device_writes});
        buffers.push_back({status, 1, true});
        return {session_->rings[queue]->add(std::span<const Buffer>(buffers)), data, status};
    }
    void notify(u16 queue = 0) { block_->notified(queue); }
    u8 status(const Sent& sent) { return memory().load<u8>(sent.status); }
    u8 transact(u32 type, u64 sector, u32 bytes, bool device_writes) {
        const Sent sent = send(type, sector, bytes, device_writes);
        notify();
        disk_->do_all();
        EXPECT_TRUE(session_->rings[0]->used());
        return status(sent);
    }
    template <typename T>
    T config(u32 offset) {
        T value{};
        block_->read_config(offset, {reinterpret_cast<u8*>(&value), sizeof value});
        return value;
    }

    FakeDisk* disk_ = nullptr;
    std::unique_ptr<Block> block_;
    std::unique_ptr<DeviceSession> session_;
};

TEST_F(BlockTest, ReadsIntoTheGuest) {
    make();
    start();
    const Sent sent = send(IN, 3, 1024, true);
    notify();
    EXPECT_EQ(disk_->commits, 2) << "of start() and of notified()";
    EXPECT_EQ(status(sent), UNTOUCHED) << "not before the disk is done";
    EXPECT_FALSE(session_->rings[0]->used());
    disk_->do_all();
    const auto used = session_->rings[0]->used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->id, sent.id);
    EXPECT_EQ(used->length, 1025u) << "the data and the status";
    EXPECT_EQ(status(sent), OK);
    EXPECT_EQ(memory().load<u8>(sent.data), 3);
    EXPECT_EQ(memory().load<u8>(sent.data + 1023), 4);
    EXPECT_EQ(session_->host.interrupts, 1);
}

TEST_F(BlockTest, WritesFromTheGuest) {
    make();
    start();
    const Sent sent = send(OUT, 5, 512, false);
    memory().store<u64>(sent.data, 0x1122334455667788);
    notify();
    disk_->do_all();
    EXPECT_EQ(status(sent), OK);
    EXPECT_EQ(session_->rings[0]->used()->length, 1u);
    EXPECT_EQ(disk_->content[5 * 512], 0x88);
    EXPECT_EQ(disk_->log, std::vector{DiskOperation::Write}) << "write-back: no flush";
}

// 2.7.4: nothing depends on where a buffer ends.
TEST_F(BlockTest, FramingIsTheDriversChoice) {
    make();
    start();
    const u64 at = memory().allocate(2048);
    memory().store<u32>(at, IN);
    memory().store<u64>(at + 8, 2);
    session_->rings[0]->add({{at, 3}, {at + 3, 13}, {at + 100, 200, true}, {at + 300, 313, true}});
    notify();
    disk_->do_all();
    EXPECT_EQ(session_->rings[0]->used()->length, 513u);
    EXPECT_EQ(memory().load<u8>(at + 100), 2);
    EXPECT_EQ(memory().load<u8>(at + 611), 2);
    EXPECT_EQ(memory().load<u8>(at + 612), OK);
}

TEST_F(BlockTest, RangesAndSizesAreChecked) {
    make();
    start();
    EXPECT_EQ(transact(IN, kBytes / 512 - 1, 512, true), OK);
    EXPECT_EQ(transact(IN, kBytes / 512, 512, true), IOERR);
    EXPECT_EQ(transact(IN, kBytes / 512 - 1, 1024, true), IOERR);
    EXPECT_EQ(transact(IN, ~u64{0}, 512, true), IOERR);
    EXPECT_EQ(transact(IN, 1ull << 55, 512, true), IOERR);
    EXPECT_EQ(transact(IN, 0, 100, true), IOERR);
    EXPECT_EQ(transact(OUT, kBytes / 512, 512, false), IOERR);
    EXPECT_EQ(transact(IN, 0, 0, true), OK);
    EXPECT_EQ(disk_->log.size(), 1u);
}

TEST_F(BlockTest, LargerBlocksAreChecked) {
    make({.bytes = kBytes}, {.logical_block = 4096, .physical_block = 8192});
    start();
    EXPECT_EQ(transact(IN, 8, 4096, true), OK);
    EXPECT_EQ(transact(IN, 1, 4096, true), IOERR);
    EXPECT_EQ(transact(IN, 0, 512, true), IOERR);
    EXPECT_EQ(config<u32>(20), 4096u);
    EXPECT_EQ(config<u8>(24), 1) << "physical_block_exp";
}

TEST_F(BlockTest, ReadOnlyDisksCannotBeWritten) {
    make({.bytes = kBytes, .read_only = true, .can_discard = true});
    EXPECT_TRUE(block_->features() & RO);
    EXPECT_FALSE(block_->features() & (F_DISCARD | F_WRITE_ZEROES));
    start();
    EXPECT_EQ(transact(OUT, 0, 512, false), IOERR);
    EXPECT_EQ(transact(IN, 0, 512, true), OK);
    EXPECT_EQ(transact(DISCARD, 0, 16, false), UNSUPP);
}

TEST_F(BlockTest, ErrorsOfTheDiskAreIoErrors) {
    make();
    start();
    const Sent sent = send(IN, 0, 512, true);
    notify();
    disk_->do_one(EIO);
    EXPECT_EQ(status(sent), IOERR);
    EXPECT_EQ(session_->rings[0]->used()->length, 1u);
}

TEST_F(BlockTest, UnknownRequestsAreUnsupported) {
    make();
    start();
    EXPECT_EQ(transact(2, 0, 512, true), UNSUPP);
    EXPECT_EQ(transact(~u32{0}, 0, 0, true), UNSUPP);
}

TEST_F(BlockTest, IdIsTheSerialNumber) {
    make({.bytes = kBytes}, {.serial = "disk-1"});
    start();
    const Sent sent = send(GET_ID, 0, 20, true);
    notify();
    EXPECT_EQ(status(sent), OK);
    EXPECT_EQ(memory().bytes(sent.data, 8), (std::vector<u8>{'d', 'i', 's', 'k', '-', '1', 0, 0}));
    EXPECT_EQ(session_->rings[0]->used()->length, 21u);
}

TEST_F(BlockTest, FlushGoesToTheDisk) {
    make();
    start();
    EXPECT_EQ(transact(FLUSH, 0, 0, false), OK);
    EXPECT_EQ(disk_->log, std::vector{DiskOperation::Flush});
}

TEST_F(BlockTest, WithoutACacheEachWriteIsFlushed) {
    const auto flushed = [&](u64 features, Block::Options options, auto before) {
        make({.bytes = kBytes}, options);
        start(features);
        before();
        const Sent sent = send(OUT, 0, 512, false);
        notify();
        disk_->do_one();
        const bool waits = status(sent) == UNTOUCHED;
        disk_->do_all();
        EXPECT_EQ(status(sent), OK);
        EXPECT_EQ(disk_->log.size(), waits ? 2u : 1u);
        return waits;
    };
    const auto nothing = [] {};
    EXPECT_FALSE(flushed(F_FLUSH, {}, nothing));
    EXPECT_FALSE(flushed(CONFIG_WCE, {}, nothing));
    EXPECT_TRUE(flushed(0, {}, nothing)) << "a driver that cannot flush";
    EXPECT_TRUE(flushed(F_FLUSH, {.write_back = false}, nothing));
    EXPECT_TRUE(flushed(F_FLUSH | CONFIG_WCE, {}, [&] {
        const u8 off = 0;
        block_->write_config(32, {&off, 1});
        EXPECT_EQ(config<u8>(32), 0);
    }));
    EXPECT_FALSE(flushed(F_FLUSH, {.config_write_back = false}, [&] {
        const u8 off = 0;
        block_->write_config(32, {&off, 1});
    })) << "not the driver's to say";
}

TEST_F(BlockTest, DiscardAndWriteZeroesTakeLists) {
    make();
    start();
    const Sent sent = send(WRITE_ZEROES, 0, 32, false);
    const auto range = [&](u64 n, u64 sector, u32 sectors, u32 flags) {
        memory().store(sent.data + n * 16, sector);
        memory().store(sent.data + n * 16 + 8, sectors);
        memory().store(sent.data + n * 16 + 12, flags);
    };
    range(0, 2, 1, 0);
    range(1, 10, 3, 1);
    notify();
    ASSERT_EQ(disk_->waiting.size(), 1u) << "one after the other";
    EXPECT_FALSE(disk_->waiting[0]->may_unmap);
    disk_->do_one();
    ASSERT_EQ(disk_->waiting.size(), 1u);
    EXPECT_TRUE(disk_->waiting[0]->may_unmap);
    EXPECT_EQ(disk_->waiting[0]->offset, 10u * 512);
    EXPECT_EQ(disk_->waiting[0]->bytes, 3u * 512);
    EXPECT_EQ(status(sent), UNTOUCHED);
    disk_->do_one();
    EXPECT_EQ(status(sent), OK);
    EXPECT_EQ(disk_->content[2 * 512], 0);
    EXPECT_EQ(disk_->content[9 * 512], 9);
}

TEST_F(BlockTest, BadListsAreRefused) {
    make();
    start();
    const auto one = [&](u32 type, u32 bytes, u64 sector, u32 sectors, u32 flags) {
        const Sent sent = send(type, 0, bytes, false);
        if (bytes >= 16) {
            memory().store(sent.data, sector);
            memory().store(sent.data + 8, sectors);
            memory().store(sent.data + 12, flags);
        }
        notify();
        disk_->do_all();
        session_->rings[0]->used();
        return status(sent);
    };
    EXPECT_EQ(one(DISCARD, 16, 0, 1, 0), OK);
    EXPECT_EQ(one(DISCARD, 16, 0, 1, 1), UNSUPP) << "UNMAP";
    EXPECT_EQ(one(WRITE_ZEROES, 16, 0, 1, 2), UNSUPP) << "a reserved flag";
    EXPECT_EQ(one(DISCARD, 0, 0, 0, 0), IOERR);
    EXPECT_EQ(one(DISCARD, 24, 0, 1, 0), IOERR);
    EXPECT_EQ(one(DISCARD, 17 * 16, 0, 1, 0), IOERR);
    EXPECT_EQ(one(DISCARD, 16, kBytes / 512, 1, 0), IOERR);
    EXPECT_EQ(one(DISCARD, 16, ~u64{0}, 1, 0), IOERR);
    EXPECT_EQ(one(DISCARD, 16, 0, ~u32{0}, 0), IOERR);
}

TEST_F(BlockTest, ARequestWithoutHeaderOrStatusBreaksTheDevice) {
    for (const bool header : {false, true}) {
        make();
        start();
        const u64 at = memory().allocate(600);
        if (header) {
            session_->rings[0]->add({{at, 16}});
        } else {
            session_->rings[0]->add({{at, 15}, {at + 16, 513, true}});
        }
        notify();
        EXPECT_EQ(session_->host.broken, "a block request lacks its header or its status");
        send(IN, 0, 512, true);
        notify();
        EXPECT_TRUE(disk_->log.empty()) << "nothing more is taken";
    }
}

TEST_F(BlockTest, StopWaitsForTheDisk) {
    make();
    start();
    const Sent first = send(IN, 0, 512, true), second = send(IN, 1, 512, true);
    notify();
    session_->stop();
    EXPECT_FALSE(session_->stopped);
    disk_->do_one();
    EXPECT_FALSE(session_->stopped);
    EXPECT_EQ(status(first), OK);
    disk_->do_one();
    EXPECT_TRUE(session_->stopped);
    EXPECT_EQ(status(second), OK);
}

TEST_F(BlockTest, ADriverThatIsFasterThanTheDeviceDoesNotKeepTheThread) {
    make({.bytes = kBytes}, {.queue_size = 1024});
    start();
    for (int i = 0; i < 300; ++i) send(GET_ID, 0, 20, true);
    notify();
    EXPECT_EQ(session_->host.again, std::vector<u16>{0});
    int answered = 0;
    while (session_->rings[0]->used()) ++answered;
    EXPECT_EQ(answered, 256);
    notify();
    while (session_->rings[0]->used()) ++answered;
    EXPECT_EQ(answered, 300);
}

TEST_F(BlockTest, QueuesAreIndependent) {
    make({.bytes = kBytes}, {.queues = 3, .queue_size = 8});
    EXPECT_TRUE(block_->features() & MQ);
    EXPECT_EQ(config<u16>(34), 3);
    start();
    const Sent sent = send(IN, 7, 512, true, 2);
    notify(2);
    disk_->do_all();
    EXPECT_EQ(status(sent), OK);
    EXPECT_TRUE(session_->rings[2]->used());
    EXPECT_FALSE(session_->rings[0]->used());
}

TEST_F(BlockTest, Configuration) {
    make();
    EXPECT_EQ(config<u64>(0), kBytes / 512);
    EXPECT_EQ(config<u32>(12), 254u) << "seg_max";
    EXPECT_EQ(config<u8>(32), 1) << "writeback";
    EXPECT_EQ(config<u32>(40), 16u) << "max_discard_seg";
    EXPECT_EQ(config<u8>(56), 1) << "write_zeroes_may_unmap";
    EXPECT_EQ(config<u64>(56), 1u);
    EXPECT_EQ(config<u32>(60), 0u) << "behind the end";
    EXPECT_EQ(config<u32>(~u32{0} - 3), 0u);
}

}  // namespace
}  // namespace trapeze::virtio

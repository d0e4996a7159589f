#include "trapeze/virtio/block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "block_format.h"
#include "trapeze/base/buffers.h"

namespace trapeze::virtio {
namespace {

using namespace block;
using bus::DiskOperation;

u64 offered(const bus::Disk::Properties& disk, const Block::Options& options) {
    u64 features = block::feature::kSegMax | block::feature::kBlkSize | block::feature::kFlush |
                   block::feature::kTopology;
    if (options.config_write_back) features |= block::feature::kConfigWce;
    if (options.queues > 1) features |= block::feature::kMultiQueue;
    if (disk.read_only) return features | block::feature::kReadOnly;
    if (options.discard && disk.can_discard) features |= block::feature::kDiscard;
    if (options.write_zeroes) features |= block::feature::kWriteZeroes;
    return features;
}

// The request's own view of its chain: header and status are the device's, the data is the disk's.
constexpr u64 kHeaderBytes = sizeof(Header);

}  // namespace

struct Block::Request final : bus::DiskRequest {
    explicit Request(Block& device) : block(device) {}
    void done(int error) override { block.finished(*this, error); }

    Block& block;
    Chain chain;
    u16 queue = 0;
    std::array<Range, kMostRanges>
        ranges{};  // of Discard and WriteZeroes: those still to do begin at next_range
    u32 range_count = 0;
    u32 next_range = 0;
};

Block::Block(std::unique_ptr<bus::Disk> disk, Options options)
    : disk_(std::move(disk)),
      options_(std::move(options)),
      properties_(disk_->properties()),
      queue_sizes_(options_.queues, options_.queue_size),
      features_(offered(properties_, options_)),
      write_back_(options_.write_back),
      pool_(*this) {
    disk_->on_batch_done([this] {
        for (u16 queue = 0; queue < session_.queues.size(); ++queue) {
            if (session_.queue(queue) != nullptr) complete(session_, queue);
        }
    });
}

Block::~Block() = default;

// --- Configuration -----------------------------------------------------------------------------------------

void Block::read_config(u32 offset, std::span<u8> to) {
    const auto exponent = std::countr_zero(options_.physical_block / options_.logical_block);
    const auto preferred = properties_.preferred_bytes / options_.logical_block;
    const bool trims = (features_ & (block::feature::kDiscard | block::feature::kWriteZeroes)) != 0;
    const Config config{
        .capacity = properties_.bytes / kSector,
        .size_max = 0,
        .seg_max = options_.queue_size - 2u,  // besides header and status
        .cylinders = 0,
        .heads = 0,
        .sectors = 0,
        .blk_size = options_.logical_block,
        .physical_block_exp = static_cast<u8>(exponent),
        .alignment_offset = 0,
        .min_io_size = static_cast<u16>(std::clamp<u32>(preferred, 1, 0xffff)),
        .opt_io_size = 0,
        .writeback = write_back_.load() ? u8{1} : u8{0},
        .unused0 = 0,
        .num_queues = options_.queues,
        .max_discard_sectors = trims ? kMostRangeSectors : 0,
        .max_discard_seg = trims ? kMostRanges : 0,
        .discard_sector_alignment = options_.logical_block / static_cast<u32>(kSector),
        .max_write_zeroes_sectors = trims ? kMostRangeSectors : 0,
        .max_write_zeroes_seg = trims ? kMostRanges : 0,
        .write_zeroes_may_unmap = properties_.can_discard ? u8{1} : u8{0},
        .unused1 = {},
    };
    copy_config({reinterpret_cast<const u8*>(&config), sizeof config}, offset, to);
}

void Block::write_config(u32 offset, std::span<const u8> from) {
    constexpr u32 kWriteback = offsetof(Config, writeback);
    if (!options_.config_write_back || offset > kWriteback || offset + from.size() <= kWriteback) return;
    write_back_.store(from[kWriteback - offset] != 0);
}

// 5.2.6.2: a driver that cannot flush, or asks for it, gets no cache.
bool Block::write_through() const {
    return !write_back_.load() || !session_.has(block::feature::kFlush | block::feature::kConfigWce);
}

// --- Session -----------------------------------------------------------------------------------------------

void Block::start(Session session) {
    session_ = std::move(session);
    for (u16 queue = 0; queue < session_.queues.size(); ++queue) serve(queue);
}

void Block::notified(u16 queue) {
    serve(queue);
}

void Block::stop(std::function<void()> stopped) {
    stopped_ = std::move(stopped);
    if (in_flight_ == 0) end_session();
}

void Block::end_session() {
    session_ = {};
    write_back_.store(options_.write_back);
    std::exchange(stopped_, nullptr)();
}

void Block::serve(u16 number) {
    Queue* queue = session_.queue(number);
    if (queue == nullptr) return;
    queue->disarm();
    unsigned budget = kBatch;
    while (budget > 0) {
        Request& request = pool_.take();
        if (!queue->pop(request.chain)) {
            pool_.give_back(request);
            if (!queue->rearm()) break;
            continue;
        }
        request.queue = number;
        ++in_flight_;
        begin(request);
        --budget;
    }
    if (budget == 0) session_.host->notify_again(number);
    disk_->commit();
    complete(session_, number);
}

// --- Requests ----------------------------------------------------------------------------------------------

void Block::begin(Request& request) {
    Chain& chain = request.chain;
    Header header;
    const std::span bytes(reinterpret_cast<u8*>(&header), sizeof header);
    if (copy_from(chain.readable, 0, bytes) != sizeof header || chain.writable_bytes == 0) {
        session_.queues[request.queue]->set_broken("a block request lacks its header or its status");
        return drop(request);
    }
    switch (header.type) {
        case kIn: return begin_transfer(request, DiskOperation::Read, header.sector);
        case kOut: return begin_transfer(request, DiskOperation::Write, header.sector);
        case kFlushRequest: return begin_flush(request);
        case kGetId: return answer_id(request);
        case kDiscardRequest: return begin_ranges(request, DiskOperation::Discard);
        case kWriteZeroesRequest: return begin_ranges(request, DiskOperation::WriteZeroes);
        default: return answer(request, kUnsupported, 0);
    }
}

bool Block::within(u64 sector, u64 bytes) const {
    const u64 sectors = properties_.bytes / kSector;
    return sector <= sectors && bytes / kSector <= sectors - sector;
}

void Block::begin_transfer(Request& request, DiskOperation operation, u64 sector) {
    const bool read = operation == DiskOperation::Read;
    const Chain& chain = request.chain;
    const u64 bytes = read ? chain.writable_bytes - 1 : chain.readable_bytes - kHeaderBytes;
    if (bytes % options_.logical_block != 0 || sector * kSector % options_.logical_block != 0 ||
        !within(sector, bytes) || (!read && properties_.read_only)) {
        return answer(request, kIoError, 0);
    }
    if (bytes == 0) return answer(request, kOk, 0);
    request.operation = operation;
    request.offset = sector * kSector;
    request.bytes = bytes;
    request.buffers.clear();
    for_each_piece(read ? chain.writable : chain.readable, read ? 0 : kHeaderBytes, bytes,
                   [&](std::span<u8> piece) {
                       request.buffers.push_back({piece.data(), piece.size()});
                   });
    disk_->submit(request);
}

void Block::begin_flush(Request& request) {
    request.operation = DiskOperation::Flush;
    disk_->submit(request);
}

// 5.2.6.1: without a terminating zero if it takes all 20 bytes.
void Block::answer_id(Request& request) {
    std::array<u8, kIdBytes> id{};
    std::ranges::copy(options_.serial.substr(0, kIdBytes), id.begin());
    const u64 room = std::min<u64>(request.chain.writable_bytes - 1, kIdBytes);
    copy_to(request.chain.writable, 0, std::span(id).first(room));
    answer(request, kOk, static_cast<u32>(room));
}

void Block::begin_ranges(Request& request, DiskOperation operation) {
    const bool discard = operation == DiskOperation::Discard;
    const u64 needed = discard ? block::feature::kDiscard : block::feature::kWriteZeroes;
    if (!session_.has(needed)) return answer(request, kUnsupported, 0);
    const u64 bytes = request.chain.readable_bytes - kHeaderBytes;
    if (bytes == 0 || bytes % sizeof(Range) != 0 || bytes / sizeof(Range) > kMostRanges)
        return answer(request, kIoError, 0);
    request.range_count = static_cast<u32>(bytes / sizeof(Range));
    request.next_range = 0;
    copy_from(request.chain.readable, kHeaderBytes, {reinterpret_cast<u8*>(request.ranges.data()), bytes});
    for (u32 i = 0; i < request.range_count; ++i) {
        const Range& range = request.ranges[i];
        // 5.2.6.2: UNMAP is for WriteZeroes only, other bits for nothing.
        if ((range.flags & ~(discard ? 0 : kUnmap)) != 0) return answer(request, kUnsupported, 0);
        if (range.sectors > kMostRangeSectors || !within(range.sector, range.sectors * kSector))
            return answer(request, kIoError, 0);
    }
    request.operation = operation;
    next_range(request);
}

void Block::next_range(Request& request) {
    const Range& range = request.ranges[request.next_range++];
    request.offset = range.sector * kSector;
    request.bytes = range.sectors * kSector;
    request.may_unmap = (range.flags & kUnmap) != 0;
    disk_->submit(request);
}

void Block::finished(Request& request, int error) {
    using enum DiskOperation;
    const bool changes = request.operation == Write || request.operation == WriteZeroes;
    if (error == 0 && (request.operation == Discard || request.operation == WriteZeroes) &&
        request.next_range < request.range_count) {
        next_range(request);
        disk_->commit();
    } else if (error == 0 && changes && write_through()) {
        begin_flush(request);
        disk_->commit();
    } else {
        const u32 written = error == 0 && request.operation == Read ? static_cast<u32>(request.bytes) : 0;
        answer(request, error == 0 ? kOk : kIoError, written);
    }
}

void Block::answer(Request& request, u8 status, u32 written) {
    Chain& chain = request.chain;
    chain.writable.back().back() = status;
    session_.queues[request.queue]->push(chain, written + 1);
    drop(request);
}

void Block::drop(Request& request) {
    pool_.give_back(request);
    --in_flight_;
    if (stopped_ && in_flight_ == 0) end_session();
}

}  // namespace trapeze::virtio

// The driver's side of a virtqueue, written from the specification and independent of the device's side: for
// tests of queues and devices. Rings and buffers lie in a GuestMemory.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "trapeze/mem/guest_memory.h"
#include "trapeze/virtio/queue.h"

namespace trapeze::virtio {

inline constexpr mem::GpaRange kTestRam{mem::Gpa{0x4000'0000}, 32 << 20};

// Guest RAM with a simple allocator and typed access.
class TestMemory {
public:
    TestMemory() { EXPECT_TRUE(memory.add_ram(kTestRam).has_value()); }

    u64 allocate(u64 bytes, u64 align = 16) {
        next_ = (next_ + align - 1) & ~(align - 1);
        const u64 address = next_;
        next_ += bytes;
        EXPECT_LE(next_, kTestRam.end().value);
        return address;
    }
    template <typename T>
    T load(u64 address) const {
        T value{};
        EXPECT_TRUE(memory.read(mem::Gpa{address}, {reinterpret_cast<u8*>(&value), sizeof value}));
        return value;
    }
    template <typename T>
    void store(u64 address, T value) {
        EXPECT_TRUE(memory.write(mem::Gpa{address}, {reinterpret_cast<const u8*>(&value), sizeof value}));
    }
    std::vector<u8> bytes(u64 address, u64 count) const {
        std::vector<u8> copy(count);
        EXPECT_TRUE(memory.read(mem::Gpa{address}, copy));
        return copy;
    }

    mem::GuestMemory memory;

private:
    u64 next_ = kTestRam.base.value + 0x1000;
};

struct Buffer {
    u64 address;
    u32 length;
    bool device_writes = false;
};

struct UsedElement {
    u16 id;
    u32 length;
};

class DriverRing {
public:
    virtual ~DriverRing() = default;
    // Makes a request available. The id names it in used().
    virtual u16 add(std::span<const Buffer> buffers, bool indirect) = 0;
    u16 add(std::span<const Buffer> buffers) { return add(buffers, false); }
    virtual std::optional<UsedElement> used() = 0;
    // Whether the device asked to be notified about what was added since this was asked last.
    virtual bool must_notify() = 0;
    // Asks for an interrupt once `after` more used elements are there (0: none at all). Needs event indices
    // for more than 1.
    virtual void ask_for_interrupt(u16 after) = 0;

    u16 add(std::initializer_list<Buffer> buffers, bool indirect = false) {
        return add(std::span(buffers.begin(), buffers.size()), indirect);
    }
    const QueueAddresses& addresses() const { return addresses_; }

protected:
    DriverRing(TestMemory& memory, u16 size, u64 features) : memory_(memory), features_(features) {
        addresses_.size = size;
    }
    bool event_idx() const { return (features_ & feature::kEventIdx) != 0; }

    TestMemory& memory_;
    const u64 features_;
    QueueAddresses addresses_;
};

class SplitDriverRing final : public DriverRing {
public:
    SplitDriverRing(TestMemory& memory, u16 size, u64 features) : DriverRing(memory, size, features) {
        place({.size = size,
               .descriptors = mem::Gpa{memory.allocate(size * 16u)},
               .driver = mem::Gpa{memory.allocate(6 + size * 2u, 2)},
               .device = mem::Gpa{memory.allocate(6 + size * 8u, 4)}});
        for (u16 i = 0; i < size; ++i) free_.push_back(static_cast<u16>(size - 1 - i));
    }
    // At a place that the legacy interface prescribes.
    void place(const QueueAddresses& addresses) { addresses_ = addresses; }

    using DriverRing::add;
    u16 add(std::span<const Buffer> buffers, bool indirect) override {
        std::vector<u16> slots;
        if (indirect) {
            const u64 table = memory_.allocate(buffers.size() * 16);
            for (std::size_t i = 0; i < buffers.size(); ++i)
                write_entry(table + i * 16, buffers[i], i + 1 < buffers.size(), static_cast<u16>(i + 1));
            slots.push_back(take());
            write(slots[0], table, static_cast<u32>(buffers.size() * 16), 4, 0);
        } else {
            for (std::size_t i = 0; i < buffers.size(); ++i) slots.push_back(take());
            for (std::size_t i = 0; i < buffers.size(); ++i) {
                const bool more = i + 1 < buffers.size();
                write_entry(entry(slots[i]), buffers[i], more, more ? slots[i + 1] : u16{0});
            }
        }
        const u16 head = slots[0];
        in_flight_[head] = std::move(slots);
        memory_.store<u16>(avail() + 4 + avail_idx_ % addresses_.size * 2u, head);
        memory_.store<u16>(avail() + 2, ++avail_idx_);
        return head;
    }

    std::optional<UsedElement> used() override {
        if (memory_.load<u16>(ring() + 2) == used_idx_) return std::nullopt;
        const u64 at = ring() + 4 + used_idx_ % addresses_.size * 8u;
        const UsedElement element{static_cast<u16>(memory_.load<u32>(at)), memory_.load<u32>(at + 4)};
        ++used_idx_;
        for (const u16 slot : in_flight_.at(element.id)) free_.push_back(slot);
        in_flight_.erase(element.id);
        return element;
    }

    bool must_notify() override {
        const u16 before = std::exchange(notified_idx_, avail_idx_);
        if (!event_idx()) return (memory_.load<u16>(ring()) & 1) == 0;
        const u16 event = memory_.load<u16>(ring() + 4 + addresses_.size * 8u);
        return static_cast<u16>(avail_idx_ - event - 1) < static_cast<u16>(avail_idx_ - before);
    }

    void ask_for_interrupt(u16 after) override {
        memory_.store<u16>(avail(), !event_idx() && after == 0 ? 1 : 0);
        const u16 event = static_cast<u16>(used_idx_ + after - 1);
        if (event_idx()) memory_.store<u16>(avail() + 4 + addresses_.size * 2u, event);
    }

    u64 entry(u16 slot) const { return addresses_.descriptors.value + slot * 16u; }
    u64 avail() const { return addresses_.driver.value; }
    u64 ring() const { return addresses_.device.value; }
    // A descriptor with anything in it.
    void write(u16 slot, u64 address, u32 length, u16 flags, u16 next) {
        write_raw(entry(slot), address, length, flags, next);
    }
    void write_raw(u64 at, u64 address, u32 length, u16 flags, u16 next) {
        memory_.store(at, address);
        memory_.store(at + 8, length);
        memory_.store(at + 12, flags);
        memory_.store(at + 14, next);
    }
    void set_avail_idx(u16 idx) { memory_.store<u16>(avail() + 2, idx); }

private:
    u16 take() {
        EXPECT_FALSE(free_.empty());
        const u16 slot = free_.back();
        free_.pop_back();
        return slot;
    }
    void write_entry(u64 at, const Buffer& buffer, bool more, u16 next) {
        write_raw(at, buffer.address, buffer.length,
                  static_cast<u16>((more ? 1 : 0) | (buffer.device_writes ? 2 : 0)), next);
    }

    std::vector<u16> free_;
    std::map<u16, std::vector<u16>> in_flight_;
    u16 avail_idx_ = 0;
    u16 used_idx_ = 0;
    u16 notified_idx_ = 0;
};

class PackedDriverRing final : public DriverRing {
public:
    PackedDriverRing(TestMemory& memory, u16 size, u64 features) : DriverRing(memory, size, features) {
        addresses_ = {.size = size,
                      .descriptors = mem::Gpa{memory.allocate(size * 16u)},
                      .driver = mem::Gpa{memory.allocate(4, 4)},
                      .device = mem::Gpa{memory.allocate(4, 4)}};
    }

    using DriverRing::add;
    u16 add(std::span<const Buffer> buffers, bool indirect) override {
        const u16 id = next_id_++;
        const u16 head = avail_slot_;
        const bool head_wrap = avail_wrap_;
        u16 head_flags = 0;
        u16 slots = 0;
        const auto put = [&](u64 address, u32 length, u16 flags) {
            const u16 marked = static_cast<u16>(flags | (avail_wrap_ ? 1u << 7 : 1u << 15));
            write(avail_slot_, address, length, id, slots == 0 ? load_flags(head) : marked);
            if (slots == 0) head_flags = static_cast<u16>(flags | (head_wrap ? 1u << 7 : 1u << 15));
            ++slots;
            if (++avail_slot_ == addresses_.size) {
                avail_slot_ = 0;
                avail_wrap_ = !avail_wrap_;
            }
        };
        if (indirect) {
            const u64 table = memory_.allocate(buffers.size() * 16);
            for (std::size_t i = 0; i < buffers.size(); ++i)
                write_raw(table + i * 16, buffers[i].address, buffers[i].length, 0,
                          buffers[i].device_writes ? 2 : 0);
            put(table, static_cast<u32>(buffers.size() * 16), 4);
        } else {
            for (std::size_t i = 0; i < buffers.size(); ++i)
                put(buffers[i].address, buffers[i].length,
                    static_cast<u16>((i + 1 < buffers.size() ? 1 : 0) | (buffers[i].device_writes ? 2 : 0)));
        }
        slots_of_[id] = slots;
        added_ = static_cast<u16>(added_ + slots);
        memory_.store(entry(head) + 14, head_flags);  // last, as 2.8.21.1 wants it
        return id;
    }

    std::optional<UsedElement> used() override {
        const u16 flags = load_flags(used_slot_);
        if (((flags >> 7) & 1) != used_wrap_ || ((flags >> 15) & 1) != used_wrap_) return std::nullopt;
        const UsedElement element{memory_.load<u16>(entry(used_slot_) + 12),
                                  memory_.load<u32>(entry(used_slot_) + 8)};
        used_slot_ = static_cast<u16>(used_slot_ + slots_of_.at(element.id));
        if (used_slot_ >= addresses_.size) {
            used_slot_ = static_cast<u16>(used_slot_ - addresses_.size);
            used_wrap_ = !used_wrap_;
        }
        return element;
    }

    bool must_notify() override {
        const u16 moved = std::exchange(added_, u16{0});
        const u16 flags = memory_.load<u16>(addresses_.device.value + 2);
        if (flags != 2) return flags == 0;
        const u16 field = memory_.load<u16>(addresses_.device.value);
        int event = field & 0x7fff;
        if ((field >> 15) != avail_wrap_) event -= addresses_.size;
        const u16 now = avail_slot_;
        return static_cast<u16>(now - event - 1) < moved;
    }

    void ask_for_interrupt(u16 after) override {
        const u64 at = addresses_.driver.value;
        if (after <= 1 || !event_idx()) return memory_.store<u16>(at + 2, after == 0 ? 1 : 0);
        u16 slot = static_cast<u16>(used_slot_ + after - 1);
        bool wrap = used_wrap_;
        if (slot >= addresses_.size) {
            slot = static_cast<u16>(slot - addresses_.size);
            wrap = !wrap;
        }
        memory_.store<u16>(at, static_cast<u16>(slot | (wrap ? 1u << 15 : 0)));
        memory_.store<u16>(at + 2, 2);
    }

    u64 entry(u16 slot) const { return addresses_.descriptors.value + slot * 16u; }
    void write(u16 slot, u64 address, u32 length, u16 id, u16 flags) {
        write_raw(entry(slot), address, length, id, flags);
    }

private:
    u16 load_flags(u16 slot) const { return memory_.load<u16>(entry(slot) + 14); }
    void write_raw(u64 at, u64 address, u32 length, u16 id, u16 flags) {
        memory_.store(at, address);
        memory_.store(at + 8, length);
        memory_.store(at + 12, id);
        memory_.store(at + 14, flags);
    }

    u16 next_id_ = 100;
    std::map<u16, u16> slots_of_;
    u16 avail_slot_ = 0;
    bool avail_wrap_ = true;
    u16 used_slot_ = 0;
    bool used_wrap_ = true;
    u16 added_ = 0;
};

inline std::unique_ptr<DriverRing> make_driver_ring(TestMemory& memory, u16 size, u64 features) {
    if ((features & feature::kRingPacked) != 0)
        return std::make_unique<PackedDriverRing>(memory, size, features);
    return std::make_unique<SplitDriverRing>(memory, size, features);
}

}  // namespace trapeze::virtio

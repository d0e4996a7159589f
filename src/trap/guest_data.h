// Memory as an instruction of the guest reaches it: by virtual address, through stage 1, to RAM or to the
// bus.
#pragma once

#include <expected>
#include <optional>
#include <span>

#include "trapeze/mem/walker.h"
#include "trapeze/trap/cpu_port.h"
#include "trapeze/trap/dispatch.h"

namespace trapeze::trap {

class GuestData {
public:
    struct Request {
        u64 va = 0;
        unsigned bytes = 0;      // at most 64
        unsigned alignment = 1;  // that Device memory demands
        bool reads = false;
        bool writes = false;
        bool unprivileged = false;  // LDTR, STTR
    };
    // Where the bytes are: on one page, or the end of one and the beginning of another.
    struct Place {
        mem::Gpa first;
        unsigned on_first = 0;
        mem::Gpa second;  // where the rest is, if there is one

        mem::Gpa at(unsigned offset) const {
            return offset < on_first ? first + offset : second + (offset - on_first);
        }
    };
    // A Data Abort of stage 1, or of the alignment.
    struct Abort {
        u64 va = 0;
        u8 status = 0;  // DFSC
        bool is_write = false;
    };

    // Reads the registers that control translation. All referenced objects outlive this one.
    GuestData(CpuPort& cpu, const Handlers& handlers);

    // The instruction at PC; nullopt if that is no longer executable, or not in RAM.
    std::optional<u32> instruction() const;
    // No access is made.
    std::expected<Place, Abort> translate(const Request& request) const;
    // Whether data is big-endian at this Exception level.
    bool big_endian() const { return big_endian_; }
    bool touches_ram(const Place& place) const;

    // The bytes from `offset` on, in ascending order. Each access to the bus is of 1, 2, 4 or 8 bytes,
    // naturally aligned and as large as that allows.
    void read(const Place& place, unsigned offset, std::span<u8> to) const;
    void write(const Place& place, unsigned offset, std::span<const u8> from) const;

private:
    std::expected<mem::Gpa, Abort> translate_page(const Request& request, u64 va) const;
    mem::WalkResult walk(mem::AccessKind kind, bool unprivileged, u64 va) const;

    CpuPort& cpu_;
    const Handlers& handlers_;
    const arch::Pstate pstate_;
    const mem::MmuFeatures features_;
    const mem::El10Registers registers_;
    const mem::DescriptorReader read_descriptor_;
    const bool big_endian_;
};

}  // namespace trapeze::trap

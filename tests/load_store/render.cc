#include "render.h"

#include <fmt/format.h>

#include <string_view>

#include "trapeze/base/bits.h"

namespace load_store {
namespace {

using namespace trapeze;
using arch::Addressing;
using arch::LoadStore;
using arch::MemoryOp;
using arch::RegisterList;

std::string general(unsigned n, unsigned bits) {
    if (n == 31) return bits == 64 ? "xzr" : "wzr";
    return fmt::format("{}{}", bits == 64 ? 'x' : 'w', n);
}

std::string transfer_register(const LoadStore& d, unsigned n) {
    if (!d.vector) return general(n, d.register_bits);
    constexpr std::string_view kLetters = "bhsdq";
    unsigned log2 = 0;
    while (1u << log2 < d.size) ++log2;
    return fmt::format("{}{}", kLetters[log2], n);
}

std::string size_suffix(const LoadStore& d) {
    if (d.vector) return "";
    std::string text = d.sign_extend ? "s" : "";
    if (d.size == 1) return text + "b";
    if (d.size == 2) return text + "h";
    return d.sign_extend ? text + "w" : text;
}

std::string order_suffix(const LoadStore& d) {
    return std::string(d.acquire ? "a" : "") + (d.release ? "l" : "");
}

// "LDADD, ... alias STADD": the result is discarded and nothing is acquired.
bool is_store_alias(const LoadStore& d) {
    return d.op >= MemoryOp::Add && d.op <= MemoryOp::UnsignedMin && d.registers == 1 && d.rt == 31 &&
           !d.acquire;
}

std::string atomic_mnemonic(const LoadStore& d) {
    constexpr std::string_view kNames[] = {"cas",   "swp",    "ldadd",  "ldclr",  "ldeor",
                                           "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin"};
    const auto n = static_cast<unsigned>(d.op) - static_cast<unsigned>(MemoryOp::CompareAndSwap);
    if (is_store_alias(d))
        return fmt::format("st{}{}{}", kNames[n].substr(2), order_suffix(d), size_suffix(d));
    return fmt::format("{}{}{}{}", kNames[n], d.registers == 2 ? "p" : "", order_suffix(d), size_suffix(d));
}

std::string structure_mnemonic(const LoadStore& d) {
    const bool load = d.op == MemoryOp::Load;
    if (d.acquire || d.release) return load ? "ldap1" : "stl1";
    return fmt::format("{}{}{}", load ? "ld" : "st", d.shape.interleave, d.shape.replicate ? "r" : "");
}

std::string mnemonic(const LoadStore& d) {
    if (d.is_atomic()) return atomic_mnemonic(d);
    if (d.list == RegisterList::Structures) return structure_mnemonic(d);
    const std::string_view last = d.registers == 2 ? "p" : "r";
    switch (d.op) {
        case MemoryOp::Prefetch: return "prfm";
        case MemoryOp::StoreStatus: return "st64bv";
        case MemoryOp::StoreStatusData: return "st64bv0";
        case MemoryOp::LoadExclusive:
            return fmt::format("ld{}x{}{}", d.acquire ? "a" : "", last, size_suffix(d));
        case MemoryOp::StoreExclusive:
            return fmt::format("st{}x{}{}", d.release ? "l" : "", last, size_suffix(d));
        default: break;
    }
    const bool load = d.op == MemoryOp::Load;
    if (d.list == RegisterList::Sequence) return load ? "ld64b" : "st64b";
    const std::string_view start = load ? "ld" : "st";
    if (d.unprivileged) return fmt::format("{}tr{}", start, size_suffix(d));
    if (d.registers == 2 && (d.acquire || d.release)) return load ? "ldiapp" : "stilp";
    return fmt::format("{}{}{}{}", start, order_suffix(d), last, size_suffix(d));
}

std::string structure_registers(const LoadStore& d) {
    constexpr std::string_view kLetters = "bhsd";
    unsigned log2 = 0;
    while (1u << log2 < d.size) ++log2;
    const bool lane = d.shape.single && !d.shape.replicate;
    const std::string arrangement =
        lane ? std::string(1, kLetters[log2])
             : fmt::format("{}{}", d.shape.register_bytes / d.size, kLetters[log2]);
    std::string text = "{ ";
    for (unsigned n = 0; n < d.registers; ++n)
        text += fmt::format("{}v{}.{}", n == 0 ? "" : ", ", (d.rt + n) % 32, arrangement);
    text += " }";
    return lane ? text + fmt::format("[{}]", d.shape.first_lane) : text;
}

std::string registers(const LoadStore& d) {
    if (d.op == MemoryOp::Prefetch) return "";
    if (d.list == RegisterList::Structures) return structure_registers(d) + ", ";
    const std::string rs = general(d.rs, d.is_atomic() ? d.register_bits : 32);
    std::string text;
    if (d.list == RegisterList::Sequence && d.is_atomic()) {
        return fmt::format("{}, {}, {}, {}, ", rs, general(d.rs + 1u, d.register_bits),
                           general(d.rt, d.register_bits), general(d.rt + 1u, d.register_bits));
    }
    if (d.op == MemoryOp::StoreStatus || d.op == MemoryOp::StoreStatusData) text = general(d.rs, 64) + ", ";
    const bool has_rs = d.op == MemoryOp::StoreExclusive || (d.is_atomic() && d.registers == 1);
    if (has_rs) text = rs + ", ";
    if (is_store_alias(d)) return text;
    text += transfer_register(d, d.rt) + ", ";
    if (d.registers == 2) text += transfer_register(d, d.rt2) + ", ";
    return text;
}

std::string address(const LoadStore& d) {
    const std::string base = d.rn == 31 ? "sp" : fmt::format("x{}", d.rn);
    switch (d.addressing) {
        case Addressing::Offset:
            return d.offset == 0 ? fmt::format("[{}]", base) : fmt::format("[{}, #{}]", base, d.offset);
        case Addressing::PreIndex: return fmt::format("[{}, #{}]!", base, d.offset);
        case Addressing::PostIndex: return fmt::format("[{}], #{}", base, d.offset);
        case Addressing::PostIndexRegister: return fmt::format("[{}], {}", base, general(d.index.rm, 64));
        case Addressing::Literal: return fmt::format("#{}", d.offset);
        case Addressing::RegisterOffset: break;
    }
    constexpr std::string_view kExtend[] = {"", "", "uxtw", "lsl", "", "", "sxtw", "sxtx"};
    const bool wide = (d.index.option & 1) != 0;
    std::string text = fmt::format("[{}, {}", base, general(d.index.rm, wide ? 64 : 32));
    const bool plain = d.index.option == 3;
    if (!plain || d.index.shift != 0) text += fmt::format(", {}", kExtend[d.index.option]);
    if (d.index.shift != 0) text += fmt::format(" #{}", d.index.shift);
    return text + "]";
}

}  // namespace

std::string render(const LoadStore& d) {
    return mnemonic(d) + " " + registers(d) + address(d);
}

}  // namespace load_store

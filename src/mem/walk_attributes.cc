#include "walk_attributes.h"

#include <algorithm>

#include "trapeze/arch/translation.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;

// In the order of strength: of two, the lower wins.
enum class Cacheability : u8 { NonCacheable, WriteThrough, WriteBack };

// One of the two levels of cache, as a nibble of MAIR_ELx describes it.
struct CacheAttributes {
    Cacheability type = Cacheability::NonCacheable;
    u8 hints = 0;  // read and write allocation, 0bRW
    bool transient = false;

    constexpr bool operator==(const CacheAttributes&) const = default;
};

constexpr CacheAttributes kWriteBackRwa{.type = Cacheability::WriteBack, .hints = 0b11, .transient = false};
constexpr CacheAttributes kWriteThroughRa{
    .type = Cacheability::WriteThrough, .hints = 0b10, .transient = false};
constexpr CacheAttributes kNonCacheable{};

// The manual's MemoryAttributes, but for shareability.
struct Decoded {
    bool device = false;
    u8 device_type = 0;  // 0b00 nGnRnE, 0b01 nGnRE, 0b10 nGRE, 0b11 GRE: of two, the lower wins
    CacheAttributes outer;
    CacheAttributes inner;
    bool xs = true;
    bool tagged = false;  // subject to Allocation Tags
    bool no_tag_access = false;

    constexpr bool both(const CacheAttributes& attributes) const {
        return !device && outer == attributes && inner == attributes;
    }
    constexpr bool both(Cacheability type) const {
        return !device && outer.type == type && inner.type == type;
    }
};

CacheAttributes decode_nibble(unsigned nibble) {
    const u8 hints = nibble & 0b11;
    switch (nibble >> 2) {
        case 0b00:
            // Without hints there is no transient Write-Through: as the inner nibble, reserved.
            return hints == 0 ? kNonCacheable : CacheAttributes{Cacheability::WriteThrough, hints, true};
        case 0b01: return hints == 0 ? kNonCacheable : CacheAttributes{Cacheability::WriteBack, hints, true};
        case 0b10: return {Cacheability::WriteThrough, hints, false};
        default: return {Cacheability::WriteBack, hints, false};
    }
}

unsigned encode_nibble(const CacheAttributes& c) {
    if (c.type == Cacheability::NonCacheable) return 0b0100;
    const unsigned write_back = c.type == Cacheability::WriteBack ? 0b0100 : 0;
    return (c.transient ? 0u : 0b1000u) | write_back | c.hints;
}

// S1DecodeMemAttrs.
Decoded decode(u8 attr, bool mte2 = false) {
    Decoded d;
    if ((attr & 0xf0) == 0) {
        d.device = true;
        d.device_type = attr >> 2;
        d.xs = (attr & 1) == 0;
        return d;
    }
    switch (attr) {
        case kNormalNonCacheableXs0: d.xs = false; return d;
        case kNormalWriteThroughXs0:
            d.outer = d.inner = kWriteThroughRa;
            d.xs = false;
            return d;
        case kTagged:
            d.outer = d.inner = kWriteBackRwa;
            d.tagged = mte2;
            d.xs = false;
            return d;
        default: break;
    }
    d.outer = decode_nibble(attr >> 4);
    d.inner = decode_nibble(attr & 0b1111);
    d.xs = !d.both(Cacheability::WriteBack);
    return d;
}

// EncodePARAttrs.
u8 encode(const Decoded& d, const MmuFeatures& f) {
    if (d.tagged) return d.no_tag_access ? kTaggedNoTagAccess : kTagged;
    const bool xs0 = f.xs && !d.xs;
    if (d.device) return static_cast<u8>(d.device_type << 2 | (xs0 ? 1 : 0));
    if (xs0 && d.both(kWriteThroughRa)) return kNormalWriteThroughXs0;
    if (xs0 && d.both(Cacheability::NonCacheable)) return kNormalNonCacheableXs0;
    return static_cast<u8>(encode_nibble(d.outer) << 4 | encode_nibble(d.inner));
}

// S2DecodeCacheability.
Cacheability decode_stage2_cacheability(unsigned field) {
    constexpr Cacheability kTypes[] = {Cacheability::NonCacheable, Cacheability::NonCacheable,
                                       Cacheability::WriteThrough, Cacheability::WriteBack};
    return kTypes[field & 0b11];
}

// S2CombineS1AttrHints: the weaker type; stage 2 has no hints.
CacheAttributes combine(const CacheAttributes& stage1, Cacheability stage2) {
    const Cacheability type = std::min(stage1.type, stage2);
    if (type == Cacheability::NonCacheable) return kNonCacheable;
    return {type, stage1.hints, stage1.transient};
}

// S2DecodeMemAttrs and S2CombineS1MemAttrs.
Decoded combine_without_fwb(const Decoded& s1, const Stage2Attributes& s2, const MmuFeatures& f) {
    Decoded d = s1;
    d.tagged = false;
    if (s2.is_device()) {
        d.device = true;
        d.device_type = s1.device ? std::min(s1.device_type, s2.mem_attr) : s2.mem_attr;
    } else if (!s1.device) {
        const bool no_tag_access = f.mte_perm && s2.mem_attr == 0b0100;
        Cacheability outer = decode_stage2_cacheability(s2.mem_attr >> 2);
        Cacheability inner = decode_stage2_cacheability(s2.mem_attr);
        if (no_tag_access) outer = inner = Cacheability::WriteBack;
        // The inner field's 0b00 is reserved; here, as in KVM, Non-cacheable memory.
        const bool reserved = (s2.mem_attr & 0b11) == 0 && !no_tag_access;
        if (s2.non_cacheable || reserved) outer = inner = Cacheability::NonCacheable;
        d.outer = combine(s1.outer, outer);
        d.inner = combine(s1.inner, inner);
        d.tagged = s1.tagged && d.both(kWriteBackRwa);
        d.no_tag_access = no_tag_access && s1.tagged;
    }
    d.xs = s1.xs && !s2.fnxs && !d.both(Cacheability::WriteBack);
    return d;
}

// Forced Write-Back keeps what hints stage 1 has.
CacheAttributes force_write_back(const CacheAttributes& stage1) {
    if (stage1.type == Cacheability::NonCacheable) return kWriteBackRwa;
    return {Cacheability::WriteBack, stage1.hints, stage1.transient};
}

// AArch64.S2ApplyFWBMemAttrs: MemAttr[2] and [1:0] say what becomes of stage 1's type.
Decoded combine_with_fwb(const Decoded& s1, const Stage2Attributes& s2, const MmuFeatures& f) {
    Decoded d = s1;
    if (s2.is_device()) {
        const u8 type = s2.mem_attr & 0b11;
        d.device = true;
        d.device_type = s1.device ? std::min(s1.device_type, type) : type;
    } else if ((s2.mem_attr & 0b11) == 0b10) {
        d.device = false;
        d.outer = s1.device ? kWriteBackRwa : force_write_back(s1.outer);
        d.inner = s1.device ? kWriteBackRwa : force_write_back(s1.inner);
        d.xs = false;
    } else if ((s2.mem_attr & 0b11) != 0b11 && !s1.device) {
        // 0b01, and 0b00, which is reserved.
        d.outer = d.inner = kNonCacheable;
    }
    d.tagged = s1.tagged && d.both(kWriteBackRwa);
    d.no_tag_access = f.mte_perm && d.tagged && (s2.mem_attr & 0b1110) == 0b1110;
    d.xs = d.xs && !s2.fnxs;
    // Here HCR_EL2.CD and ID act on the combination, not on stage 2's part of it.
    if (s2.non_cacheable && !d.device) {
        d.outer = d.inner = kNonCacheable;
        d.tagged = false;
    }
    return d;
}

}  // namespace

MemoryAttributes stage1_attributes(const Stage1Parameters& p, u64 descriptor, bool fetch) {
    const unsigned low = 8 * static_cast<unsigned>(Descriptor::AttrIndx::get(descriptor));
    const u64 mair = p.aie && Descriptor::AttrIndx3::get(descriptor) != 0 ? p.mair2 : p.mair;
    MemoryAttributes result;
    result.attr = static_cast<u8>(extract(mair, low + 7, low));
    const bool forced_non_cacheable =
        fetch ? result.is_device() || !p.instruction_cacheable : !result.is_device() && !p.data_cacheable;
    if (forced_non_cacheable) {
        // The XS attribute stays, and that of Write-Back memory is 0.
        const bool xs0 = p.xs && !decode(result.attr).xs;
        result.attr = xs0 ? kNormalNonCacheableXs0 : kNormalNonCacheable;
    }
    const u64 sh = p.walk.ds ? p.sh : Descriptor::SH::get(descriptor);
    result.shareability = effective_shareability(result.attr, decode_shareability(sh));
    return result;
}

MemoryAttributes flat_attributes(const Stage1Parameters& p, bool fetch) {
    if (p.default_cacheable)
        return {.attr = p.default_tagged ? kTagged : kNormalWriteBack,
                .shareability = Shareability::NonShareable};
    MemoryAttributes result{.attr = kDeviceNGnRnE, .shareability = Shareability::OuterShareable};
    if (fetch) result.attr = p.instruction_cacheable ? kNormalWriteThroughRa : kNormalNonCacheable;
    return result;
}

MemoryAttributes combine_attributes(const MemoryAttributes& stage1, const Stage2Attributes& stage2,
                                    const MmuFeatures& features) {
    const Decoded s1 = decode(stage1.attr, features.mte2);
    Decoded d =
        stage2.fwb ? combine_with_fwb(s1, stage2, features) : combine_without_fwb(s1, stage2, features);
    // A fetch from what stage 2 calls Device is, like at stage 1, one from Non-cacheable memory.
    if (stage2.fetch && d.device) {
        d = {};
        d.xs = s1.xs && !stage2.fnxs;
    }
    const u8 attr = encode(d, features);
    // S2CombineS1Shareability: Outer before Inner before Non-shareable.
    Shareability sh = Shareability::NonShareable;
    for (const Shareability wins : {Shareability::InnerShareable, Shareability::OuterShareable})
        if (stage1.shareability == wins || stage2.shareability == wins) sh = wins;
    return {.attr = attr, .shareability = effective_shareability(attr, sh)};
}

}  // namespace trapeze::mem

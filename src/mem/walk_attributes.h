// Memory types, cacheability and shareability (DDI0487 "Memory region attributes", "Combining memory type
// attributes", "Stage 2 memory region type and Cacheability attributes when FEAT_S2FWB is implemented").
#pragma once

#include "walk_parameters.h"

namespace trapeze::mem {

inline constexpr u8 kDeviceNGnRnE = 0x00;
inline constexpr u8 kNormalNonCacheable = 0x44;
inline constexpr u8 kNormalNonCacheableXs0 = 0x40;
inline constexpr u8 kNormalWriteThroughXs0 = 0xa0;
inline constexpr u8 kNormalWriteThroughRa = 0xaa;
inline constexpr u8 kNormalWriteBack = 0xff;
inline constexpr u8 kTagged = 0xf0;
inline constexpr u8 kTaggedNoTagAccess = 0xe0;

// SH[1:0], whose 0b01 is reserved; here, as in KVM, Non-shareable.
constexpr Shareability decode_shareability(u64 sh) {
    return sh == 0b01 ? Shareability::NonShareable : static_cast<Shareability>(sh);
}

// EffectiveShareability: Device and Non-cacheable memory is always Outer Shareable.
constexpr Shareability effective_shareability(u8 attr, Shareability sh) {
    const bool device = (attr & 0xf0) == 0;
    return device || attr == kNormalNonCacheable || attr == kNormalNonCacheableXs0
               ? Shareability::OuterShareable
               : sh;
}

MemoryAttributes stage1_attributes(const Stage1Parameters& parameters, u64 descriptor, bool fetch);
// With stage 1 off.
MemoryAttributes flat_attributes(const Stage1Parameters& parameters, bool fetch);

// What a Block or Page descriptor of stage 2 and the controls say.
struct Stage2Attributes {
    u8 mem_attr = 0;  // MemAttr[3:0]
    Shareability shareability = Shareability::NonShareable;
    bool fnxs = false;
    bool fwb = false;
    // HCR_EL2.CD or ID makes Normal memory Non-cacheable for this access.
    bool non_cacheable = false;
    bool fetch = false;

    // S2DecodeMemAttrs and AArch64.S2ApplyFWBMemAttrs agree on what is Device by stage 2 itself.
    constexpr bool is_device() const { return fwb ? (mem_attr & 0b0100) == 0 : mem_attr < 0b0100; }
};

MemoryAttributes combine_attributes(const MemoryAttributes& stage1, const Stage2Attributes& stage2,
                                    const MmuFeatures& features);

}  // namespace trapeze::mem

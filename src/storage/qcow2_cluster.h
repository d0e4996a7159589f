// Compressed clusters: QEMU, docs/interop/qcow2, "Compressed Clusters Descriptor".
#pragma once

#include <span>

#include "qcow2_header.h"

namespace trapeze::storage {

// Fills `to`, a cluster. What follows the compressed data in `from` does not matter. False if there is less
// than a cluster, or what is no data of that compression; `to` may have been written to then.
bool decompress_cluster(Qcow2Compression compression, std::span<const u8> from, std::span<u8> to);

}  // namespace trapeze::storage

#include "pieces.h"

#include "frame.h"

namespace trapeze::net {
namespace {

constexpr std::size_t kMostPieces = 1024;  // UIO_MAXIOV of Linux

iovec piece(std::span<const u8> bytes) {
    return {const_cast<u8*>(bytes.data()), bytes.size()};
}

}  // namespace

std::span<const iovec> Pieces::gather(std::span<const u8> front, const bus::NetFrame& frame) {
    pieces_.clear();
    if (!front.empty()) pieces_.push_back(piece(front));
    if (frame.parts.size() < kMostPieces) {
        for (const std::span<const u8> part : frame.parts) pieces_.push_back(piece(part));
    } else {
        whole_.clear();
        append(frame, whole_);
        pieces_.push_back(piece(whole_));
    }
    return pieces_;
}

}  // namespace trapeze::net

// A gdb session between a test and a fake target.
#pragma once

#include <gmock/gmock.h>

#include "gdb/session.h"
#include "gdb_fake_target.h"

namespace trapeze::debug::gdb {

class GdbSession : public testing::Test {
protected:
    GdbSession() { session_.start(); }

    void raw(std::string_view bytes) {
        session_.receive({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    }
    // Sends a packet and returns all that comes back, without acknowledgements and framing; packets separated
    // by |.
    std::string send(std::string_view payload) {
        out_.clear();
        raw(frame(payload));
        return take();
    }
    std::string take() {
        std::string text;
        std::size_t at = 0;
        while ((at = out_.find('$', at)) != std::string::npos) {
            const std::size_t end = out_.find('#', at);
            if (!text.empty()) text += '|';
            text += out_.substr(at + 1, end - at - 1);
            at = end;
        }
        out_.clear();
        return text;
    }
    void resume_and_stop(std::string_view packet, const StopInfo& stop) {
        EXPECT_EQ(send(packet), "");
        target_.running = false;
        session_.stopped(stop);
    }

    FakeTarget target_;
    std::string out_;
    Session session_{target_, [this](std::string_view bytes) { out_ += bytes; }};
};

}  // namespace trapeze::debug::gdb

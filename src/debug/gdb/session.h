// One gdb at the other end: packets in, replies out. The protocol only; what it acts on is a Target.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "gdb/packet.h"
#include "gdb/target.h"

namespace trapeze::debug::gdb {

// Loop thread only.
class Session {
public:
    using Send = std::function<void(std::string_view)>;

    Session(Target& target, Send send);

    // A peer has come; the target is stopped. Forgets what the one before had set.
    void start();
    bool is_active() const { return active_; }
    void end() { active_ = false; }
    void receive(std::span<const u8> bytes);
    // The vCPU that the peer looks at.
    std::size_t current_cpu() const { return general_cpu_; }

    // Whether the peer wants `cpu`, which has made a step and is at `pc` now, to step on (vCont;r).
    bool steps_on(std::size_t cpu, u64 pc) const;
    // The target stopped: answers the peer's last resumption.
    void stopped(const StopInfo& stop);
    // The target is gone.
    void exited(unsigned status);
    void killed_by_signal(unsigned signal);
    // Text for the user; shown only while the peer waits for the target.
    void console(std::string_view text);

private:
    struct Command {
        std::string_view name;
        void (Session::*handle)(std::string_view arguments);
    };
    struct ThreadId {
        enum class Kind : u8 { All, Any, One };
        Kind kind = Kind::Any;
        std::size_t cpu = 0;
    };
    struct Range {
        std::size_t cpu;
        u64 start;
        u64 end;
    };

    void handle_packet(std::string_view packet);
    void reply(std::string_view payload);
    void reply_error(unsigned number);
    void ok() { reply("OK"); }
    bool refuse_while_running();
    std::optional<ThreadId> parse_thread(std::string_view text) const;
    std::string thread_id(std::size_t cpu) const;
    std::string stop_reply() const;
    void send_range(std::string_view document, std::string_view offset_and_length);

    // session.cc: control
    static const Command* find_query(std::string_view packet);
    void interrupt();
    void stop_reason(std::string_view);
    void set_thread(std::string_view);
    void thread_alive(std::string_view);
    void continue_at(std::string_view);
    void continue_with_signal(std::string_view);
    void step_at(std::string_view);
    void step_with_signal(std::string_view);
    void legacy_resume(std::string_view address, ResumeAction action);
    void v_packet(std::string_view);
    void v_cont(std::string_view);
    void run(std::span<const ResumeAction> actions);
    void detach(std::string_view);
    void kill(std::string_view);

    // session_memory.cc: registers, memory, breakpoints
    void read_registers(std::string_view);
    void write_registers(std::string_view);
    void read_register(std::string_view);
    void write_register(std::string_view);
    void read_memory(std::string_view);
    void read_memory_binary(std::string_view);
    void write_memory(std::string_view);
    void write_memory_binary(std::string_view);
    void insert_point(std::string_view);
    void remove_point(std::string_view);
    std::optional<std::vector<u8>> fetch(std::string_view address_and_length);
    void store(u64 address, std::span<const u8> bytes);

    // session_query.cc: q and Q packets
    void query(std::string_view packet);
    void query_supported(std::string_view);
    void query_transfer(std::string_view);
    void query_threads_first(std::string_view);
    void query_threads_next(std::string_view);
    void query_thread_info(std::string_view);
    void query_current(std::string_view);
    void query_attached(std::string_view);
    void query_command(std::string_view);
    void no_ack_mode(std::string_view);
    void query_qemu_supported(std::string_view);
    void query_step_bits(std::string_view);
    void query_step(std::string_view);
    void set_step(std::string_view);
    void query_physical(std::string_view);
    void set_physical(std::string_view);
    std::string threads_xml();

    Target& target_;
    const Send send_;
    PacketReader reader_;
    std::string last_packet_;  // as sent, for "-"

    bool active_ = false;
    bool no_ack_ = false;
    bool multiprocess_ = false;
    bool waiting_ = false;  // a resumption has not been answered
    bool physical_ = false;
    unsigned step_flags_ = kStepEnable | kStepNoIrq | kStepNoTimer;
    std::size_t general_cpu_ = 0;                       // Hg
    ThreadId continue_thread_ = {ThreadId::Kind::All};  // Hc
    StopInfo last_stop_;
    std::optional<Range> range_;  // vCont;r
};

}  // namespace trapeze::debug::gdb

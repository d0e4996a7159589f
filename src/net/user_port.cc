#include "user_port.h"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "frame.h"
#include "ports.h"
#include "trapeze/base/mutex.h"
#include "user_callbacks.h"

namespace trapeze::net {
namespace {

constexpr u64 kNsPerMs = 1'000'000;

// Held while libslirp runs: it keeps the time and the name servers in variables that all its networks share.
Mutex library;

in_addr to_in_addr(Ipv4 address) {
    return {htonl(address.value)};
}

// What libslirp is to do; the strings are those of `config`.
SlirpConfig slirp_config(const UserConfig& config, std::vector<const char*>& search_domains) {
    const auto text = [](const std::string& value) { return value.empty() ? nullptr : value.c_str(); };
    SlirpConfig out{};
    out.version = 4;  // the newest fields that are used here
    out.restricted = config.restricted ? 1 : 0;
    out.in_enabled = config.ipv4;
    out.vnetwork = to_in_addr(config.network);
    out.vnetmask = to_in_addr(config.mask);
    out.vhost = to_in_addr(*config.host);
    out.vdhcp_start = to_in_addr(*config.dhcp_start);
    out.vnameserver = to_in_addr(*config.dns);
    // As QEMU has it: site-local addresses, deprecated as they are (RFC 3879).
    out.in6_enabled = config.ipv6;
    inet_pton(AF_INET6, "fec0::", &out.vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &out.vhost6);
    inet_pton(AF_INET6, "fec0::3", &out.vnameserver6);
    out.vprefix_len = 64;
    out.vhostname = text(config.hostname);
    out.vdomainname = text(config.domain);
    out.tftp_path = text(config.tftp_directory);
    out.tftp_server_name = text(config.tftp_server_name);
    out.bootfile = text(config.boot_file);
    if (!config.search_domains.empty()) {
        for (const std::string& domain : config.search_domains) search_domains.push_back(domain.c_str());
        search_domains.push_back(nullptr);
        out.vdnssearch = search_domains.data();
    }
    return out;
}

}  // namespace

UserPort::UserPort(EventLoop& loop, const UserConfig& config, PollSet polls)
    : loop_(loop), config_(config), polls_(std::move(polls)) {}

Result<std::unique_ptr<UserPort>> UserPort::create(EventLoop& loop, const UserConfig& config) {
    PollSet polls = TRY(PollSet::create());
    std::unique_ptr<UserPort> self(new UserPort(loop, config, std::move(polls)));
    TRY(self->start());
    return self;
}

UserPort::~UserPort() {
    receiver_ = nullptr;
    watch_polls(false);
    loop_.cancel(timer_);
    LockGuard lock(library);
    if (slirp_ != nullptr) slirp_cleanup(slirp_);
}

Result<> UserPort::start() {
    limit_library_messages();
    std::vector<const char*> search_domains;
    const SlirpConfig config = slirp_config(config_, search_domains);
    {
        LockGuard lock(library);
        slirp_ = slirp_new(&config, &kCallbacks, this);
    }
    if (slirp_ == nullptr) return fail("libslirp does not want this configuration");
    for (const HostForward& rule : config_.host_forwards) TRY(forward(rule));
    for (const GuestForward& rule : config_.guest_forwards) TRY(forward(rule));
    watch_polls(true);
    settle();
    return {};
}

// Test suites look for these words.
Result<> UserPort::forward(const HostForward& rule) {
    LockGuard lock(library);
    if (slirp_add_hostfwd(slirp_, rule.udp ? 1 : 0, to_in_addr(rule.host), rule.host_port,
                          to_in_addr(rule.guest), rule.guest_port) != 0) {
        return fail_errno(errno, "Could not set up host forwarding rule '{}'", rule.text);
    }
    return {};
}

Result<> UserPort::forward(const GuestForward& rule) {
    in_addr server = to_in_addr(rule.server);
    if (rule.command.empty()) relays_.push_back(TRY(GuestRelay::create(loop_, rule.target)));
    LockGuard lock(library);
    const int added = rule.command.empty()
                          ? slirp_add_unix(slirp_, relays_.back()->path().c_str(), &server, rule.port)
                          : slirp_add_exec(slirp_, rule.command.c_str(), &server, rule.port);
    if (added != 0) return fail("Could not set up guest forwarding rule '{}'", rule.text);
    return {};
}

Result<> UserPort::add_host_forward(const std::string& rule) {
    const HostForward parsed = TRY(with_context(parse_host_forward(rule), "invalid host forwarding rule"));
    TRY(forward(parsed));
    settle();
    return {};
}

Result<> UserPort::remove_host_forward(const std::string& rule) {
    const HostForward parsed = TRY(with_context(parse_host_end(rule), "invalid host forwarding rule"));
    int removed = 0;
    {
        LockGuard lock(library);
        removed = slirp_remove_hostfwd(slirp_, parsed.udp ? 1 : 0, to_in_addr(parsed.host), parsed.host_port);
    }
    if (removed != 0) return fail("host forwarding rule for {} not found", rule);
    settle();
    return {};
}

// --- Frames ------------------------------------------------------------------------------------------------

// libslirp looks at TCP checksums, and takes segments of any size: one of 64 KiB costs it little more than
// one of 1460 bytes. Congestion marks it ignores.
u32 UserPort::send_offloads() const {
    using namespace bus::net_offload;
    return kChecksum | kTso4 | kTso6;
}

// It looks at the bytes more than once.
bool UserPort::send(const bus::NetFrame& frame) {
    outgoing_.clear();
    append(frame, outgoing_);
    if (!complete_checksum(frame.offload, outgoing_)) return true;
    socket_is_new_ = false;
    {
        LockGuard lock(library);
        slirp_input(slirp_, outgoing_.data(), static_cast<int>(outgoing_.size()));
    }
    if (socket_is_new_) {
        for (const auto& relay : relays_) relay->accept();
    }
    return true;
}

void UserPort::deliver(std::span<const u8> frame) {
    if (receiver_ == nullptr) return;
    // It has just been made: nothing can have happened to it.
    constexpr bus::NetOffload kOffload{.flags = bus::NetOffload::kDataValid};
    if (waiting_.empty() && receiver_->receive(kOffload, frame)) return;
    if (waiting_.empty()) watch_polls(false);  // no more until the guest has taken what there is
    (void)waiting_.push(kOffload, frame);      // what has no room is lost, and sent again if it is TCP
}

void UserPort::receiver_ready() {
    if (waiting_.empty()) return;
    const auto take = [&](const bus::NetOffload& offload, std::span<const u8> frame) {
        return receiver_->receive(offload, frame);
    };
    while (!waiting_.empty() && waiting_.pop_if(take)) {
    }
    receiver_->receive_end();
    if (waiting_.empty()) watch_polls(true);
}

// --- The loop ----------------------------------------------------------------------------------------------

void UserPort::watch_polls(bool on) {
    if (on == watching_) return;
    if (on) {
        watching_ = loop_.watch(polls_.fd(), EPOLLIN, [this](u32) { turn(); }).has_value();
    } else {
        loop_.unwatch(polls_.fd());
        watching_ = false;
    }
}

void UserPort::turn() {
    if (waiting_.empty()) polls_.wait();
    const auto events = [](int place, void* opaque) {
        return from_epoll(static_cast<UserPort*>(opaque)->polls_.take_events(place));
    };
    {
        LockGuard lock(library);
        slirp_pollfds_poll(slirp_, 0, events, this);
    }
    settle();
}

void UserPort::expired(const SlirpTimer& timer) {
    {
        LockGuard lock(library);
        slirp_handle_timer(slirp_, timer.id, timer.argument);
    }
    settle();
}

void UserPort::settle() {
    if (receiver_ != nullptr) receiver_->receive_end();
    const auto add = [](int fd, int events, void* opaque) {
        return static_cast<UserPort*>(opaque)->polls_.add(fd, to_epoll(events));
    };
    u32 milliseconds = ~u32{0};
    polls_.begin();
    {
        LockGuard lock(library);
        slirp_pollfds_fill(slirp_, &milliseconds, add, this);
    }
    polls_.commit();
    if (milliseconds != ~u32{0}) call_again_in(milliseconds);
}

// A call that comes too early does no harm, so one that is on its way is rarely changed.
void UserPort::call_again_in(u32 milliseconds) {
    const u64 deadline = loop_.now_ns() + milliseconds * kNsPerMs;
    if (timer_ != TimerId::None && deadline_ns_ <= deadline) return;
    loop_.cancel(timer_);
    deadline_ns_ = deadline;
    timer_ = loop_.call_at(deadline, [this] {
        timer_ = TimerId::None;
        turn();
    });
}

// --- What monitors show ------------------------------------------------------------------------------------

std::string UserPort::describe() const {
    return fmt::format("type=user,net={},restrict={}", config_.network.text(),
                       config_.restricted ? "on" : "off");
}

std::string UserPort::details() const {
    LockGuard lock(library);
    return connection_table(slirp_);
}

Result<std::unique_ptr<bus::NetPort>> open_user(const UserConfig& config, EventLoop& loop) {
    return UserPort::create(loop, config);
}

}  // namespace trapeze::net

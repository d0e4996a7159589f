#include "trapeze/vcpu/vcpu.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <system_error>

#include "trapeze/base/check.h"
#include "trapeze/base/monotonic_clock.h"

namespace trapeze::vcpu {

Vcpu::Vcpu(const Config& config, std::unique_ptr<accel::Vcpu> accel, const trap::Handlers& handlers,
           bus::IrqSink& irqs, VcpuHost& host)
    : config_(config), accel_(std::move(accel)), handlers_(handlers), irqs_(irqs), host_(host) {}

Vcpu::~Vcpu() {
    quit();
}

Result<> Vcpu::start() {
    CHECK(!thread_.joinable());
    try {
        thread_ = std::thread([this] { thread_main(); });
    } catch (const std::system_error& e) {
        return fail_errno(e.code().value(), "could not start the thread of vCPU {}", config_.index);
    }
    return {};
}

void Vcpu::quit() {
    if (!thread_.joinable()) return;
    {
        LockGuard lock(mutex_);
        quit_requested_ = true;
        attention_.store(true);
        wake_.notify_all();
    }
    accel_->kick();
    thread_.join();
}

void Vcpu::pause() {
    {
        LockGuard lock(mutex_);
        pause_requested_ = true;
        attention_.store(true);
        wake_.notify_all();
    }
    accel_->kick();
}

void Vcpu::wait_paused() NO_THREAD_SAFETY_ANALYSIS {  // condition_variable_any unlocks behind the analysis
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this]() NO_THREAD_SAFETY_ANALYSIS { return paused_ || quit_requested_; });
}

void Vcpu::resume() {
    LockGuard lock(mutex_);
    pause_requested_ = false;
    debug_stopped_ = false;
    wake_.notify_all();
}

PowerOnResult Vcpu::power_on(u64 entry, u64 context) {
    LockGuard lock(mutex_);
    if (power_ == PowerState::On) return PowerOnResult::AlreadyOn;
    if (power_ == PowerState::OnPending) return PowerOnResult::OnPending;
    power_ = PowerState::OnPending;
    entry_ = entry;
    context_ = context;
    attention_.store(true);
    wake_.notify_all();
    return PowerOnResult::Success;
}

PowerState Vcpu::power_state() const {
    LockGuard lock(mutex_);
    return off_in_accel_ ? PowerState::Off : power_;
}

void Vcpu::power_off_paused() {
    LockGuard lock(mutex_);
    CHECK(paused_);
    power_ = PowerState::Off;
    halted_ = false;
    debug_stopped_ = false;
}

void Vcpu::post_event() {
    {
        LockGuard lock(mutex_);
        event_posted_ = true;
        attention_.store(true);
        wake_.notify_all();
    }
    // Its own thread looks at attention_ before it enters the guest. Another may be here while quit() joins
    // that one, which changes thread_.
    if (thread_id_.load() != gettid()) accel_->kick();
}

void Vcpu::set_interrupt_lines(bool irq, bool fiq) {
    line_asserted_.store(irq || fiq);
    accel_->set_interrupt_lines(irq, fiq);
    // block() announces parked_ before it looks at line_asserted_, so one of the two sees the other.
    if ((irq || fiq) && parked_.load()) {
        LockGuard lock(mutex_);
        wake_.notify_all();
    }
}

void Vcpu::thread_main() {
    char name[16];
    std::snprintf(name, sizeof(name), "vcpu%u", config_.index);
    pthread_setname_np(pthread_self(), name);
    thread_id_.store(gettid());
    // Sleeping in WFI until a timer expires must not be rounded up by the default 50 us of slack.
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);

    if (observer_ != nullptr) observer_->thread_started();

    while (!attention_.load() || wait_until_runnable()) {
        if ((hooks_.load(std::memory_order_relaxed) & kObserve) != 0) [[unlikely]] {
            run_observed();
            continue;
        }
        const accel::Exit exit = accel_->run();
        const accel::DeviceIrqLevels levels = accel_->device_irq_levels();
        if (levels != published_) publish_device_irqs(levels);
        handle(exit);
    }
}

// Serves pause, power and quit requests. True: run guest code. False: end the thread.
bool Vcpu::wait_until_runnable() NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (quit_requested_) return false;
        if (pause_requested_) {
            if (!paused_) {
                // Registers must be complete before anybody looks at them.
                if (accel_->exit_pending()) accel_->flush_pending();
                off_in_accel_ = config_.accel_manages_power && accel_->is_off();
                paused_ = true;
                wake_.notify_all();
            }
        } else {
            paused_ = false;
            if (power_ == PowerState::OnPending && !halted_) {
                const u64 entry = entry_;
                const u64 context = context_;
                lock.unlock();
                apply_power_on(entry, context);
                lock.lock();
                // A failed reset has set halted_; otherwise the PE is on from here.
                if (!halted_) power_ = PowerState::On;
                continue;
            }
            if (power_ == PowerState::On && !halted_ && !debug_stopped_ && !held_) {
                // A debugger's step that leaves out interrupts leaves out events, too.
                if (event_posted_ && !debug_.guest.mask_interrupts) {
                    event_posted_ = false;
                    lock.unlock();
                    take_event();
                    lock.lock();
                    continue;
                }
                attention_.store(false);
                return true;
            }
        }
        wake_.wait(lock);
    }
}

// PE reset, then the state of PSCI "CPU_ON": PC at the entry point, X0 the context id, everything else as
// after reset.
void Vcpu::apply_power_on(u64 entry, u64 context) {
    if (const Result<> reset = accel_->reset(); !reset) {
        give_up(reset.error().message());
        return;
    }
    if (monitor_) clear_monitor();
    host_.reset_pe_state(config_.index);
    publish_device_irqs({});
    accel_->set(accel::CoreReg::Pc, entry);
    accel_->set(accel::CoreReg::X0, context);
}

void Vcpu::take_event() {
    if (accel_->exit_pending()) accel_->flush_pending();
    begin_exit(accel_->get(accel::CoreReg::Pc), 4, false);
    if (const std::optional<trap::Redirect> to = host_.take_event(*this)) complete(*to);
}

void Vcpu::publish_device_irqs(const accel::DeviceIrqLevels& levels) {
    const PrivateInterrupts& ids = config_.private_interrupts;
    if (levels.virtual_timer != published_.virtual_timer) {
        irqs_.set_private_level(config_.index, ids.virtual_timer, levels.virtual_timer);
    }
    if (levels.physical_timer != published_.physical_timer) {
        irqs_.set_private_level(config_.index, ids.physical_timer, levels.physical_timer);
    }
    if (levels.pmu != published_.pmu) irqs_.set_private_level(config_.index, ids.pmu, levels.pmu);
    published_ = levels;
}

// Nanoseconds until the first of: an armed timer that has not been reported yet, the WFIT deadline.
std::optional<u64> Vcpu::ns_until_timer(std::optional<u64> deadline_cntvct) {
    std::optional<u64> ticks;
    const auto consider = [&ticks](u64 cval, u64 count) {
        const u64 left = cval > count ? cval - count : 0;
        if (!ticks || left < *ticks) ticks = left;
    };
    // A timer whose line is already up cannot wake us again: if the guest wanted that interrupt, the
    // controller would be signalling it.
    if (!published_.virtual_timer) {
        if (const auto timer = accel_->virtual_timer()) consider(timer->cval, timer->count);
    }
    if (!published_.physical_timer) {
        if (const auto timer = accel_->physical_timer()) consider(timer->cval, timer->count);
    }
    if (deadline_cntvct) consider(*deadline_cntvct, accel_->virtual_count());

    if (!ticks) return std::nullopt;
    if (*ticks == 0) return 0;
    using Wide = unsigned __int128;
    const Wide ns = Wide{*ticks} * 1'000'000'000u / accel_->counter_frequency() + 1;
    constexpr u64 kOneDay = 86'400ull * 1'000'000'000u;  // waking early is harmless
    return ns < kOneDay ? static_cast<u64>(ns) : kOneDay;
}

// WFI: sleeps until an interrupt line is up, a timer is due, or somebody needs attention. Waking for no
// reason is allowed, so the loop that called us simply enters the guest again.
void Vcpu::block(std::optional<u64> deadline_cntvct) NO_THREAD_SAFETY_ANALYSIS {
    if (line_asserted_.load() || attention_.load() || debug_.guest.single_step) return;
    const std::optional<u64> ns = ns_until_timer(deadline_cntvct);
    if (ns == 0) return;

    if (observing_) observed_.blocked_from_ns = monotonic_ns();
    std::unique_lock lock(mutex_);
    parked_.store(true);
    const auto awake = [this] { return line_asserted_.load() || attention_.load(); };
    if (ns) {
        wake_.wait_for(lock, std::chrono::nanoseconds(*ns), awake);
    } else {
        wake_.wait(lock, awake);
    }
    parked_.store(false);
    if (observing_) observed_.blocked_until_ns = monotonic_ns();
}

void Vcpu::stop(trap::StopReason reason) {
    if (reason == trap::StopReason::CpuOff) {
        // From here on the interrupt controller must not choose this PE for a 1-of-N interrupt.
        host_.reset_pe_state(config_.index);
        LockGuard lock(mutex_);
        power_ = PowerState::Off;
        attention_.store(true);
        return;
    }
    sleep_until_control();
    host_.machine_stop_requested(config_.index, reason);
}

void Vcpu::give_up(const std::string& reason) {
    sleep_until_control();
    host_.vcpu_failed(config_.index, reason);
}

void Vcpu::sleep_until_control() {
    LockGuard lock(mutex_);
    halted_ = true;
    attention_.store(true);
}

}  // namespace trapeze::vcpu

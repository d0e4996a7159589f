// Mutex with clang's thread-safety annotations, so that "guarded by" in a declaration is checked.
#pragma once

#include <mutex>

#if defined(__clang__)
#define TRAPEZE_TSA(x) __attribute__((x))
#else
#define TRAPEZE_TSA(x)
#endif

#define GUARDED_BY(mutex)         TRAPEZE_TSA(guarded_by(mutex))
#define REQUIRES(...)             TRAPEZE_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...)             TRAPEZE_TSA(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS TRAPEZE_TSA(no_thread_safety_analysis)

namespace trapeze {

class TRAPEZE_TSA(capability("mutex")) Mutex {
public:
    void lock() TRAPEZE_TSA(acquire_capability()) { mutex_.lock(); }
    void unlock() TRAPEZE_TSA(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

class TRAPEZE_TSA(scoped_lockable) LockGuard {
public:
    explicit LockGuard(Mutex& mutex) TRAPEZE_TSA(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
    ~LockGuard() TRAPEZE_TSA(release_capability()) { mutex_.unlock(); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

private:
    Mutex& mutex_;
};

}  // namespace trapeze

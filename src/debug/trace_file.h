// The way of records from the rings to a file, on a thread of its own.
#pragma once

#include <condition_variable>
#include <thread>
#include <vector>

#include "trace_format.h"
#include "trace_ring.h"
#include "trapeze/base/fd.h"
#include "trapeze/base/mutex.h"
#include "trapeze/base/result.h"

namespace trapeze::debug {

// One ring and how far it has been written out.
struct TraceTrack {
    explicit TraceTrack(std::size_t capacity) : ring(capacity) {}

    bool full() const { return ring.head() - written.load(std::memory_order_acquire) >= ring.capacity(); }

    TraceRing ring;
    std::atomic<u64> written{0};  // records before this number need not stay; the file's thread
    std::atomic<u64> dropped{0};  // the producer
    bool stalled = false;         // the producer's: it has waited in vain, and the ring is still full
};
using TraceTracks = std::vector<std::unique_ptr<TraceTrack>>;

class TraceFile {
public:
    // `tracks` outlives the file.
    TraceFile(Fd fd, std::string path, std::unique_ptr<TraceFormat> format, const TraceTracks& tracks);
    ~TraceFile();

    // Starts streaming. Once.
    Result<> start();
    // Producers: there is much to write.
    void wake();
    // Producers: waits until the ring is not full; false if that takes too long.
    bool wait_for_room(const TraceTrack& track);

    // Writes what is left, and the end. Producers have stopped.
    Result<> finish();

private:
    void thread_main();
    bool write_batch();
    void write_out();
    void stop_thread();

    const Fd fd_;
    const std::string path_;
    const std::unique_ptr<TraceFormat> format_;
    const TraceTracks& tracks_;

    // The file's thread; after it has ended, whoever calls finish().
    std::string out_;
    u64 records_ = 0;
    std::optional<Error> error_;  // of the first write that failed; nothing is written after it

    Mutex mutex_;  // leaf
    std::condition_variable_any wake_;
    std::condition_variable_any room_;
    bool woken_ GUARDED_BY(mutex_) = false;
    std::atomic<bool> stopping_{false};

    std::thread thread_;
};

}  // namespace trapeze::debug

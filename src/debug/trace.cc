#include "trapeze/debug/trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "trace_file.h"
#include "trapeze/base/check.h"
#include "trapeze/base/monotonic_clock.h"

namespace trapeze::debug {
namespace {

// The ring of a vCPU thread: which tracer it belongs to, and the index.
struct ThreadTrack {
    const Tracer* tracer = nullptr;
    TraceTrack* track = nullptr;
};
thread_local ThreadTrack thread_track;

std::atomic<const Tracer*> crash_tracer{nullptr};
constexpr std::size_t kCrashRecords = 32;
constexpr std::size_t kLineBytes = 512;

std::size_t ring_capacity(u64 bytes) {
    constexpr u64 kSlotBytes = (kRecordWords + 1) * sizeof(u64);
    return static_cast<std::size_t>(std::bit_ceil(std::max<u64>(bytes / kSlotBytes, 16)));
}

void write_stderr(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
        if (n <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

struct Tracer::Parts {
    Parts(const TraceOptions& options, const ExitNames& names)
        : context{names, options.machine, monotonic_ns(), options.vcpus},
          capacity(ring_capacity(options.buffer_bytes)) {
        for (unsigned n = 0; n <= options.vcpus; ++n)
            tracks.push_back(std::make_unique<TraceTrack>(capacity));
    }

    // The producer of `track` adds a record.
    void push(TraceTrack& track, const RecordWords& words) {
        if (streaming && track.full()) {
            if (track.stalled || !file->wait_for_room(track)) {
                track.stalled = true;
                track.dropped.fetch_add(1, std::memory_order_relaxed);
                return;
            }
        }
        track.stalled = false;
        track.ring.push(words);
        if (streaming && track.ring.head() % (capacity / 4) == 0) file->wake();
    }

    const TraceContext context;
    const std::size_t capacity;
    TraceTracks tracks;               // const after build: one per vCPU, and the last for all other threads
    std::unique_ptr<TraceFile> file;  // const after build
    bool streaming = false;           // const after build
    Mutex others_mutex;               // the producers of the last track
};

Tracer::Tracer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Tracer::~Tracer() {
    const Tracer* self = this;
    if (crash_tracer.compare_exchange_strong(self, nullptr)) set_crash_report(nullptr);
}

Result<std::unique_ptr<Tracer>> Tracer::create(const TraceOptions& options, const ExitNames& names) {
    auto parts = std::make_unique<Parts>(options, names);
    if (!options.file.empty()) {
        Fd fd(open(options.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666));
        if (!fd.valid()) return fail_errno(errno, "could not open the trace file '{}'", options.file);
        auto format = options.file.ends_with(".json") ? make_json_format(parts->context)
                                                      : make_text_format(parts->context);
        parts->file =
            std::make_unique<TraceFile>(std::move(fd), options.file, std::move(format), parts->tracks);
        parts->streaming = options.stream;
        if (options.stream) TRY(parts->file->start());
    }
    return std::unique_ptr<Tracer>(new Tracer(std::move(parts)));
}

void Tracer::bind_thread(unsigned vcpu) {
    CHECK(vcpu < parts_->context.vcpus);
    thread_track = {this, parts_->tracks[vcpu].get()};
}

void Tracer::exit(unsigned vcpu, ExitKey key, const vcpu::ObservedExit& exit) {
    if (!exit_class_event(key.exit_class).recorded()) return;
    parts_->push(*parts_->tracks[vcpu], to_words(make_exit_record(exit, key)));
}

void Tracer::record(const TraceEvent& event, std::string_view text) {
    const RecordWords words = to_words(make_instant_record(event, text, monotonic_ns()));
    if (thread_track.tracer == this) return parts_->push(*thread_track.track, words);
    const LockGuard lock(parts_->others_mutex);
    parts_->push(*parts_->tracks.back(), words);
}

Result<> Tracer::finish() {
    parts_->streaming = false;
    if (const auto file = std::move(parts_->file)) return file->finish();
    return {};
}

std::string Tracer::dump(std::size_t limit, std::optional<unsigned> vcpu) const {
    struct Entry {
        u64 time;
        std::string line;
    };
    std::vector<Entry> entries;
    for (unsigned t = 0; t < parts_->tracks.size(); ++t) {
        if (vcpu && *vcpu != t) continue;
        const TraceRing& ring = parts_->tracks[t]->ring;
        const u64 end = ring.head();
        for (u64 n = std::max(ring.oldest(), end - std::min<u64>(end, limit)); n < end; ++n) {
            RecordWords words;
            if (!ring.read(n, words)) continue;
            char buffer[kLineBytes];
            entries.push_back({end_time(words), std::string(format_line(parts_->context, t, words, buffer))});
        }
    }
    std::ranges::stable_sort(entries, {}, &Entry::time);
    std::string text;
    for (const Entry& entry : entries) text += entry.line + "\n";
    return text;
}

void Tracer::report_crashes() {
    crash_tracer.store(this);
    set_crash_report(crash_report);
}

// In a process that is about to abort, perhaps with locks held and the heap in pieces.
void Tracer::crash_report() {
    const Tracer* const tracer = crash_tracer.load();
    if (tracer == nullptr) return;
    const Parts& parts = *tracer->parts_;
    write_stderr("trapeze: the last trace records of each track:\n");
    for (unsigned t = 0; t < parts.tracks.size(); ++t) {
        const TraceRing& ring = parts.tracks[t]->ring;
        const u64 end = ring.head();
        for (u64 n = std::max(ring.oldest(), end - std::min<u64>(end, kCrashRecords)); n < end; ++n) {
            RecordWords words;
            if (!ring.read(n, words)) continue;
            char buffer[kLineBytes];
            write_stderr(format_line(parts.context, t, words, buffer));
            write_stderr("\n");
        }
    }
}

u64 Tracer::dropped() const {
    u64 sum = 0;
    for (const auto& track : parts_->tracks) sum += track->dropped.load(std::memory_order_relaxed);
    return sum;
}

}  // namespace trapeze::debug

// -smp.
#include "draft.h"

namespace trapeze::cli {
namespace {

constexpr u64 kMaxNumber = 0xffff'ffff;

u64 saturating_product(std::initializer_list<u64> factors) {
    u64 product = 1;
    for (const u64 factor : factors) {
        if (__builtin_mul_overflow(product, factor, &product)) return ~u64{0};
    }
    return product;
}

template <u64 SmpRequest::*Member>
Result<void> set_count(SmpRequest& smp, const KeyArgument& argument) {
    smp.*Member = TRY(parse_number(argument.value, 1, kMaxNumber));
    return {};
}

// Levels of other machines' topologies; one of each is what every machine has.
Result<void> only_one(SmpRequest&, const KeyArgument& argument) {
    if (TRY(parse_number(argument.value, 1, kMaxNumber)) != 1) {
        return fail("machine 'virt' has no {}", argument.key);
    }
    return {};
}

constexpr KeyRow<SmpRequest> kSmpKeys[] = {
    {"cpus", "n", set_count<&SmpRequest::cpus>, "vCPUs"},
    {"maxcpus", "n", set_count<&SmpRequest::max_cpus>, "possible vCPUs"},
    {"sockets", "n", set_count<&SmpRequest::sockets>, "sockets"},
    {"clusters", "n", set_count<&SmpRequest::clusters>, "clusters per socket"},
    {"cores", "n", set_count<&SmpRequest::cores>, "cores per cluster"},
    {"threads", "n", set_count<&SmpRequest::threads>, "threads per core"},
    {"dies", "1", only_one, "no effect"},
    {"modules", "1", only_one, "no effect"},
    {"books", "1", only_one, "no effect"},
    {"drawers", "1", only_one, "no effect"},
};

u64 or_one(u64 value) {
    return value == 0 ? 1 : value;
}

// Fills in what was left out: cores take what the other levels leave, then sockets, then threads.
void complete(SmpRequest& smp) {
    smp.clusters = or_one(smp.clusters);
    if (smp.max_cpus == 0) smp.max_cpus = smp.cpus;
    if (smp.max_cpus == 0) {
        smp.sockets = or_one(smp.sockets);
        smp.cores = or_one(smp.cores);
        smp.threads = or_one(smp.threads);
        smp.max_cpus = saturating_product({smp.sockets, smp.clusters, smp.cores, smp.threads});
    } else if (smp.cores == 0) {
        smp.sockets = or_one(smp.sockets);
        smp.threads = or_one(smp.threads);
        smp.cores = smp.max_cpus / saturating_product({smp.sockets, smp.clusters, smp.threads});
    } else if (smp.sockets == 0) {
        smp.threads = or_one(smp.threads);
        smp.sockets = smp.max_cpus / saturating_product({smp.clusters, smp.cores, smp.threads});
    } else if (smp.threads == 0) {
        smp.threads = smp.max_cpus / saturating_product({smp.sockets, smp.clusters, smp.cores});
    }
    if (smp.cpus == 0) smp.cpus = smp.max_cpus;
}

}  // namespace

Result<void> smp_option(Draft& draft, const OptionUse& use) {
    draft.smp.argument = show(use.argument);
    return apply_keys<SmpRequest>(use.name, kSmpKeys, TRY(split_list(use, "cpus")), draft.smp);
}

Result<void> finish_smp(Draft& draft) {
    SmpRequest smp = draft.smp;
    complete(smp);
    // kvm-unit-tests finds the limit by the words "SMP CPUs" and the last word of the line.
    if (smp.max_cpus > machine::kMaxVcpus || smp.cpus > machine::kMaxVcpus) {
        return fail("-smp {}: too many SMP CPUs: machine 'virt' supports at most {}", smp.argument,
                    machine::kMaxVcpus);
    }
    const u64 product = saturating_product({smp.sockets, smp.clusters, smp.cores, smp.threads});
    if (product != smp.max_cpus) {
        return fail("-smp {}: {} sockets * {} clusters * {} cores * {} threads do not make {} CPUs",
                    smp.argument, smp.sockets, smp.clusters, smp.cores, smp.threads, smp.max_cpus);
    }
    if (smp.cpus > smp.max_cpus) {
        return fail("-smp {}: maxcpus must not be less than cpus", smp.argument);
    }
    draft.config.vcpus = static_cast<unsigned>(smp.cpus);
    draft.config.topology = {.sockets = static_cast<unsigned>(smp.sockets),
                             .clusters = static_cast<unsigned>(smp.clusters),
                             .cores = static_cast<unsigned>(smp.cores),
                             .threads = static_cast<unsigned>(smp.threads)};
    return {};
}

}  // namespace trapeze::cli

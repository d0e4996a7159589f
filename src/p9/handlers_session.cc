// Sessions and fids.
#include <algorithm>
#include <array>

#include "handlers.h"

namespace trapeze::p9 {

OrErrno<> version(Call& call) {
    const u32 limit = call.in.take<u32>();
    const std::string_view dialect = call.in.text();
    TRY(call.in.end());
    call.session.reset();
    if (limit < kLeastMessage) return error(EMSGSIZE);
    const u32 agreed = std::min(limit, kMostMessage);
    const bool known = dialect == "9P2000.L";
    if (known) call.session.set_message_limit(agreed);
    call.out.put(agreed);
    call.out.put(std::string_view(known ? "9P2000.L" : "unknown"));
    return {};
}

// Nobody needs to prove who they are: the guest has what the program has.
OrErrno<> authenticate(Call&) {
    return error(EOPNOTSUPP);
}

OrErrno<> attach(Call& call) {
    const u32 number = call.in.take<u32>();
    const u32 authentication = call.in.take<u32>();
    (void)call.in.text();  // the user's name, in favour of the number
    (void)call.in.text();  // what to attach to: there is one thing
    const u32 uid = call.in.take<u32>();
    TRY(call.in.end());
    if (authentication != kNoFid) return error(EINVAL);
    const Qid qid = TRY(call.tree().qid(*call.tree().root()));
    TRY(call.session.fids().add(number, {.uid = uid, .node = call.tree().root()}));
    call.out.put(qid);
    return {};
}

// Who calls sees to it that what is flushed has been answered (share.cc).
OrErrno<> flush(Call& call) {
    (void)call.in.take<u16>();
    return call.in.end();
}

OrErrno<> walk(Call& call) {
    const u32 number = call.in.take<u32>();
    const u32 new_number = call.in.take<u32>();
    const u16 count = call.in.take<u16>();
    if (count > kMostNames) return error(EINVAL);
    std::array<std::string_view, kMostNames> names;
    for (u16 i = 0; i < count; ++i) names[i] = call.in.text();
    TRY(call.in.end());
    const FidPtr from = TRY(call.session.fids().get(number));
    if (from->xattr != nullptr || (from->in_use() && number == new_number)) return error(EINVAL);

    NodePtr node = from->node;
    const std::size_t start = call.out.used();
    call.out.put(count);
    for (u16 i = 0; i < count; ++i) {
        auto next = call.tree().walk(node, names[i]);
        OrErrno<Qid> qid = next ? call.tree().qid(**next) : error(next.error());
        if (!qid) {
            if (i == 0) return error(qid.error());
            // As far as it went, and no new fid.
            call.out.shrink_to(start);
            call.out.put(i);
            call.out.grow(i * std::size_t{13});  // which are there
            return {};
        }
        node = std::move(*next);
        call.out.put(*qid);
    }
    if (call.out.overflowed()) return error(EMSGSIZE);
    Fid walked{.uid = from->uid, .node = std::move(node)};
    if (number == new_number) return call.session.fids().replace(number, from, std::move(walked));
    return call.session.fids().add(new_number, std::move(walked));
}

OrErrno<> clunk(Call& call) {
    const u32 number = call.in.take<u32>();
    TRY(call.in.end());
    const FidPtr fid = TRY(call.session.fids().remove(number));
    return store_xattr(call.tree(), *fid);
}

}  // namespace trapeze::p9

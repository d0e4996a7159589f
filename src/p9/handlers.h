// One function for each request, by subject.
#pragma once

#include "session.h"

namespace trapeze::p9 {

struct Call {
    Session& session;
    Reader in;
    Writer out;

    Tree& tree() { return session.tree(); }
    // The next field.
    OrErrno<FidPtr> fid() { return session.fids().get(in.take<u32>()); }
};

// Takes all fields, checks that they are there, and writes those of the reply. An error is Rlerror's.
using Handler = OrErrno<> (*)(Call&);

// handlers_session.cc
OrErrno<> version(Call&);
OrErrno<> authenticate(Call&);
OrErrno<> attach(Call&);
OrErrno<> flush(Call&);
OrErrno<> walk(Call&);
OrErrno<> clunk(Call&);
// handlers_file.cc
OrErrno<> open(Call&);
OrErrno<> create(Call&);
OrErrno<> read(Call&);
OrErrno<> write(Call&);
OrErrno<> sync(Call&);
OrErrno<> lock(Call&);
OrErrno<> get_lock(Call&);
OrErrno<> read_directory(Call&);
// handlers_attributes.cc
OrErrno<> get_attributes(Call&);
OrErrno<> set_attributes(Call&);
OrErrno<> stat_fs(Call&);
OrErrno<> xattr_walk(Call&);
OrErrno<> xattr_create(Call&);
// An extended attribute that has been written is stored by Tclunk.
OrErrno<> store_xattr(Tree&, const Fid&);
// handlers_names.cc
OrErrno<> make_directory(Call&);
OrErrno<> make_node(Call&);
OrErrno<> make_symlink(Call&);
OrErrno<> read_link(Call&);
OrErrno<> link(Call&);
OrErrno<> rename(Call&);
OrErrno<> rename_at(Call&);
OrErrno<> unlink_at(Call&);
OrErrno<> remove(Call&);

}  // namespace trapeze::p9

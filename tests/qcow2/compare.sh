#!/bin/sh
# What src/storage reads from qcow2 images is what QEMU's tools read: images of many kinds, made by qemu-img and
# changed by qemu-io, byte by byte. ctest runs it; status 77, a skip, without these tools.
#
# usage: compare.sh QCOW2_DUMP
set -eu
dump=$1
if ! command -v qemu-img >/dev/null || ! command -v qemu-io >/dev/null; then
    echo "skipped: qemu-img and qemu-io are not installed (package qemu-utils)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

count=0
# same IMAGE [PIECE]: we and qemu-img read the same.
same() {
    rm -f theirs
    qemu-img convert -f qcow2 -O raw "$1" theirs
    if ! "$dump" "$@" >ours 2>messages || ! cmp ours theirs || [ -s messages ]; then
        echo "FAIL: $*"
        cat messages
        exit 1
    fi
    count=$((count + 1))
}
# refused IMAGE TEXT: we do not open it, and say so.
refused() {
    if "$dump" "$1" >/dev/null 2>messages || ! grep -qF "$2" messages; then
        echo "FAIL: $1 should be refused with '$2'"
        cat messages
        exit 1
    fi
    count=$((count + 1))
}
# io IMAGE COMMAND...: commands of qemu-io.
io() {
    image=$1
    shift
    for command in "$@"; do set -- "$@" -c "$command" && shift; done
    qemu-io -t unsafe -f qcow2 "$@" "$image" >log 2>&1 || { cat log && exit 1; }
    ! grep -i 'error\|fail' log
}
create() { qemu-img create -q -f qcow2 "$@"; }

# 6 MiB: what compresses, what does not, and holes.
{
    head -c 1000000 /dev/urandom
    head -c 700000 /dev/zero
    yes 'a line of text' | head -c 2100000
    head -c 500000 /dev/zero
    head -c 1991456 /dev/urandom
} >a.raw
head -c 3000000 /dev/urandom >odd.raw

for options in compat=0.10 compat=v3 cluster_size=512 cluster_size=4k cluster_size=2M extended_l2=on,cluster_size=16k \
    extended_l2=on,cluster_size=2M preallocation=metadata lazy_refcounts=on refcount_bits=1; do
    qemu-img convert -f raw -O qcow2 -o "$options" a.raw x.qcow2
    same x.qcow2
done
same x.qcow2 512
for options in compat=0.10 cluster_size=512 cluster_size=64k cluster_size=2M compression_type=zstd \
    compression_type=zstd,cluster_size=512 compression_type=zstd,cluster_size=2M \
    extended_l2=on,cluster_size=64k,compression_type=zstd; do
    qemu-img convert -f raw -c -O qcow2 -o "$options" a.raw c.qcow2
    same c.qcow2
    same c.qcow2 4096
done
qemu-img convert -f raw -c -O qcow2 odd.raw odd.qcow2
same odd.qcow2

# Layers: written, zeroed, discarded and compressed over a compressed image, smaller and larger than it.
qemu-img convert -f raw -c -O qcow2 a.raw base.qcow2
mkdir below
qemu-img convert -f raw -c -O qcow2 a.raw below/base.qcow2
changes() {
    io "$1" 'write -P 7 100000 70000' 'write -z 1M 1M' 'write -P 9 4M 512' 'discard 2M 192k' 'write -z 3000k 4k' \
        'write -P 3 5242880 65536'
}
for options in cluster_size=64k cluster_size=4k extended_l2=on,cluster_size=64k; do
    create -b below/base.qcow2 -F qcow2 -o "$options" over.qcow2
    changes over.qcow2
    io over.qcow2 'write -c -P 5 256k 64k'
    same over.qcow2
    create -b over.qcow2 -F qcow2 top.qcow2 9M
    io top.qcow2 'write -P 1 512 512' 'write -z 8M 64k'
    same top.qcow2
    same top.qcow2 512
done
create -b "$work/odd.raw" -F raw over-raw.qcow2 5M

io over-raw.qcow2 'write -P 7 2999808 1024'
same over-raw.qcow2
create -b a.raw -F raw smaller.qcow2 2M
same smaller.qcow2
create -b a.raw -F raw -o compat=0.10 old.qcow2
same old.qcow2
create empty.qcow2 3M
same empty.qcow2

# The present content counts, not that of snapshots; and an image that was not closed is read all the same.
cp base.qcow2 snapshot.qcow2
qemu-img snapshot -c s1 snapshot.qcow2
io snapshot.qcow2 'write -P 3 0 1M'
same snapshot.qcow2
create -o lazy_refcounts=on dirty.qcow2 2M
qemu-io -t unsafe -f qcow2 -c 'write -P 4 0 256k' -c flush -c abort dirty.qcow2 >log 2>&1 || true
[ "$(od -A n -t u1 -j 79 -N 1 dirty.qcow2 | tr -d ' ')" = 1 ] || { echo "FAIL: dirty.qcow2 is not dirty" && exit 1; }
same dirty.qcow2

create -o data_file=x.data,data_file_raw=on data.qcow2 1M
refused data.qcow2 'external data file'
# AES: for LUKS qemu-img measures the CPU, which fails on a busy one.
create -o encrypt.format=aes,encrypt.key-secret=s --object secret,id=s,data=abc encrypted.qcow2 1M
refused encrypted.qcow2 encrypted
create -b base.qcow2 -F qcow2 lost.qcow2
mv base.qcow2 elsewhere.qcow2
refused lost.qcow2 'the backing file of lost.qcow2: could not open base.qcow2: No such file or directory'
create -b elsewhere.qcow2 -F qcow2 one.qcow2
create -b one.qcow2 -F qcow2 two.qcow2
qemu-img rebase -u -f qcow2 -F qcow2 -b two.qcow2 one.qcow2
refused two.qcow2 'form a loop'

echo "$count images were read as QEMU reads them, or refused"

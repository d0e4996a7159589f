# shellcheck shell=sh
# Directories of the host by 9P: Linux's v9fs at one end, files in memory at the other.

share_tree() {
    mkdir share mapped fixed
    # Files in memory have no extended attributes here.
    truncate -s 64M disk.img
    mke2fs -F disk.img >/dev/null
    mount -t ext4 -o loop disk.img mapped
    dd if=/dev/urandom of=share/data bs=1M count=8 2>/dev/null
    # Without a cache, Linux reads page by page.
    dd if=share/data of=fixed/data bs=256k count=1 2>/dev/null
    data_sum=$(md5sum <share/data) small_sum=$(md5sum <fixed/data)
    echo "the host's secret" >secret
    ln -s "$WORK/secret" share/absolute
    ln -s ../secret share/relative
    mkdir share/many
    for n in $(seq 1000); do : >"share/many/file$n"; done
    mkfifo share/fifo
}

scenario shares main
shares() {
    share_tree
    {
        to_shell shares_boot
        cat <<END
check shares_mount
guest sum_of() { dd if="\$1" bs=256k 2>/dev/null | md5sum; }
guest mkdir -p /tmp/share /tmp/mapped /tmp/fixed
guest mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=mmap share /tmp/share
guest mount -t 9p -o trans=virtio,version=9p2000.L,cache=mmap mapped /tmp/mapped
guest mount -t 9p -o trans=virtio,version=9p2000.L fixed /tmp/fixed
guest ! mount -t 9p -o trans=virtio,version=9p2000.u share /mnt
check shares_are_read
guest [ "\$(sum_of /tmp/share/data)" = "$data_sum" ]
guest [ "\$(sum_of /tmp/fixed/data)" = "$small_sum" ]
check shares_are_written
guest dd if=/tmp/share/data of=/tmp/share/copy bs=256k conv=fsync
host [ "\$(md5sum <share/copy)" = "$data_sum" ]
guest dd if=/tmp/fixed/data of=/tmp/mapped/copy bs=256k
guest sync && [ "\$(sum_of /tmp/mapped/copy)" = "$small_sum" ]
host [ "\$(md5sum <mapped/copy)" = "$small_sum" ]
guest echo more >>/tmp/share/copy && sync
host [ "\$(tail -c 5 share/copy)" = more ]
guest : >/tmp/share/copy && sync
host [ ! -s share/copy ]
check shares_directories
guest [ "\$(echo /tmp/share/many/* | wc -w)" = 1000 ]
guest rm /tmp/share/many/file1 /tmp/share/many/file10*
host [ "\$(ls share/many | wc -l)" = 987 ]
guest mkdir -p /tmp/share/a/b/c && for n in \$(seq 70 99); do echo \$n >/tmp/share/a/b/c/\$n; done; sync
host [ "\$(ls share/a/b/c | wc -l)" = 30 ] && [ "\$(cat share/a/b/c/77)" = 77 ]
guest mv /tmp/share/a/b/c /tmp/share/moved && mv /tmp/share/moved/77 /tmp/share/a/b/seven && cat /tmp/share/a/b/seven
host [ "\$(cat share/a/b/seven)" = 77 ] && [ ! -e share/a/b/c ]
guest rm -r /tmp/share/moved /tmp/share/a
guest ! rmdir /tmp/share/many
check shares_links
guest ln -s /etc/nothing /tmp/share/soft && [ "\$(readlink /tmp/share/soft)" = /etc/nothing ]
guest ln /tmp/share/data /tmp/share/hard && [ "\$(stat -c %h /tmp/share/hard)" = 2 ]
host [ share/hard -ef share/data ] && [ "\$(readlink share/soft)" = /etc/nothing ]
guest chmod 640 /tmp/share/hard && touch -d '2001-02-03 04:05:06' /tmp/share/hard
host [ "\$(stat -c '%a %y' share/hard | cut -c 1-23)" = '640 2001-02-03 04:05:06' ]
check shares_links_do_not_lead_out
guest ! cat /tmp/share/absolute
guest ! cat /tmp/share/relative
guest ! grep -r secret /tmp/share/absolute /tmp/share/relative
check shares_special_files
guest (echo through >/tmp/share/fifo &) ; [ "\$(cat /tmp/share/fifo)" = through ]
check shares_mapped
guest mkdir /tmp/mapped/dir && mknod /tmp/mapped/dir/null c 1 3 && echo x >/tmp/mapped/dir/null && sync
guest ln -s null /tmp/mapped/dir/link && chown -h 12:34 /tmp/mapped/dir/link && chmod 4711 /tmp/mapped/copy
guest [ "\$(stat -c '%u %g %F' /tmp/mapped/dir/link)" = '12 34 symbolic link' ]
guest [ "\$(stat -c %a /tmp/mapped/copy)" = 4711 ] && [ "\$(stat -c '%t %T' /tmp/mapped/dir/null)" = '1 3' ]
host [ -f mapped/dir/null ] && [ ! -s mapped/dir/null ] && [ "\$(cat mapped/dir/link)" = null ]
host [ "\$(stat -c '%a %u' mapped/copy)" = '600 0' ]
check shares_read_only
guest ! touch /tmp/fixed/new
guest ! rm /tmp/fixed/data
guest ! sh -c 'echo x >>/tmp/fixed/data'
guest ! mv /tmp/fixed/data /tmp/fixed/other
host [ "\$(md5sum <fixed/data)" = "$small_sum" ]
check shares_many_at_once
guest for n in 1 2 3 4; do (dd if=/dev/urandom of=/tmp/p\$n bs=64k count=8 2>/dev/null; cat /tmp/p\$n >/tmp/share/p\$n) & done; wait
guest cmp /tmp/p1 /tmp/share/p1 && cmp /tmp/p2 /tmp/share/p2 && cmp /tmp/p3 /tmp/share/p3 && cmp /tmp/p4 /tmp/share/p4
check shares_unmount_and_mount
guest umount /tmp/share && mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose share /tmp/share
guest [ "\$(sum_of /tmp/share/data)" = "$data_sum" ]
check shares_quiet_log
guest guest-check quiet-log
send poweroff\r
exit 0
END
    } | vm quiet -serial stdio -monitor none -smp 2 \
        -virtfs "local,path=$WORK/share,mount_tag=share,security_model=passthrough,multidevs=remap" \
        -virtfs "local,path=$WORK/mapped,mount_tag=mapped,security_model=mapped" \
        -fsdev "local,id=fixed,path=$WORK/fixed,security_model=none,readonly" \
        -device virtio-9p-device,fsdev=fixed,mount_tag=fixed
    umount mapped
}

# Linux's root is the share: no initramfs, no disk.
scenario shares_root main
shares_root() {
    mkdir -p root/bin root/proc root/dev root/sys root/tmp
    cp "$(readlink -f /proc/self/exe)" root/bin/busybox # readlink is busybox
    cat >root/init <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox grep ' / 9p rw' /proc/mounts && echo "its root is a share"
echo written >/tmp/file
/bin/busybox poweroff -f
END
    chmod 755 root/init
    # shellcheck disable=SC2086 # a list of words
    printf '%s\n' 'check shares_root' 'timeout 180' 'expect its root is a share' 'exit 0' \
        "host grep -q written root/tmp/file" |
        drive -- $MACHINE -cpu host -display none -m 512 -no-reboot -nodefaults -serial stdio -kernel "$KERNEL" \
            -virtfs "local,id=root,path=$WORK/root,mount_tag=/dev/root,security_model=none,multidevs=remap" \
            -append 'console=ttyAMA0 root=/dev/root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=mmap,msize=1048576 rw init=/init panic=-1'
}

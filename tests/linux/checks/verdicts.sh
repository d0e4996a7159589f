# shellcheck shell=sh
# -ci and -action: each way for a guest to end has its exit status, and its JUnit file.

# The guest runs COMMAND and then powers off.
runs() { echo "console=ttyAMA0 trapeze.cmd=\"$1\""; }

# supervised NAME STATUS OPTION...: the guest ends with that status; its files are NAME.log and NAME.xml, and the JUnit
# file goes to the results, for scripts/test-linux to look at. Nothing half-written is left.
supervised() {
    ci_name=$1 ci_status=$2
    shift 2
    rm -rf "$ci_name"
    mkdir "$ci_name"
    start -name "$ci_name" -serial "file:$ci_name/console" -monitor none \
        -ci "log=$ci_name/log,junit=$ci_name/result.xml,timeout=150,symbols=${KERNEL%/*}/vmlinux" "$@" \
        </dev/null >"$ci_name/out" 2>"$ci_name/err"
    ends_with "$ci_status" 200
    cp "$ci_name/result.xml" "$RESULTS/junit-$CPU-$ci_name.xml"
    test "$(ls "$ci_name" | tr '\n' ' ')" = 'console err log out result.xml '
    test ! -s "$ci_name/out"
    # The log begins with the console, byte for byte, and ends with what is on stderr.
    head -c "$(wc -c <"$ci_name/console")" "$ci_name/log" | cmp - "$ci_name/console"
    grep '(exit status' "$ci_name/err"
    grep -q "(exit status $ci_status)" "$ci_name/log"
}

# says NAME TEXT: the report, on stderr, in the log and in the JUnit file, has a line that matches.
says() {
    for file in err log result.xml; do
        grep -Eq "$2" "$1/$file" || fail "no '$2' in $1/$file: $(tail -n 40 "$1/$file")"
    done
}

matched() { supervised matched 0 -append "$(runs 'sleep 1000')" -ci 'expect=Linux version 6,expect=trapeze-guest: ready'; }
prompt() { supervised prompt 0 -append 'console=ttyAMA0 quiet' -ci 'expect=^[~/] # $'; }
failed() {
    supervised failed 37 -append "$(runs 'printf %s-%s\\n TEST FAILED; sleep 1000')" \
        -ci 'fail=TEST-FAI+LED,,?,expect=never'
    says failed 'fail-pattern: .*TEST-FAILED'
}
powered_off() {
    supervised powered_off 38 -append "$(runs true)" -ci expect=never
    says powered_off 'guest-poweroff: .*not seen'
}
powered_off_as_expected() { supervised powered_off_as_expected 0 -append "$(runs true)"; }
rebooted() { supervised rebooted 32 -append "$(runs 'reboot -f')" -ci expect=never; }
panicked() {
    supervised panicked 34 -append "$(runs 'echo c >/proc/sysrq-trigger')" -ci expect=never
    says panicked 'guest-panic: the guest panicked: .*sysrq triggered crash'
    # The guest could finish.
    grep 'end Kernel panic' panicked/log
}
panicked_by_device() {
    supervised panicked_by_device 34 -append "$(runs 'echo c >/proc/sysrq-trigger')" -ci kernel-patterns=off
    says panicked_by_device 'guest-panic: the guest reported a panic'
}
panicked_then_rebooted() {
    supervised panicked_then_rebooted 34 -machine pvpanic=off -append 'console=ttyAMA0 panic=-1 rdinit=/none init=/none'
}
panic_expected() {
    supervised panic_expected 0 -append "$(runs 'echo c >/proc/sysrq-trigger')" -ci 'expect=Kernel panic - not syncing: sysrq'
}

# A guest that hangs in a loop with interrupts masked, beside one that is off.
hung() {
    (
        KERNEL=${DRIVER%/*}/hang
        supervised hung 36 -smp 2 -ci "expect=login:,timeout=5,symbols=$KERNEL"
    )
    says hung 'timeout: nothing conclusive in 5 s'
    says hung 'vCPU 0: running at EL1h, MMU off'
    says hung 'PC 0x00000000402000[0-9a-f]{2} hang_forever\+0x[04]/0x8'
    says hung 'LR 0x00000000402000[0-9a-f]{2} _start\+0x'
    says hung 'PSTATE 0x[0-9a-f]{8} .... DAIF'
    says hung 'INTID 27 \(virtual timer\): pending, enabled, high, group 1'
    says hung 'INTID 27 \(virtual timer\) waits: IRQs are masked by PSTATE.I'
    says hung 'vCPU 1: off'
    grep -q '^the guest is up' hung/log
}

# Linux that waits for ever: the symbol is right in spite of KASLR.
waiting() {
    supervised waiting 36 -smp 2 -append "$(runs 'echo up; sleep 1000')" -ci timeout=30,expect=never
    says waiting 'vCPU 0: asleep in WFI at EL1h'
    says waiting 'PC 0xffff[0-9a-f]{12} .*(idle|wfi).*\+0x'
    says waiting 'above those of the symbol file \(KASLR\)'
}

terminated() {
    start -append 'console=ttyAMA0 quiet' -serial file:console -monitor none \
        -ci "expect=never,junit=result.xml,log=log,symbols=${KERNEL%/*}/vmlinux" </dev/null 2>err
    wait_for 120 grep -q 'trapeze-guest: ready' console
    test ! -e result.xml
    # shellcheck disable=SC2154 # set by start
    kill -TERM "$pid"
    ends_with 39 20
    cp result.xml "$RESULTS/junit-$CPU-terminated.xml"
    grep 'interrupted: terminating on signal 15' err
    grep 'vCPU 0: ' err
}

# Wrong use is status 1, as ever, and an old result does not survive.
refused() {
    echo old >result.xml
    start -append quiet -serial null -monitor none -ci "junit=result.xml,expect=(" 2>err </dev/null
    ends_with 1 20
    grep 'not a regular expression' err
    start -append quiet -serial null -monitor none -ci "junit=result.xml,symbols=/proc/nowhere" 2>err </dev/null
    ends_with 1 20
    start -append quiet -serial null -monitor none -ci "junit=result.xml,log=/proc/nowhere" 2>err </dev/null
    ends_with 1 20
    test ! -e result.xml
}

# The commands in docs/ci.md, as they are there.
recipes() {
    mkdir -p bin
    ln -sf "$TRAPEZE" bin/trapeze
    ln -sf "$KERNEL" Image
    ln -sf "${KERNEL%/*}/vmlinux" vmlinux
    ln -sf "$INITRD" rootfs.cpio.gz
    text=$HERE/../../docs/ci.md
    sed -n '/^    trapeze -accel/,/^$/p' "$text" >first.sh
    sed -n '/^        run: |$/,/^      - /p' "$text" | sed '1d; $d' >job.sh
    sed -n '/^```sh$/,/^```$/p' "$text" | sed '1d; $d' >cases.sh
    for script in first job cases; do
        grep -q 'trapeze -accel' $script.sh
        PATH=$PWD/bin:$PATH sh -e $script.sh 2>err || fail "$script: status $?: $(cat err)"
        grep ': matched: ' err
    done
    for name in boot tests; do cp $name.xml "$RESULTS/junit-$CPU-recipe-$name.xml"; done
}

# Without -ci: QEMU's contract.
action_panic() { # STATUS OPTION...
    action_status=$1
    shift
    start -append "$(runs 'echo c >/proc/sysrq-trigger')" -serial file:console -monitor none "$@" </dev/null
    ends_with "$action_status" 150
    grep 'Kernel panic' console
}

scenario verdicts main
verdicts() {
    check verdict_matched matched
    check verdict_prompt prompt
    check verdict_fail_pattern failed
    check verdict_poweroff powered_off
    check verdict_poweroff_expected powered_off_as_expected
    check verdict_reset rebooted
    check verdict_panic panicked
    check verdict_panic_by_device panicked_by_device
    check verdict_panic_without_device panicked_then_rebooted
    check verdict_panic_expected panic_expected
    check verdict_hang hung
    check verdict_wait_for_ever waiting
    check verdict_signal terminated
    check verdict_wrong_use refused
    check verdict_recipes recipes
}

scenario panic_action main
panic_action() {
    check panic_shutdown action_panic 0
    check panic_exit_failure action_panic 1 -action panic=exit-failure
    {
        to_shell panic_pause
        cat <<'END'
send echo c >/proc/sysrq-trigger\r
expect Kernel panic
idle 1
END
        to_monitor
        cat <<'END'
send info status\r
expect VM status: paused (guest-panicked)
send system_reset\r
send \x01c
expect trapeze-guest: ready
match [~/] #
guest true
END
        to_monitor
        cat <<'END'
send quit\r
exit 0
END
    } | vm quiet -action panic=pause -serial mon:stdio
}

# shellcheck shell=sh
# The commands in docs/debugging.md, section "Traces and statistics", as they are there. Those for gdb are run by
# scripts/test-gdb, those in docs/ci.md by verdicts.sh.

# recipe HEADING: the first block of commands below that heading that has $recipe_text, without its indentation.
recipe() {
    awk -v heading="$1" -v text="$recipe_text" '
        function done() { if (block != "" && index(block, text)) { printf "%s", block; found = 1; exit } block = "" }
        /^    / { if (here) block = block substr($0, 5) "\n"; next }
        { done() }
        /^#/ { here = $0 == heading }
        END { if (!found && block != "" && index(block, text)) printf "%s", block }' "$HERE/../../docs/debugging.md"
}

# type_in RECIPE-TEXT HEADING: runs the recipe in a terminal, with the script on standard input.
type_in() {
    recipe_text=guest=
    recipe '## Traces and statistics' >recipe
    recipe_text=$1
    recipe "$2" >>recipe
    grep -q '^guest=' recipe && grep -q "^trapeze $1" recipe || {
        echo "FAIL    0.0 s  $CPU/$2: no such recipe"
        return
    }
    # shellcheck disable=SC2016 # for the shell in the terminal
    "$DRIVER" --prefix "$CPU/" sh -e -c 'PATH=$PWD/bin:$PATH . ./recipe'
}

power_off() { printf '%s\n' 'send poweroff\n' 'exit 0'; }
# ask COMMAND TEXT: the answer has the text; at the monitor's prompt.
ask() { printf '%s\n' "send $1\n" "expect $1" ${2:+"expect $2"} 'expect (trapeze)'; }

scenario debug_recipes main
debug_recipes() {
    mkdir -p bin
    ln -sf "$TRAPEZE" bin/trapeze
    ln -sf "$KERNEL" Image
    ln -sf "$INITRD" initrd

    {
        to_shell recipe_timeline
        power_off
        echo 'host grep -q "\"dropped\":\"0\"" boot.json && grep -q "\"unit\":\"ns\"" boot-stats.json'
    } | type_in "\$guest -serial stdio -trace file=boot.json" '### See a boot as a timeline'
    cp boot.json "$RESULTS/trace-recipe.json"
    cp boot-stats.json "$RESULTS/trace-stats-recipe.json"

    {
        to_shell recipe_exits
        power_off
        echo 'host grep -Eq " mmio_write +pl011$" exits.txt && grep -Eq " sysreg_read +ICC_IAR1_EL1$" exits.txt'
    } | type_in "\$guest -serial stdio -stats" '### Find what a guest exits for'

    {
        to_shell recipe_flight_recorder
        to_monitor
        ask 'info trace 50' 'vcpu0 kvm_'
        ask 'info traps' 'counted from now on'
        ask 'trace-event kvm_wfx_trap off'
        ask 'log trace:kvm_hypercall'
        ask 'log none'
        printf '%s\n' 'send quit\n' 'exit 0'
    } | type_in "\$guest -serial mon:stdio" '### Find out why it stopped: a flight recorder'

    {
        to_shell recipe_end_of_a_run
        power_off
        echo 'host tail -n 3 end.txt | grep "kvm_hypercall SYSTEM_OFF(0x84000008"'
        echo 'host grep -Eq "^[0-9]+\.[0-9]{9} vcpu1 kvm_sysreg_read ICC_IAR1_EL1 = 0x[0-9a-f]+ @ 0x[0-9a-f]+; guest [0-9]+ handling [0-9]+$" end.txt'
    } | type_in "\$guest -serial stdio -trace 'kvm_" '### Find out why it stopped: a flight recorder'
}

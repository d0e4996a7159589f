#!/bin/sh
# Runs the Linux scenarios of some sets; called by scripts/test-linux inside the rig, with busybox. See lib.sh for
# the sets, and for the variables it wants.
#
# usage: run_checks.sh list|run SETS [FILTER]...
#
# Means the scenarios whose name contains one of the filters, or all if there is none. "run" prints a line for each
# check as it ends, and "END" when all scenarios have been run.
here=$(cd "$(dirname "$0")" && pwd)
command=$1
export SETS="$2"
shift 2
SCENARIOS=''
# shellcheck source=tests/linux/lib.sh
. "$here/lib.sh"
for file in "$here"/checks/*.sh; do
    # shellcheck source=/dev/null
    . "$file"
done

selected() {
    [ $# -gt 1 ] || return 0
    selected_name=$1
    shift
    for filter in "$@"; do
        case $selected_name in *"$filter"*) return 0 ;; esac
    done
    return 1
}

for name in $SCENARIOS; do
    selected "$name" "$@" || continue
    if [ "$command" = list ]; then
        echo "$name"
        continue
    fi
    WORK=$(mktemp -d)
    (
        cd "$WORK" || exit
        use_guest trimmed
        $name
    )
    rm -rf "$WORK"
done
[ "$command" = list ] || echo END

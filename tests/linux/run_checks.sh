#!/bin/sh
# Runs the Linux scenarios of some sets; called by scripts/test-linux inside the rig, with busybox. See lib.sh for
# the variables it wants.
#
# usage: run_checks.sh list | run SETS [FILTER]...
#
# "run" prints a line for each check as it ends, and "END" when all scenarios have been run.
here=$(cd "$(dirname "$0")" && pwd)
command=$1 SETS=${2-}
shift
[ $# = 0 ] || shift
SCENARIOS='' ALL_SCENARIOS=''
. "$here/lib.sh"
for file in "$here"/checks/*.sh; do . "$file"; done

if [ "$command" = list ]; then
    printf '%s\n' $ALL_SCENARIOS
    exit
fi

for name in $SCENARIOS; do
    selected=$([ $# = 0 ] && echo yes)
    for filter in "$@"; do
        case $name in *"$filter"*) selected=yes ;; esac
    done
    [ "$selected" = yes ] || continue
    WORK=/tmp/work
    rm -rf $WORK
    mkdir $WORK
    (
        cd $WORK || exit
        use_guest trimmed
        $name
    )
done
echo END

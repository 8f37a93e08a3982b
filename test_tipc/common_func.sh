#!/usr/bin/env bash
# Shared by the scripts beside it: a config in TIPC's form (51 lines, KEY:VALUE at fixed places), and what becomes of a command.

tipc_begin() { # CONFIG MODE: sets lines, mode, model, python, out and results; works from the repository's folder
    if [ $# -ne 2 ] || [ ! -f "$1" ]; then
        echo "usage: bash $0 test_tipc/configs/MODEL/train_infer_python.txt lite_train_lite_infer" >&2
        exit 2
    fi
    mapfile -t lines < <(tr -d '\r' <"$1")
    mode=$2 model=$(value_of 2) python=$(value_of 3)
    [ "${#lines[@]}" -eq 51 ] || { echo "$1 has ${#lines[@]} lines, not TIPC's 51" >&2; exit 2; }
    [ -n "$(for_mode "$(value_of 7)")" ] || { echo "$1, line 7, has no value for the mode $mode" >&2; exit 2; }
    [[ $model/$mode =~ ^[A-Za-z0-9_-]+/[A-Za-z0-9_]+$ ]] || { echo "$1, line 2: $model is no name for a folder" >&2; exit 2; }
    cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
    out=./test_tipc/output/$model/$mode
    results=$out/results_python.log
}

key_of() { # LINE, counted from 1
    printf '%s' "${lines[$1 - 1]%%:*}"
}

value_of() { # LINE
    printf '%s' "${lines[$1 - 1]#*:}"
}

for_mode() { # MODE=VALUE|MODE=VALUE…: the value of this mode, nothing if it has none
    tr '|' '\n' <<<"$1" | sed -n "s/^$mode=//p"
}

pair() { # KEY VALUE: ' KEY=VALUE', nothing if either is null
    [ "$1" = null ] || [ "$2" = null ] || printf ' %s=%s' "$1" "$2"
}

choices() { # LINE: its values, one a line
    value_of "$1" | tr '|' '\n'
}

run() { # LOG COMMAND: runs it, keeps what it prints in LOG, notes in results what became of it, and returns its status
    echo "$ $2"
    local status=0
    bash -c "$2" >"$1" 2>&1 || status=$?
    case $status in
        0) note "Run successfully with command - $model - $2 - $1" ;;
        130) exit 130 ;;
        *) tail -n 20 "$1"; note "Run failed with command - $model - $2 - $1"; return 1 ;;
    esac
}

note() {
    echo "$1" | tee -a "$results"
}

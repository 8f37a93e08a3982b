#!/usr/bin/env bash
# Train, evaluate, export and infer as a config says: bash test_tipc/test_train_inference_python.sh CONFIG MODE
# Exit status 1 if a command fails; results_python.log says which.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common_func.sh"
tipc_begin "$@"
trap 'exit 130' INT
rm -rf "$out"  # of the last time: train.py writes over no run
mkdir -p "$out"
"$python" -c 'import paddle, platform; print(f"Paddle {paddle.__version__}, Python {platform.python_version()}")' 2>/dev/null | tail -n 1 >"$results"

failed=0
trainer=$(value_of 15)
name=$out/${trainer}_$(value_of 5)
trained=$name$([ "$(value_of 11)" = null ] || echo "/$(value_of 11)")
exported=${name}_export

command="$python $(value_of 16)$(pair "$(key_of 12)" "$(value_of 12)")$(pair "$(key_of 13)" "$(value_of 13)")"
command+="$(pair "$(key_of 5)" "$(value_of 5)")$(pair "$(key_of 7)" "$(for_mode "$(value_of 7)")")"
command+="$(pair "$(key_of 9)" "$(for_mode "$(value_of 9)")")$(pair "$(key_of 8)" "$name")"
run "${name}_train.log" "$command" || exit 1  # the others need what it makes

# the run that eval.py and sample.py read is a word of its own, where the template has a --pretrained_model=PATH
run "${name}_eval.log" "$python $(value_of 24) $trained$(pair "$(key_of 25)" "$(value_of 25)")$(pair "$(key_of 5)" "$(value_of 5)")" || failed=1
run "${name}_export.log" "$python $(value_of 30) $trained$(pair "$(key_of 28)" "$exported")$(pair "$(key_of 5)" "$(value_of 5)")" || exit 1

for device in $(choices 41); do
    for onednn in $(choices 42); do
        for threads in $(choices 43); do
            for batch in $(choices 44); do
                setting=$out/infer_${device}_onednn_${onednn}_threads_${threads}_batch_$batch
                command="$python $(value_of 40)$(pair "$(key_of 41)" "$device")$(pair "$(key_of 42)" "$onednn")"
                command+="$(pair "$(key_of 43)" "$threads")$(pair "$(key_of 44)" "$batch")$(pair "$(key_of 47)" "$exported")"
                command+="$(pair "$(key_of 51)" "$(value_of 51)")$(pair "$(key_of 49)" "$setting.npz")"
                run "$setting.log" "$command" || failed=1
            done
        done
    done
done
run "$out/compare.log" "$python test_tipc/compare_results.py $out/infer_*.npz" || failed=1
exit $failed

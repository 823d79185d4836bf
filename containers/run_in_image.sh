#!/usr/bin/env bash
# Run a command in the image: run_in_image.sh -c COMMAND, as Snakemake calls its shell. It reads from the environment
#   CHESTGAN_ENGINE   docker or podman
#   CHESTGAN_IMAGE    the digest of the image; the command sees it too, for the provenance of its results
#   CHESTGAN_BINDS    colon-separated files and folders outside the working folder, shown read-only at their own paths
# The working folder is shown at its own path; what is written there belongs to the caller.
set -euo pipefail
engine=${CHESTGAN_ENGINE:?is the engine: docker or podman}
image=${CHESTGAN_IMAGE:?is the digest of the image; \`make image\` ends with it}
folder=$(pwd -P)

# A container's first process hands signals on to the command and to all that it has started, and waits for its end.
# The command's shell alone would die of them, and with it the container, over a training that saves its checkpoint.
# shellcheck disable=SC2016
command='trap "code=\$?; exit \$((code ? code : 143))" HUP INT TERM USR1 USR2; eval "$1"'
# shellcheck disable=SC2016
first='set -m
bash -c "$1" bash "$2" &
for signal in HUP INT TERM USR1 USR2; do trap "kill -s $signal -- -$!" $signal; done
while kill -0 $!; do wait $!; done 2>/dev/null
wait $!'

options=(--rm --pull never --network none --ipc host --security-opt label=disable)
options+=(--mount "type=bind,source=$folder,target=$folder" --workdir "$folder")
options+=(--env HOME=/tmp --env CHESTGAN_IMAGE --env CUDA_VISIBLE_DEVICES --env OMP_NUM_THREADS)
IFS=: read -ra binds <<<"${CHESTGAN_BINDS:-}"
for path in "${binds[@]}"; do
    options+=(--mount "type=bind,source=$path,target=$path,readonly")
done
case $engine in
docker) options+=(--user "$(id -u):$(id -g)") gpus=(--gpus all) ;;
podman)
    # root is root in the container too; anyone else would be another user there
    [ "$(id -u)" = 0 ] || options+=(--userns keep-id)
    gpus=(--device nvidia.com/gpu=all)
    ;;
*)
    echo "error: CHESTGAN_ENGINE is $engine; expected docker or podman" >&2
    exit 1
    ;;
esac
[ ! -e /dev/nvidiactl ] || options+=("${gpus[@]}")

exec "$engine" run "${options[@]}" "$image" bash -c "$first" bash "$command" "$2"

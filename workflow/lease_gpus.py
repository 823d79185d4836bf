"""Run a command with GPUs that no other job has: lease_gpus.py N JOBS_PER_GPU NAMED COMMAND...

It waits until N GPUs of this machine are free, and becomes the command, which sees them in CUDA_VISIBLE_DEVICES. NAMED
is how many there are where the driver lists none; 0 where it does. The environment's CHESTGAN_LEASES is the folder of
the leases, if it isn't the machine's usual one.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from chestgan.base.errors import UserError
from chestgan.cluster import gpus


def main() -> int:
    """Lease the GPUs and start the command."""
    wanted, jobs_per_gpu, named = map(int, sys.argv[1:4])
    command = sys.argv[4:]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        lease = gpus.lease(
            Path(os.environ.get("CHESTGAN_LEASES", gpus.FOLDER)),
            wanted,
            jobs_per_gpu,
            lambda: gpus.present(visible, named),
            lambda reason: print(reason, file=sys.stderr, flush=True),
        )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    # As standard input, for that is what every process inherits that the command starts: programs close other files.
    # One that is left behind by a kill still computes, and still has the GPU.
    os.dup2(lease.descriptor, 0)
    os.execvpe(command[0], command, os.environ | lease.environment())


if __name__ == "__main__":
    sys.exit(main())

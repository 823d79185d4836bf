#!/usr/bin/env bash
# launch.sh NODES GPUS THREADS CONTAINER SCRIPT...: run SCRIPT with its flags as GPUS processes on each of NODES nodes,
# with THREADS cores a node. Over several nodes it is run outside the container: CONTAINER is the command that enters it,
# quoted for a shell as the profile's `apptainer-args` are, or nothing.
# Every flag of accelerate is given: a user's own configuration file of it would fill in what is missing.
set -euo pipefail
nodes=$1 gpus=$2 threads=$3 container=$4
shift 4

accelerate=(accelerate launch --multi_gpu --num_machines "$nodes" --num_processes $((nodes * gpus))
    --mixed_precision no --dynamo_backend no)
# what a scheduler sends reaches the processes, not just their launcher
export PET_SIGNALS_TO_HANDLE=SIGTERM,SIGINT,SIGUSR1,SIGHUP

if ((nodes == 1)); then
    exec "${accelerate[@]}" --machine_rank 0 --main_process_port 0 "$@"
fi

# the launchers part at their end, and would log warnings with stacks of C++ after a training that is fine
export TORCH_CPP_LOG_LEVEL=${TORCH_CPP_LOG_LEVEL:-ERROR} LOGLEVEL=${LOGLEVEL:-ERROR}
# the one that parts last finds nobody at the meeting place, and LOGLEVEL doesn't reach what it says of it
export TORCH_LOGS=${TORCH_LOGS:--torch.distributed.elastic.rendezvous}
: "${SLURM_JOB_ID:?nodes is $nodes, and this is no job of Slurm: use its profile, or set nodes to 1}"
# the list of nodes isn't in the environment of Snakemake's job step
head=$(scontrol show hostnames "$(squeue --noheader --jobs "$SLURM_JOB_ID" --format %N)" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 20000))
# One launcher a node; they meet at the first one's, at a port of the job's own, and number themselves. Rank 0 would only
# make accelerate refuse a port that another launcher has opened already.
eval "enter=($container)"
# SingularityCE has the same commands
[ "${enter[0]-}" != apptainer ] || command -v apptainer >/dev/null || enter[0]=singularity
exec srun --nodes "$nodes" --ntasks "$nodes" --ntasks-per-node 1 --cpus-per-task "$threads" --kill-on-bad-exit=1 \
    "${enter[@]}" "${accelerate[@]}" --machine_rank 1 --rdzv_backend c10d \
    --main_process_ip "$head" --main_process_port "$port" "$@"

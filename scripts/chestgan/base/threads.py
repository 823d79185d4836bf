"""How the threads of a process wait and what memory it keeps, as variables of its environment."""

# torch's threads meet thousands of times in a step. One that sleeps at once wakes too late for the next meeting: a step
# with two threads took 1.3 times as long. One that waits awake takes the core of a job beside it. 3,000 looks take some
# microseconds, then it sleeps; libraries that don't know that number let it sleep at once.
# Memory that was freed is kept for the next batch: without it a frozen network's features cost as much time in the
# kernel as in itself.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "3000",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
}

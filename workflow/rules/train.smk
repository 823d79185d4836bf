rule train_acgan:
    input:
        unpack(real_set),
    output:
        generator=f"{PART_BRANCH}/train/generator.safetensors",
        last=f"{PART_BRANCH}/train/generator_last.safetensors",
        discriminator=f"{PART_BRANCH}/train/discriminator.safetensors",
        seen=f"{PART_BRANCH}/train/images_seen.csv",
        history=f"{PART_BRANCH}/train/history.csv",
        speed=f"{PART_BRANCH}/train/speed.csv",
        settings=f"{PART_BRANCH}/train/settings.json",
        samples=directory(f"{PART_BRANCH}/train/samples"),
        sheet=report(
            f"{PART_BRANCH}/train/samples.png",
            category="Training",
            caption="../report/generator_samples.rst",
            labels={"generator": "{generator}", "seed": "{seed}", "result": "samples"},
        ),
    log:
        f"{LOGS}/train_acgan/{{part}}{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_acgan/{{part}}{{generator}}-seed-{{seed}}.tsv"
    wildcard_constraints:
        generator=one_of(TRAINED),
    # over several nodes it enters the container on each of them
    container:
        IMAGE if NODES == 1 and CAN_ENTER else None
    threads: PROCESSES // NODES
    resources:
        **ON_NODES,
        # as resources they may change without a rerun: the result is that of the global batch
        device=DEVICE,
        processes=PROCESSES,
        # its logs lie beside the results, and change none of them
        tensorboard=lambda wildcards: (
            f"--tensorboard {PART_BRANCH}/tensorboard".format(**wildcards) if config["tensorboard"] else ""
        ),
        gpu=GPUS["train_acgan"],
        mem_mb=lambda wildcards, attempt: 8000 * min(attempt, 4),
        # more attempts, not longer ones: each goes on where the last one stopped
        runtime=720,
    params:
        script=path_of("train_acgan"),
        code=code_of("train_acgan"),
        launcher=launcher,
        time_limit=time_limit,
        flags=generator_flags,
        start_sha256=start_sha256,
        told=flags({"dataset": config["dataset"], "licence": config["licence"]}),
        real=subpath(input.real, parent=True),
        folder=subpath(output.generator, parent=True),
        # not declared: what is declared is deleted before a retry, and a retry goes on from here
        checkpoint=f"{PART_BRANCH}/checkpoint",
        snapshots=f"{PART_BRANCH}/snapshots",
    # an attempt that goes on from a checkpoint goes on in the log, too
    shell:
        "{params.launcher} {params.script} {params.flags} {params.told} --name {wildcards.generator} "
        "--seed {wildcards.seed} --real {params.real} --checkpoint {params.checkpoint} "
        "--snapshots {params.snapshots} {resources.tensorboard} "
        "--device {resources.device} --processes {resources.processes} --threads {threads} "
        "--time-limit {params.time_limit} --output {params.folder} 2>> {log}"

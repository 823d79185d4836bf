rule generate_images:
    input:
        unpack(real_set),
        generator=rules.train_acgan.output.generator,
    output:
        images=f"{PART_BRANCH}/generated/images.npy",
        manifest=f"{PART_BRANCH}/generated/manifest.csv",
        settings=f"{PART_BRANCH}/generated/settings.json",
        png=directory(f"{PART_BRANCH}/generated/png"),
    log:
        f"{LOGS}/generate_images/{{part}}{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/generate_images/{{part}}{{generator}}-seed-{{seed}}.tsv"
    wildcard_constraints:
        generator=one_of(TRAINED),
    threads: 1
    resources:
        device=DEVICE,
        gpu=GPUS["generate_images"],
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("generate_images"),
        code=code_of("generate_images"),
        launcher=python,
        flags=flags(config["generate_images"]),
        real=ratio_to,
        folder=subpath(output.images, parent=True),
    shell:
        "{params.launcher} {params.script} {params.flags} --generator {input.generator} {params.real} "
        "--device {resources.device} --threads {threads} --output {params.folder} 2> {log}"


rule import_images:
    input:
        real=rules.split_data.output.images,
        real_manifest=rules.split_data.output.manifest,
        real_settings=rules.split_data.output.settings,
    output:
        images=f"{BRANCH}/generated/images.npy",
        manifest=f"{BRANCH}/generated/manifest.csv",
        settings=f"{BRANCH}/generated/settings.json",
        rejected=f"{BRANCH}/generated/rejected.csv",
        real_images=f"{BRANCH}/generated/real_images.csv",
    log:
        f"{LOGS}/import_images/{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/import_images/{{generator}}-seed-{{seed}}.tsv"
    wildcard_constraints:
        generator=one_of(IMPORTED),
    # before the trainings: what is wrong with a folder shows at once
    priority: 1
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("import_images"),
        code=code_of("import_images"),
        images=imported_folder,
        images_sha256=imported_sha256,
        flags=flags({name: config["generate_images"].get(name) for name in ("counts", "ratio")}),
        same=imported_once,
        real=subpath(input.real, parent=True),
        folder=subpath(output.images, parent=True),
    shell:
        "python {params.script} --images {params.images:q} {params.flags} {params.same} --name {wildcards.generator} "
        "--seed {wildcards.seed} --real {params.real} --threads {threads} --output {params.folder} 2> {log}"

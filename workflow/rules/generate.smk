rule generate_images:
    input:
        generator=rules.train_acgan.output.generator,
        real=rules.split_data.output.images,
        real_manifest=rules.split_data.output.manifest,
    output:
        images=f"{BRANCH}/generated/images.npy",
        manifest=f"{BRANCH}/generated/manifest.csv",
        settings=f"{BRANCH}/generated/settings.json",
        png=directory(f"{BRANCH}/generated/png"),
    log:
        f"{LOGS}/generate_images/{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/generate_images/{{generator}}-seed-{{seed}}.tsv"
    threads: 1
    resources:
        device=DEVICE,
        gpu=GPUS["generate_images"],
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("generate_images"),
        code=code_of("generate_images"),
        flags=flags(config["generate_images"]),
        real=f"--real {RESULTS}/split" if config["generate_images"].get("ratio") else "",
        folder=subpath(output.images, parent=True),
    shell:
        "python {params.script} {params.flags} --generator {input.generator} {params.real} "
        "--device {resources.device} --threads {threads} --output {params.folder} 2> {log}"

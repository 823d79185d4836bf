DEMO_FOLDER = configuration.DEMO_FOLDER


rule make_demo_data:
    output:
        # files as far as possible: a folder is known by its time alone, and a copy of the project has new times
        metadata=f"{DEMO_FOLDER}/metadata.csv",
        settings=f"{DEMO_FOLDER}/settings.json",
        images=directory(expand(f"{DEMO_FOLDER}/{{label}}", label=configuration.DEMO_CLASSES)),
    log:
        "logs/make_demo_data.log",
    benchmark:
        "benchmarks/make_demo_data.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        script=path_of("make_demo_data"),
        code=code_of("make_demo_data"),
        flags=flags(config["make_demo_data"]),
        folder=subpath(output.metadata, parent=True),
    shell:
        "python {params.script} {params.flags} --output {params.folder} 2> {log}"


rule split_data:
    input:
        data=[rules.make_demo_data.output.metadata] if IS_DEMO else [],
        salt=DATA.get("patient_salt") or [],
    output:
        images=f"{RESULTS}/split/images.npy",
        manifest=f"{RESULTS}/split/manifest.csv",
        rejected=f"{RESULTS}/split/rejected.csv",
        duplicates=f"{RESULTS}/split/duplicates.csv",
        patients=f"{RESULTS}/split/patients.csv",
        settings=f"{RESULTS}/split/settings.json",
    log:
        f"{LOGS}/split_data.log",
    benchmark:
        f"{BENCHMARKS}/split_data.tsv"
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("split_data"),
        code=code_of("split_data"),
        flags=split_flags,
        data_sha256=data_sha256,
        folder=subpath(output.images, parent=True),
    shell:
        "python {params.script} {params.flags} --threads {threads} --output {params.folder} 2> {log}"


rule take_patients:
    input:
        images=rules.split_data.output.images,
        manifest=rules.split_data.output.manifest,
    output:
        images=f"{RESULTS}/{{part}}patients/seed-{{seed}}/images.npy",
        manifest=f"{RESULTS}/{{part}}patients/seed-{{seed}}/manifest.csv",
        settings=f"{RESULTS}/{{part}}patients/seed-{{seed}}/settings.json",
    log:
        f"{LOGS}/take_patients/{{part}}seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/take_patients/{{part}}seed-{{seed}}.tsv"
    wildcard_constraints:
        part=one_of(PARTS),
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        script=path_of("take_patients"),
        code=code_of("take_patients"),
        fraction=lambda wildcards: wildcards.part.removeprefix("real_fraction-").removesuffix("/"),
        real=subpath(input.images, parent=True),
        folder=subpath(output.images, parent=True),
    shell:
        "python {params.script} --real {params.real} --real-fraction {params.fraction} --seed {wildcards.seed} "
        "--output {params.folder} 2> {log}"

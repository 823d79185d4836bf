rule make_demo_data:
    input:
        scripts=script_files("make_demo_data"),
    output:
        folder=directory(DEMO_FOLDER),
    log:
        "logs/make_demo_data.log",
    benchmark:
        "benchmarks/make_demo_data.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        flags=flags(config["make_demo_data"]),
    shell:
        "python {input.scripts[0]} {params.flags} --output {output.folder} 2> {log}"


rule split_data:
    input:
        scripts=script_files("split_data"),
        data=[DEMO_FOLDER] if IS_DEMO else [],
    output:
        images=f"{RESULTS}/split/images.npy",
        manifest=f"{RESULTS}/split/manifest.csv",
        rejected=f"{RESULTS}/split/rejected.csv",
        duplicates=f"{RESULTS}/split/duplicates.csv",
        patients=f"{RESULTS}/split/patients.csv",
        settings=f"{RESULTS}/split/settings.json",
        figure=report(
            f"{RESULTS}/split/split.png",
            category="Data",
            caption="../report/split.rst",
            labels={"result": "who is in which split"},
        ),
    log:
        f"{LOGS}/split_data.log",
    benchmark:
        f"{BENCHMARKS}/split_data.tsv"
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        flags=flags(config["split_data"]),
        data_sha256=data_sha256,
        folder=subpath(output.images, parent=True),
    shell:
        "python {input.scripts[0]} {params.flags} --threads {threads} --output {params.folder} 2> {log}"

rule write_report:
    input:
        study=rules.summarise_study.output.json,
        figures=rules.summarise_study.output.vector_figures,
        images=rules.split_data.output.images,
        manifest=rules.split_data.output.manifest,
        rejected=rules.split_data.output.rejected,
        split=rules.split_data.output.settings,
        generated=expand(f"{BRANCH}/generated/images.npy", generator=GENERATORS, seed=SEEDS),
        generated_manifests=expand(f"{BRANCH}/generated/manifest.csv", generator=GENERATORS, seed=SEEDS),
        generated_settings=expand(f"{BRANCH}/generated/settings.json", generator=GENERATORS, seed=SEEDS),
        train=expand(rules.train_acgan.output.settings, part="", generator=TRAINED, seed=SEEDS),
        # stands for the sample sheets too: a folder is known by its time alone, and a copy of the project has new times
        history=expand(rules.train_acgan.output.history, part="", generator=TRAINED, seed=SEEDS),
        speed=expand(rules.train_acgan.output.speed, part="", generator=TRAINED, seed=SEEDS),
        fid=expand(rules.compute_fid.output.settings, generator=GENERATORS, seed=SEEDS),
        copies=expand(rules.compute_fid.output.copies, generator=GENERATORS, seed=SEEDS),
        classifier=of_each(rules.evaluate_classifier.output.settings, CLASSIFIERS, "arm"),
    output:
        page=f"{RESULTS}/report.html",
        # not in the training's folder, which that stage finds empty
        cards=expand(f"{BRANCH}/model_card.md", generator=TRAINED, seed=SEEDS),
    log:
        f"{LOGS}/write_report.log",
    benchmark:
        f"{BENCHMARKS}/write_report.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        script=path_of("write_report"),
        code=code_of("write_report"),
        templates=configuration.sha256_of_files(TEMPLATES),
        flags=flags(config["study_notes"]),
        study=subpath(input.study, parent=True),
        split=subpath(input.images, parent=True),
        generated=expand(f"{BRANCH}/generated", generator=GENERATORS, seed=SEEDS),
        train=flags({"train": expand(f"{BRANCH}/train", generator=TRAINED, seed=SEEDS)}),
        fid=expand(f"{BRANCH}/fid", generator=GENERATORS, seed=SEEDS),
        classifier=of_each(PART_ARM, CLASSIFIERS, "arm"),
        benchmarks=BENCHMARKS,
        cards=subpath(output.page, parent=True),
    shell:
        "python {params.script} {params.flags} --study {params.study} --split {params.split} "
        "--generated {params.generated} {params.train} --fid {params.fid} --classifier {params.classifier} "
        "--benchmarks {params.benchmarks} --cards {params.cards} --output {output.page} 2> {log}"

rule compute_fid:
    input:
        real=rules.split_data.output.images,
        real_manifest=rules.split_data.output.manifest,
        generated=f"{BRANCH}/generated/images.npy",
        generated_manifest=f"{BRANCH}/generated/manifest.csv",
        generated_settings=f"{BRANCH}/generated/settings.json",
    output:
        distances=f"{BRANCH}/fid/distances.csv",
        diversity=f"{BRANCH}/fid/diversity.csv",
        copies=f"{BRANCH}/fid/copies.csv",
        settings=f"{BRANCH}/fid/settings.json",
    log:
        f"{LOGS}/compute_fid/{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/compute_fid/{{generator}}-seed-{{seed}}.tsv"
    threads: 1
    resources:
        device=DEVICE,
        gpu=GPUS["compute_fid"],
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("compute_fid"),
        code=code_of("compute_fid"),
        launcher=python,
        flags=flags(config["compute_fid"]),
        real=subpath(input.real, parent=True),
        generated=subpath(input.generated, parent=True),
        # not declared: named by the checksum of what they were computed from, and shared by all jobs
        features=f"{RESULTS}/features",
        folder=subpath(output.distances, parent=True),
    shell:
        "{params.launcher} {params.script} {params.flags} --real {params.real} --generated {params.generated} "
        "--features {params.features} --device {resources.device} --threads {threads} "
        "--output {params.folder} 2> {log}"


rule evaluate_classifier:
    input:
        unpack(real_set),
        generated=synthetic_files,
    output:
        predictions=f"{PART_ARM}/predictions.csv",
        scores=f"{PART_ARM}/scores.csv",
        history=f"{PART_ARM}/history.csv",
        model=f"{PART_ARM}/model.safetensors",
        settings=f"{PART_ARM}/settings.json",
    log:
        f"{LOGS}/evaluate_classifier/{{part}}{{arm}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate_classifier/{{part}}{{arm}}-seed-{{seed}}.tsv"
    threads: 1
    resources:
        device=DEVICE,
        gpu=GPUS["evaluate_classifier"],
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        script=path_of("evaluate_classifier"),
        code=code_of("evaluate_classifier"),
        launcher=python,
        flags=arm_flags,
        real=subpath(input.real, parent=True),
        folder=subpath(output.scores, parent=True),
    shell:
        "{params.launcher} {params.script} {params.flags} --real {params.real} --seed {wildcards.seed} "
        "--device {resources.device} --threads {threads} --output {params.folder} 2> {log}"


rule classify_images:
    input:
        images=f"{BRANCH}/generated/images.npy",
        manifest=f"{BRANCH}/generated/manifest.csv",
        images_settings=f"{BRANCH}/generated/settings.json",
        model=f"{RESULTS}/classifier/real/seed-{{seed}}/model.safetensors",
    output:
        predictions=f"{BRANCH}/classified/predictions.csv",
        labels=f"{BRANCH}/classified/labels.csv",
        settings=f"{BRANCH}/classified/settings.json",
    log:
        f"{LOGS}/classify_images/{{generator}}-seed-{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/classify_images/{{generator}}-seed-{{seed}}.tsv"
    threads: 1
    resources:
        device=DEVICE,
        gpu=GPUS["classify_images"],
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        script=path_of("classify_images"),
        code=code_of("classify_images"),
        launcher=python,
        weights=real_weights(),
        images=subpath(input.images, parent=True),
        folder=subpath(output.labels, parent=True),
    shell:
        "{params.launcher} {params.script} --model {input.model} {params.weights} --images {params.images} "
        "--device {resources.device} --threads {threads} --output {params.folder} 2> {log}"


rule draw_curves:
    input:
        split=rules.split_data.output.manifest,
        split_settings=rules.split_data.output.settings,
        train=of_each(rules.train_acgan.output.history, TRAININGS, "generator"),
        train_settings=of_each(rules.train_acgan.output.settings, TRAININGS, "generator"),
        classifier=of_each(rules.evaluate_classifier.output.history, CLASSIFIERS, "arm"),
        classifier_settings=of_each(rules.evaluate_classifier.output.settings, CLASSIFIERS, "arm"),
    output:
        split=report(
            f"{RESULTS}/curves/split.png",
            category="Data",
            caption="../report/split.rst",
            labels={"result": "who is in which split"},
        ),
        train=[
            report(
                f"{RESULTS}/curves/{part}train/{generator}-seed-{seed}.png",
                category="Training",
                caption="../report/curves.rst",
                labels={"generator": f"{part}{generator}", "seed": str(seed), "result": "losses and distance"},
            )
            for part, generator in TRAININGS
            for seed in SEEDS
        ],
        classifier=of_each(f"{RESULTS}/curves/{{part}}classifier/{{arm}}-seed-{{seed}}.png", CLASSIFIERS, "arm"),
    log:
        f"{LOGS}/draw_curves.log",
    benchmark:
        f"{BENCHMARKS}/draw_curves.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        script=path_of("draw_curves"),
        code=code_of("draw_curves"),
        split=subpath(input.split, parent=True),
        train=flags({"train": of_each(f"{PART_BRANCH}/train", TRAININGS, "generator")}),
        classifier=of_each(PART_ARM, CLASSIFIERS, "arm"),
        folder=subpath(output.split, parent=True),
    shell:
        "python {params.script} --split {params.split} {params.train} "
        "--classifier {params.classifier} --output {params.folder} 2> {log}"


rule summarise_study:
    input:
        real=rules.split_data.output.images,
        real_manifest=rules.split_data.output.manifest,
        generated=expand(f"{BRANCH}/generated/images.npy", generator=GENERATORS, seed=SEEDS),
        generated_settings=expand(f"{BRANCH}/generated/settings.json", generator=GENERATORS, seed=SEEDS),
        history=of_each(rules.train_acgan.output.history, TRAININGS, "generator"),
        history_settings=of_each(rules.train_acgan.output.settings, TRAININGS, "generator"),
        distances=expand(rules.compute_fid.output.distances, generator=GENERATORS, seed=SEEDS),
        diversity=expand(rules.compute_fid.output.diversity, generator=GENERATORS, seed=SEEDS),
        labels=expand(rules.classify_images.output.labels, generator=CLASSIFIED, seed=SEEDS),
        classifier=of_each(rules.evaluate_classifier.output.predictions, CLASSIFIERS, "arm"),
        validations=of_each(rules.evaluate_classifier.output.history, CLASSIFIERS, "arm"),
    output:
        study=report(
            f"{RESULTS}/study/study.csv",
            category="Study",
            caption="../report/study.rst",
            labels={"result": "table of scores"},
        ),
        json=f"{RESULTS}/study/study.json",
        verdict=report(
            f"{RESULTS}/study/verdict.txt",
            category="Study",
            caption="../report/verdict.rst",
            labels={"result": "the verdict"},
        ),
        scores=f"{RESULTS}/study/scores.csv",
        groups=f"{RESULTS}/study/groups.csv",
        probes=f"{RESULTS}/study/probes.csv",
        fractions=f"{RESULTS}/study/fractions.csv",
        distances=report(
            f"{RESULTS}/study/distances.csv",
            category="Study",
            caption="../report/distances_table.rst",
            labels={"result": "table of distances"},
        ),
        diversity=report(
            f"{RESULTS}/study/diversity.csv",
            category="Study",
            caption="../report/diversity_table.rst",
            labels={"result": "table of diversity"},
        ),
        labels=report(
            f"{RESULTS}/study/labels.csv",
            category="Study",
            caption="../report/labels_table.rst",
            labels={"result": "table of labels"},
        ),
        generators=report(
            f"{RESULTS}/study/generators.csv",
            category="Study",
            caption="../report/generators.rst",
            labels={"result": "table of generators"},
        ),
        figures=[
            report(
                f"{RESULTS}/study/{name}.png",
                category="Study",
                caption=f"../report/{name}.rst",
                labels={"result": title},
            )
            for name, title in FIGURES.items()
        ],
        # for a paper; images are no lines
        vector_figures=expand(f"{RESULTS}/study/{{name}}.svg", name=[name for name in FIGURES if name != "samples"]),
    log:
        f"{LOGS}/summarise_study.log",
    benchmark:
        f"{BENCHMARKS}/summarise_study.tsv"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        script=path_of("summarise_study"),
        code=code_of("summarise_study"),
        flags=flags(config["summarise_study"]),
        real=subpath(input.real, parent=True),
        generated=expand(f"{BRANCH}/generated", generator=GENERATORS, seed=SEEDS),
        history=flags({"history": of_each(f"{PART_BRANCH}/train", TRAININGS, "generator")}),
        fid=expand(f"{BRANCH}/fid", generator=GENERATORS, seed=SEEDS),
        classified=lambda wildcards: [
            *(["--classified"] if CLASSIFIED else []),
            *expand(f"{BRANCH}/classified", generator=CLASSIFIED, seed=SEEDS),
        ],
        classifier=of_each(PART_ARM, CLASSIFIERS, "arm"),
        folder=subpath(output.study, parent=True),
    shell:
        "python {params.script} {params.flags} --real {params.real} --generated {params.generated} "
        "{params.history} --fid {params.fid} --classifier {params.classifier} "
        "{params.classified} --output {params.folder} 2> {log}"

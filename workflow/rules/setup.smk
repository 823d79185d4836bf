# no result needs it: `snakemake --profile slurm check_setup` lists what a node has and lacks
rule check_setup:
    output:
        findings=f"{RESULTS}/setup.txt",
    log:
        f"{LOGS}/check_setup.log",
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=4000,
        runtime=15,
    params:
        script=path_of("check_setup"),
        code=code_of("check_setup"),
        configfile=lambda wildcards, threads: workflow.configfiles[-1],
    shell:
        "python {params.script} --configfile {params.configfile} --output {output.findings} &> {log}"

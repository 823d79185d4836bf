# no result needs it: `snakemake check_setup --profile slurm` lists what a node has and lacks. Its file isn't declared as
# an output: what is asked again is looked at again, and what was wrong can be read.
rule check_setup:
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
        profile=PROFILE,
        configfile=lambda wildcards, threads: workflow.configfiles[-1],
        findings=f"{RESULTS}/setup.txt",
    shell:
        "mkdir -p $(dirname {params.findings}); python {params.script} --profile {params.profile} "
        "--configfile {params.configfile} --output {params.findings} &> {log}"

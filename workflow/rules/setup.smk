# no result asks for it: `snakemake --profile slurm check_setup` tells what a node has and lacks
rule check_setup:
    input:
        scripts=script_files("check_setup"),
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
        configfile=lambda wildcards, threads: workflow.configfiles[-1],
    shell:
        "python {input.scripts[0]} --configfile {params.configfile} --output {output.findings} &> {log}"

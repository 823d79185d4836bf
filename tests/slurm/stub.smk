# A study without stages: jobs that last as long as a file holds them, and note each attempt.
import sys

sys.path.insert(0, config["scripts"])

from chestgan.cluster import executor

if workflow.is_main_process:
    executor.use()


rule all:
    localrule: True
    default_target: True
    input:
        expand("results/{chain}-{link}", chain=config["chains"].split("+"), link=config["links"] - 1),


rule stub:
    input:
        lambda wildcards: [f"results/{wildcards.chain}-{int(wildcards.link) - 1}"] if int(wildcards.link) else [],
    output:
        "results/{chain}-{link}",
    log:
        "logs/{chain}-{link}",
    resources:
        mem_mb=500,
        runtime=60,
        slurm_partition=config["partition"],
    shell:
        "echo attempt >> attempts/{wildcards.chain}-{wildcards.link}; "
        "while [ -e held/{wildcards.chain}-{wildcards.link} ]; do sleep 0.2; done; "
        "echo {wildcards.chain} {wildcards.link} > {output}; [ ! -e failing ] 2> {log}"

# Runs live in results/store, one file each; a shard's manifest says that its runs are there.


rule train:
    output:
        manifest="results/{preset}/{experiment}/shards/{shard}-of-{shards}.txt",
    log:
        "results/{preset}/{experiment}/logs/train-{shard}-of-{shards}.log",
    benchmark:
        "results/{preset}/{experiment}/benchmarks/train-{shard}-of-{shards}.tsv"
    conda:
        "../../environment.yml"
    threads: WORKERS or workflow.cores
    params:
        runs=runs_of_shard,
    message:
        "Train the runs of {wildcards.experiment} ({wildcards.preset}) that no store holds"
    shell:
        "depthtransfer train {wildcards.experiment} --preset {wildcards.preset}"
        " --shard {wildcards.shard}/{wildcards.shards} --workers {threads}"
        " --log {log} --manifest {output.manifest}"

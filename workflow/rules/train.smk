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
    threads: asks("workers", runs_of_train)
    resources:
        mem_mb=asks("mem_mb", runs_of_train),
        runtime=asks("minutes", runs_of_train),
        cpus_per_task=asks("cpus", runs_of_train),
        gpu=asks("gpus", runs_of_train),
        gpu_model=asks("gpu_model", runs_of_train),
    params:
        runs=runs_of_shard,
        machine=machine,
    message:
        "Train the runs of {wildcards.experiment} ({wildcards.preset}) that no store holds"
    shell:
        "depthtransfer train {wildcards.experiment} --preset {wildcards.preset}"
        " --shard {wildcards.shard}/{wildcards.shards} --machine {params.machine} --workers {threads}"
        " --log {log} --manifest {output.manifest}"

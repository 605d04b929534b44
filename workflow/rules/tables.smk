# The wall: runs become tables, and tables of their optima. Where a preset refines, values are added between the two.


rule refine:
    input:
        all_shards,
    output:
        refinement="results/{preset}/{experiment}/refinement.csv",
    log:
        "results/{preset}/{experiment}/logs/refine.log",
    benchmark:
        "results/{preset}/{experiment}/benchmarks/refine.tsv"
    conda:
        "../../environment.yml"
    threads: asks("workers", runs_of_refine)
    resources:
        mem_mb=asks("mem_mb", runs_of_refine),
        runtime=asks("minutes", runs_of_refine),
        cpus_per_task=asks("cpus", runs_of_refine),
        gpu=asks("gpus", runs_of_refine),
        gpu_model=asks("gpu_model", runs_of_refine),
    params:
        rows=rows_of_tables,
        most=lambda wildcards: configuration.load_preset(wildcards.preset).refine,
        code=code_of("depthtransfer.analysis.flags"),
    message:
        "Add values to {wildcards.experiment} ({wildcards.preset}) where its optima need them"
    shell:
        "depthtransfer refine {wildcards.experiment} --preset {wildcards.preset}"
        " --workers {threads} --log {log}"


rule tables:
    input:
        shards_and_additions,
    output:
        **{
            name: f"results/{{preset}}/{{experiment}}/{file}"
            for name, file in targets.TABLES.items()
        },
    log:
        "results/{preset}/{experiment}/logs/tables.log",
    benchmark:
        "results/{preset}/{experiment}/benchmarks/tables.tsv"
    conda:
        "../../environment.yml"
    params:
        rows=rows_of_tables,
        code=code_of("depthtransfer.sweeps.collect", "depthtransfer.analysis.summary"),
    message:
        "Collect the runs of {wildcards.experiment} ({wildcards.preset}) into tables"
    shell:
        "depthtransfer collect {wildcards.experiment} --preset {wildcards.preset}"
        " 2>&1 | tee {log} >&2"

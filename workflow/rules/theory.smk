# Solutions of the theory live in results/solutions, one file each; a study's table is gathered from them.


rule study:
    output:
        table="results/{preset}/theory/{study}.parquet",
        provenance="results/{preset}/theory/{study}_provenance.parquet",
    log:
        "results/{preset}/theory/logs/{study}.log",
    benchmark:
        "results/{preset}/theory/benchmarks/{study}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=minutes_of_study,
    params:
        solutions=solutions_of_study,
        code=code_of("depthtransfer.studies.collect"),
    message:
        "Solve what the study {wildcards.study} ({wildcards.preset}) asks of the theory and no store holds"
    shell:
        "depthtransfer study {wildcards.study} --preset {wildcards.preset} --log {log}"

# Claims of the paper, judged by whatever tables a preset's experiments give.


rule claims:
    input:
        f"results/{DEFAULT_PRESET}/claims.csv",


rule verdicts:
    input:
        tables_of_preset,
    output:
        csv="results/{preset}/claims.csv",
        table="results/{preset}/claims.parquet",
    log:
        "results/{preset}/logs/claims.log",
    benchmark:
        "results/{preset}/benchmarks/claims.tsv"
    conda:
        "../../environment.yml"
    params:
        code=code_of("depthtransfer.claims"),
    message:
        "Judge the claims ({wildcards.preset})"
    shell:
        "depthtransfer claims --preset {wildcards.preset} --output {output.csv}"
        " 2>&1 | tee {log} >&2"

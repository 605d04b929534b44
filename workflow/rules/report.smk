# One page on a preset: claims, figures, runs, cost, environment.


rule report:
    input:
        f"results/{DEFAULT_PRESET}/report.html",


rule page:
    input:
        tables_of_preset,
        figures_of_preset,
        claims="results/{preset}/claims.parquet",
    output:
        "results/{preset}/report.html",
    log:
        "results/{preset}/logs/report.log",
    benchmark:
        "results/{preset}/benchmarks/report.tsv"
    conda:
        "../../environment.yml"
    params:
        code=code_of("depthtransfer.cli.report"),
    message:
        "Write the report ({wildcards.preset})"
    shell:
        "depthtransfer report --preset {wildcards.preset} --output {output}"
        " 2>&1 | tee {log} >&2"

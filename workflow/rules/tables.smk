# The wall: runs become tables, tables become optima.


rule tables:
    input:
        all_shards,
    output:
        runs="results/{preset}/{experiment}/runs.parquet",
        steps="results/{preset}/{experiment}/steps.parquet",
        probes="results/{preset}/{experiment}/probes.parquet",
        provenance="results/{preset}/{experiment}/provenance.parquet",
    log:
        "results/{preset}/{experiment}/logs/tables.log",
    benchmark:
        "results/{preset}/{experiment}/benchmarks/tables.tsv"
    conda:
        "../../environment.yml"
    params:
        rows=rows_of_tables,
        code=codebase.digest("depthtransfer.sweeps.collect"),
    message:
        "Collect the runs of {wildcards.experiment} ({wildcards.preset}) into tables"
    shell:
        "depthtransfer collect {wildcards.experiment} --preset {wildcards.preset}"
        " 2>&1 | tee {log} >&2"


rule analyze:
    input:
        runs="results/{preset}/{experiment}/runs.parquet",
    output:
        optimum="results/{preset}/{experiment}/optimum.csv",
        transfer="results/{preset}/{experiment}/transfer.csv",
        regret="results/{preset}/{experiment}/regret.csv",
    log:
        "results/{preset}/{experiment}/logs/analyze.log",
    benchmark:
        "results/{preset}/{experiment}/benchmarks/analyze.tsv"
    conda:
        "../../environment.yml"
    params:
        code=codebase.digest("depthtransfer.analysis"),
    message:
        "Find the optima of {wildcards.experiment} ({wildcards.preset})"
    shell:
        "depthtransfer analyze {wildcards.experiment} --preset {wildcards.preset}"
        " 2>&1 | tee {log} >&2"

# A figure reads tables; the optima behind it are made with it. What is no figure gets an explanation.


rule figure:
    input:
        tables_of,
    output:
        pdf=report(
            "figures/{folder}{figure}.pdf",
            caption="../report/figure.rst",
            category="{figure}",
        ),
        png="figures/{folder}{figure}.png",
        csv="figures/{folder}{figure}.csv",
    log:
        "results/logs/figures/{folder}{figure}.log",
    benchmark:
        "results/benchmarks/figures/{folder}{figure}.tsv"
    conda:
        "../../environment.yml"
    params:
        preset=preset_of,
        code=code_of_figure,
    message:
        "Draw {output.pdf}"
    shell:
        "depthtransfer figure {wildcards.figure} --preset {params.preset}"
        " --output {output.pdf} 2>&1 | tee {log} >&2"


rule unknown_figure:
    input:
        explain_unknown_figure,
    output:
        "figures/{unknown}",
    log:
        "results/logs/unknown/{unknown}.log",
    benchmark:
        "results/benchmarks/unknown/{unknown}.tsv"
    wildcard_constraints:
        unknown=rf"(?!(?:{KNOWN_FIGURES})\.(?:pdf|png|csv)).+",
    conda:
        "../../environment.yml"
    shell:
        "exit 2"


rule bare_name:
    input:
        explain_name,
    output:
        "{bare}",
    log:
        "results/logs/unknown/{bare}.log",
    benchmark:
        "results/benchmarks/unknown/{bare}.tsv"
    wildcard_constraints:
        bare=one_of(PICTURES),
    conda:
        "../../environment.yml"
    shell:
        "exit 2"


rule absolute_name:
    input:
        explain_absolute,
    output:
        f"{Path.cwd()}/{{inside}}",
    log:
        "results/logs/unknown/{inside}.log",
    benchmark:
        "results/benchmarks/unknown/{inside}.tsv"
    wildcard_constraints:
        inside="(figures|results)/.+",
    conda:
        "../../environment.yml"
    shell:
        "exit 2"

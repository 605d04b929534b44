# Front door: `snakemake figures/fig1.pdf`. The path says what is wanted: figures/fig1.pdf is the default preset's
# (smoke), figures/reference/fig1.pdf, figures/desktop/fig1.pdf and figures/paper/fig1.pdf the others'.
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/common.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        figures_of_default(),

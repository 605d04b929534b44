# What the rules know about the configuration; light, so that the graph stands within a second.
import functools
import hashlib
import re
from pathlib import Path

from depthtransfer import codebase, configuration, figures, registry, targets
from depthtransfer.configuration import (
    DEFAULT_PRESET,
    figure_path,
    table_folder,
)
from depthtransfer.errors import UserError
from depthtransfer.pricing import theory
from depthtransfer.pricing.jobs import Jobs
from depthtransfer.registry import STUDIES
from depthtransfer.studies import plan
from depthtransfer.sweeps import grid, refinement

# Each rule names environment.yml, the versions it was tested with. Snakemake is meant to run inside an environment
# that holds this package as well (.venv, or conda's as the README says), so `--sdm conda` is not needed.


# What only reads tables stays on the machine where Snakemake runs: seconds each, less than a cluster takes to start
# a job. Training and the theory are submitted.
localrules:
    all,
    tables,
    figure,
    unknown_figure,
    bare_name,
    absolute_name,
    verdicts,
    claims,
    page,
    report,


# ---- errors


def stop(error):
    """End with one line for the user; Snakemake would wrap an exception in a traceback of its own."""
    raise SystemExit(f"depthtransfer: {error}")


def plainly(function):
    """Report an error that the user can put right as one line."""

    @functools.wraps(function)
    def wrapped(*arguments):
        try:
            return function(*arguments)
        except UserError as error:
            stop(error)

    return wrapped


# ---- configuration: names at once, content when a target asks for it, so that a file in the works stops only its own


@plainly
def names_of(folder):
    """Names of all presets or experiments."""
    return configuration.names(Path("config") / folder)


@plainly
def jobs_of_configuration():
    """How training is spread over jobs; it changes no result."""
    return Jobs.of(config)


@functools.cache
def sweep(preset, experiment):
    """The runs that a preset asks of an experiment."""
    return grid.load_runs(preset, experiment)


@functools.cache
def study_keys(preset, study):
    """Keys of the solutions that a preset asks of a study of the theory."""
    asked = plan.solutions(configuration.load_theory(preset), study)
    return sorted(each.key for each in asked)


def one_of(names):
    """Regular expression of exactly these names."""
    return "|".join(map(re.escape, names))


JOBS = jobs_of_configuration()
PRESETS, EXPERIMENTS = names_of("presets"), names_of("experiments")
FIGURES = tuple(registry.FIGURES)
PICTURES = FIGURES + tuple(registry.SWEEP + name for name in EXPERIMENTS)
FOLDERS = one_of(f"{name}/" for name in PRESETS if name != DEFAULT_PRESET)
KNOWN_FIGURES = f"(?:{FOLDERS}|)(?:{one_of(PICTURES)})"


wildcard_constraints:
    preset=one_of(PRESETS),
    experiment=one_of(EXPERIMENTS),
    figure=one_of(PICTURES),
    study=one_of(STUDIES),
    folder=f"{FOLDERS}|",
    shard=r"\d+",
    shards=r"\d+",


# ---- inputs


@plainly
def all_shards(wildcards):
    """Manifests of all shards of an experiment."""
    folder = table_folder(wildcards.preset, wildcards.experiment) / "shards"
    count = JOBS.count(sweep(wildcards.preset, wildcards.experiment))
    return [folder / f"{index + 1}-of-{count}.txt" for index in range(count)]


@plainly
def shards_and_additions(wildcards):
    """All of an experiment's shards and, where the preset refines, the table of added values."""
    refines = configuration.load_preset(wildcards.preset).refine
    added = configuration.refinement_path(wildcards.preset, wildcards.experiment)
    return all_shards(wildcards) + ([added] if refines else [])


def preset_of(wildcards):
    """The preset that a figure's folder names."""
    return wildcards.folder.rstrip("/") or DEFAULT_PRESET


@plainly
def tables_of(wildcards):
    """Tables, with their provenance, that a figure is drawn from."""
    return targets.read_by_figure(preset_of(wildcards), wildcards.figure)


@plainly
def tables_of_preset(wildcards):
    """Tables of every experiment of a preset, and of every study of the theory."""
    return targets.read_by_claims(wildcards.preset)


@plainly
def figures_of_preset(wildcards):
    """PNG and CSV of every figure of a preset."""
    return targets.shown_by_report(wildcards.preset)


def explain_unknown_figure(wildcards):
    """Say what could have been asked for."""
    others = ", ".join(name for name in PRESETS if name != DEFAULT_PRESET)
    stop(
        f"figures/{wildcards.unknown} is not known; write figures/NAME.pdf for the preset {DEFAULT_PRESET}, "
        f"or figures/PRESET/NAME.pdf with PRESET one of {others}; NAME is one of {', '.join(FIGURES)}, "
        f"or {registry.SWEEP}EXPERIMENT with EXPERIMENT one of {', '.join(EXPERIMENTS)}"
    )


@plainly
def figures_of_default():
    """Figures of the default preset, of all that it has the runs of."""
    return [
        figure_path(name, DEFAULT_PRESET) for name in targets.figures_of(DEFAULT_PRESET)
    ]


def explain_name(wildcards):
    """Say how a figure is written whose name alone was given."""
    stop(
        f"{wildcards.bare} is the name of a figure; write {figure_path(wildcards.bare, DEFAULT_PRESET)}"
    )


def explain_absolute(wildcards):
    """Say how a target is written that was given with its folder."""
    stop(f"targets are written from this folder; write {wildcards.inside}")


# ---- jobs


@functools.cache
def shares(preset, experiment, count):
    """The runs of each of so many jobs of an experiment."""
    return JOBS.shares(sweep(preset, experiment), count)


def runs_of_train(job):
    """The runs of a shard."""
    return shares(job.preset, job.experiment, int(job.shards))[int(job.shard) - 1]


def runs_of_refine(job):
    """As many runs as are added to an experiment at most, each of them like one that is known."""
    rounds = configuration.load_preset(job.preset).refine
    return refinement.at_most(sweep(job.preset, job.experiment), rounds)


def asks(name, runs):
    """Function of wildcards and attempt: how much of a resource the job asks for that trains these runs."""

    @plainly
    def amount(job, attempt):
        whole = sweep(job.preset, job.experiment)
        cores = 1 if JOBS.settings.decides_workers else workflow.cores
        wanted = JOBS.resources(whole, runs(job), attempt=attempt, cores=cores)
        return getattr(wanted, name) or None

    return lambda wildcards, attempt: amount(wildcards, attempt)


@functools.cache
def seconds_of_study(preset, study):
    """Estimated time of a study's solutions, on one core."""
    return theory.seconds(plan.solutions(configuration.load_theory(preset), study))


def minutes_of_study(wildcards, attempt):
    """Wall time that a study asks for; solutions are kept one by one, so the next attempt goes on."""
    return JOBS.minutes(seconds_of_study(wildcards.preset, wildcards.study), attempt)


@plainly
def machine(wildcards):
    """Name of what the jobs of an experiment are to take equal time on."""
    return JOBS.on(sweep(wildcards.preset, wildcards.experiment)).name


# ---- params: the smallest slice of configuration and code, so that only what was touched is made again


def digest_of(lines):
    """Short digest of some lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@plainly
def runs_of_shard(wildcards):
    """Digest of the keys of a shard: a changed grid or engine version trains what is new."""
    return digest_of(sorted(request.spec.key for request in runs_of_train(wildcards)))


@plainly
def rows_of_tables(wildcards):
    """Digest of all that decides an experiment's tables besides the runs themselves."""
    return digest_of(
        f"{request.spec.key} {request.spec.dataset} {request.window} {request.epochs} {request.variant}"
        for request in sweep(wildcards.preset, wildcards.experiment).requests
    )


@plainly
def solutions_of_study(wildcards):
    """Digest of the keys of a study's solutions and of their order."""
    return digest_of(study_keys(wildcards.preset, wildcards.study))


def code_of(*modules):
    """Function of wildcards: digest of the code that runs through these modules, read when a job asks for it."""
    return lambda wildcards: codebase.digest(*modules)


def code_of_figure(wildcards):
    """Digest of the code that a figure runs through."""
    return figures.code_of(wildcards.figure)

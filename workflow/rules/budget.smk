# snakemake --config budget=10h TARGET: nothing starts if what is missing takes longer (`depthtransfer plan`).
from subprocess import call


onstart:
    if "budget" in config:
        asked = map(str, workflow.dag_settings.targets or ["all"])
        code = call(
            [
                "depthtransfer",
                "plan",
                "--budget",
                str(config["budget"]),
                "--",
                *asked,
            ]
        )
        if code:
            raise SystemExit(code)

# snakemake --config budget=10h TARGET: nothing starts if what is missing takes longer (`depthtransfer plan`).
import subprocess


onstart:
    if "budget" in config:
        asked = map(str, workflow.dag_settings.targets or ["all"])
        checked = subprocess.run(
            ["depthtransfer", "plan", *asked, "--budget", str(config["budget"])]
        )
        if checked.returncode:
            raise SystemExit(checked.returncode)

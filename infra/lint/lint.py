"""Lints every template here as CloudFormation will see it: as it is, and engine.yaml also after its SAM transform.

Prints what is wrong and ends with 1 then. Needs the packages of requirements.txt and no network.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

INFRA = Path(__file__).resolve().parent.parent
# Where the example is deployed. What a template may hold differs between Regions.
REGIONS = ["us-east-1", "us-west-1"]


class NoManagedPolicies:
    """Every role here spells its policies out, so the translator has no managed policy to look up in IAM."""

    def load(self):
        return {}


def expanded(template):
    """The template as the SAM transform leaves it, or None where it has none."""
    parsed = yaml_parse(template.read_text())
    if "Transform" not in parsed:
        return None
    os.environ["AWS_DEFAULT_REGION"] = REGIONS[0]
    result = transform(parsed, {}, NoManagedPolicies())
    result.pop("Transform", None)
    return json.dumps(result, indent=2)


def is_sound(files):
    command = [Path(sys.executable).with_name("cfn-lint"), "--regions", *REGIONS, "--", *map(str, files)]
    return subprocess.run(command, check=False).returncode == 0


def main():
    templates = sorted(INFRA.glob("*.yaml")) + sorted(INFRA.glob("examples/*/*.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        files = list(templates)
        for template in templates:
            if text := expanded(template):
                files.append(Path(folder, f"{template.stem}.expanded.json"))
                files[-1].write_text(text)
        return 0 if is_sound(files) else 1


if __name__ == "__main__":
    sys.exit(main())

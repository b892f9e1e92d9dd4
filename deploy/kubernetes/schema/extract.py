#!/usr/bin/env python3
"""Reduces the custom resource definitions of Kubeflow Trainer to what the manifests' test needs: a JSON schema with the
names, types and limits of the fields, and no text. Parts that belong to Kubernetes itself (CUT) are checked against the
official models instead, or are not used by the manifests.

    git clone --depth 1 --branch v2.3.0 https://github.com/kubeflow/trainer
    deploy/kubernetes/schema/extract.py trainer/manifests/base/crds/trainer.kubeflow.org_{trainjobs,clustertrainingruntimes}.yaml \
        > deploy/kubernetes/schema/trainer-v2.3.0.json
"""
import json
import sys

import yaml  # PyYAML

KEPT = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties")
CUT = {
    "spec.template.spec.replicatedJobs[].template",  # a JobTemplateSpec
    "spec.template.spec.volumeClaimPolicies",
    "spec.runtimePatches",
    "spec.initializer",
    "status",
    "metadata",
}


def reduce(schema, path):
    if path in CUT:
        return {}
    kept = {key: schema[key] for key in KEPT if key in schema}
    if "properties" in schema:
        kept["additionalProperties"] = False
        kept["required"] = schema.get("required", [])
        kept["properties"] = {
            name: reduce(part, f"{path}.{name}" if path else name) for name, part in schema["properties"].items()
        }
    if "items" in schema:
        kept["items"] = reduce(schema["items"], path + "[]")
    return kept


kinds = {}
for name in sys.argv[1:]:
    with open(name) as file:
        definition = yaml.safe_load(file)["spec"]
    version = next(version for version in definition["versions"] if version["served"])
    schema = reduce(version["schema"]["openAPIV3Schema"], "")
    schema["properties"]["apiVersion"]["enum"] = [definition["group"] + "/" + version["name"]]
    kinds[definition["names"]["kind"]] = schema
json.dump(kinds, sys.stdout, indent=1, sort_keys=True)
print()

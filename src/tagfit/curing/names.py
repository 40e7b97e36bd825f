"""Names of the files in the folder of a cure; without other imports, so that a folder is recognised at no cost."""

from __future__ import annotations

REQUEST = "cure.json"  # what the cure was asked for; written first
TRIALS = "trials.jsonl"
CERTIFICATE = "certificate.json"

#!/bin/sh
# The environment of the peers: sh benchmarks/tagging/environment.sh FOLDER
set -eu
python3 -m venv "$1"
"$1/bin/pip" install --quiet "tensorflow-cpu==2.21.0" "pillow==13.0.0"
"$1/bin/pip" install --quiet "torch==2.13.0" "transformers==5.24.0" --extra-index-url https://download.pytorch.org/whl/cpu

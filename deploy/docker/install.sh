#!/bin/sh
# Install surveil's wheel into an environment of its own: the image's build step, and whoever wants
# the same without an image (deploy/systemd expects /opt/surveil).
#
#   sh install.sh FOLDER_OF_THE_WHEEL ENVIRONMENT [EXTRAS]     PYTHON=python3.12 chooses another
set -eu
wheels=$1 environment=$2 extras=${3:-}
set -- "$wheels"/surveil-*.whl
[ -f "$1" ] && [ $# -eq 1 ] || { echo "install.sh: one surveil-*.whl in $wheels, please" >&2; exit 2; }
"${PYTHON:-python3}" -m venv "$environment"
"$environment/bin/python" -m pip install --no-cache-dir --compile "$1${extras:+[$extras]}"
"$environment/bin/surveil" --version

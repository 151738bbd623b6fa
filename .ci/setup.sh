# Sets skxent up in a virtual environment inside the checkout (.venv, which git ignores).
#
#   . .ci/setup.sh; skxent_setup EXTRAS [GROUPS]
#
# with names of optional dependencies and of dependency groups in pyproject.toml, comma-separated,
# leaves $root (the checkout) and $python (the environment's interpreter). It needs Python 3.11 or
# newer, a C compiler and a network; where one is missing it says in one line what to install. It
# writes nothing outside the checkout but pip's download cache. A second call returns at once until
# pyproject.toml or the compiled sources change. PYTHON=/some/python chooses the interpreter.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python

# What a shell has set up for another Python must not leak into this one.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1
export MPLCONFIGDIR=$venv/matplotlib

stop() {
    printf 'skxent: %s\n' "$*" >&2
    exit 1
}

# Prints the Debian packages that interpreter $1 lacks to build skxent; nothing where it can.
missing_packages() {
    local version include packages=()
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    include=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    "$1" -c 'import ensurepip, venv' 2>/dev/null || packages+=("python$version-venv")
    [ -e "$include/Python.h" ] || packages+=("python$version-dev")
    command -v gcc >/dev/null || packages+=(gcc)
    echo '#include <math.h>' | gcc -E - >/dev/null 2>&1 || packages+=(libc6-dev)
    echo "${packages[*]-}"
}

# Leaves in $interpreter the first Python on this machine that is new enough and can build skxent.
find_interpreter() {
    local candidate candidates path packages missing=''
    candidates=(python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3)
    [ -z "${PYTHON-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        # A name may stand for nothing (pyenv's shims do), so each is tried out.
        path=$("$candidate" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' \
            2>/dev/null) && [ -n "$path" ] || continue
        packages=$(missing_packages "$path")
        if [ -z "$packages" ]; then
            interpreter=$path
            return
        fi
        missing=${missing:-$packages}
    done
    [ -n "$missing" ] || stop "found no Python 3.11 or newer${PYTHON:+ at $PYTHON}; on Debian, as root:" \
        "apt-get update && apt-get install -y python3-venv python3-dev gcc libc6-dev"
    stop "something to build with is missing; on Debian, as root:" \
        "apt-get update && apt-get install -y $missing"
}

# Prints one number for everything that an installation depends on.
fingerprint() {
    "$python" - "$root" <<'PY'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
kernels = (root / "skxent" / "_kernels").rglob("*")
sources = [p for p in kernels if p.suffix in {".pyx", ".pxd", ".h", ".c"}]
# Cython writes x.c beside x.pyx: a product, not a source.
sources = [p for p in sources if p.suffix != ".c" or not p.with_suffix(".pyx").exists()]
digest = hashlib.sha256(f"{root} {sys.version}".encode())
for path in [root / "pyproject.toml", *sorted(sources)]:
    digest.update(path.name.encode() + path.read_bytes())
print(digest.hexdigest())
PY
}

# Succeeds where .venv is whole, lies where it was made and runs the Python asked for.
venv_is_sound() {
    [ "$("$python" -c 'import pip, sys; print(sys.prefix)' 2>/dev/null)" = "$venv" ] || return 1
    [ -z "${PYTHON-}" ] || [ "$("$PYTHON" -VV 2>/dev/null)" = "$("$python" -VV)" ]
}

pip_install() {
    "$python" -m pip install --quiet "$@" ||
        stop "the installation failed (see above); what it downloaded is kept for the next try"
}

skxent_setup() {
    local wanted=${2-} old mark requires group groups=()
    local stamp=$venv/installed-$1-$wanted
    exec 9<"$root/.ci"
    ! command -v flock >/dev/null || flock 9 # of two commands started at once the second waits
    if ! { venv_is_sound && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; }; then
        if ! venv_is_sound; then
            find_interpreter
            echo "skxent: making .venv with $interpreter"
            rm -rf -- "$venv"
            "$interpreter" -m venv "$venv" || stop "could not make $venv (see above)"
            echo '*' >"$venv/.gitignore"
        fi
        echo "skxent: installing into .venv (a few minutes the first time)"
        mark=$(fingerprint)
        for old in "$venv"/installed-*; do
            [ "$(cat "$old" 2>/dev/null)" = "$mark" ] || rm -f -- "$old"
        done
        mapfile -t requires < <("$python" - "$root/pyproject.toml" <<'PY'
import sys, tomllib

with open(sys.argv[1], "rb") as file:
    print(*tomllib.load(file)["build-system"]["requires"], sep="\n")
PY
        )
        for group in ${wanted//,/ }; do
            groups+=(--group "$root/pyproject.toml:$group")
        done
        # the first pip that knows groups; that of a new environment may be older
        pip_install "pip>=25.1" "${requires[@]}"
        pip_install --no-build-isolation --editable "$root[$1]" "${groups[@]}"
        echo "$mark" >"$stamp"
    fi
    exec 9<&-
}

# Stages of CI: each says its name, and how long it took.

_stage=preparing
_began=$SECONDS

# stage NAME COMMAND...: run a command; if it fails, CI ends with its status.
stage() {
    _stage=$1
    _began=$SECONDS
    shift
    echo "=== $_stage"
    "$@"
    echo "=== $_stage: passed in $((SECONDS - _began)) s"
}

# both COMMAND COMMAND: two commands beside each other, each as one word; fails if one of them does.
both() {
    local first status=0
    $1 &
    first=$!
    $2 || status=$?
    wait "$first" || status=$?
    return "$status"
}

# finish: for the trap on EXIT. Say how it ended, and leave nothing behind.
finish() {
    local status=$?
    if [ "$status" = 0 ]; then
        echo "=== all passed in $SECONDS s"
    else
        echo "=== $_stage: FAILED with status $status after $((SECONDS - _began)) s"
    fi
    local count
    count=$(find "$CALCMETRIC_SCREENSHOTS" -name '*.png' 2> /dev/null | wc -l)
    echo "=== $count pictures of pages and reports are in $CALCMETRIC_SCREENSHOTS"
    end_load
    remove_people
    exit "$status"
}

make_folder_for_pictures() {
    mkdir -p "$CALCMETRIC_SCREENSHOTS"
    rm -f "$CALCMETRIC_SCREENSHOTS"/*.png
}

# readme_command TEXT: the line of README that holds a text; it must be one.
readme_command() {
    local found
    found=$(grep -F -- "$1" README.md || true)
    if [ -z "$found" ] || [ "$(wc -l <<< "$found")" != 1 ]; then
        echo "README has not one line with: $1" >&2
        return 1
    fi
    echo "$found"
}

# A real PostgreSQL for the tests of the service, which start a server of their own; a real browser for its pages.
install_packages() {
    if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || [ -z "$(type -P chromium)" ]; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql chromium
    fi
}

# What the environments below are made of: downloaded once, and PySpark's wheel built once. Users get nothing but
# these, which spares each environment a hundred questions to the index.
make_wheels() {
    wheels=$(mktemp -d)
    chmod 755 "$wheels"
    "$tools/python3" -m pip wheel --quiet --wheel-dir "$wheels" '.[test,dev,browser]' 'setuptools>=77' wheel uv
    rm -f "$wheels"/calcmetric-*
    chmod 644 "$wheels"/*
    export PIP_FIND_LINKS="$wheels ${PIP_FIND_LINKS:-}"
}

# By uv, which takes a third of the time; README's commands have shown that pip does it.
install_for_root() {
    local installer
    installer=$(mktemp -d)
    rm -rf .venv
    python3 -m venv --without-pip "$installer"
    python3 -m pip --python "$installer" install --quiet --no-index --find-links "$wheels" uv
    "$installer/bin/uv" venv --quiet --python "$(command -v python3)" .venv
    "$installer/bin/uv" pip install --quiet --no-index --find-links "$wheels" --compile-bytecode \
        --python .venv/bin/python -e '.[test,dev,browser]' uv
    rm -rf "$installer"
    export UV_NO_INDEX=1 UV_FIND_LINKS="$wheels" # for the test that installs a release
}

# Aporia's own library, which needs an older pydantic than ours: the service's tests are its clients.
install_aporia() {
    rm -rf .aporia
    python3 -m venv --without-pip .aporia
    "$tools/python3" -m pip --python .aporia install --quiet 'aporia==3.38.0'
}

# begin_load N: keep N processors busy beside what follows, until end_load.
begin_load() {
    for _ in $(seq "$1"); do
        (while :; do :; done) &
        _load+=($!)
    done
}
_load=()

end_load() {
    if [ ${#_load[@]} != 0 ]; then
        kill "${_load[@]}" 2> /dev/null || true
        wait "${_load[@]}" 2> /dev/null || true
        _load=()
    fi
}

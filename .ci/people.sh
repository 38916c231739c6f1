# Who CI's commands run as: an ordinary user without Java, and a user id without a name.

user= home= tools= wheels=
nameless=23456

# make_user: a user with a fresh HOME, a clone of the checkout in it, and a PATH without Java.
make_user() {
    user=calcmetric-ci-$$
    useradd --create-home --shell /bin/bash "$user"
    home=$(getent passwd "$user" | cut -d: -f6)
    tools=$(mktemp -d)
    local program
    for program in /usr/local/bin/* /usr/bin/*; do
        case ${program##*/} in
            java* | jar* | jps | keytool) ;;
            *) ln -sf "$program" "$tools" ;;
        esac
    done
    chmod 755 "$tools"
    (umask 077 && git -c safe.directory='*' clone --quiet . "$home/checkout")
    chown -R "$user:" "$home"
    as_user 'test "$(id -u)" != 0 && ! command -v java && test "$(umask)" = 0077'
}

# in_checkout HOME COMMAND LAUNCHER...: run a shell command in the clone through a launcher, with an environment
# that holds nothing but how pip finds packages.
in_checkout() {
    local own=$1 command=$2 name
    local -a clean=(HOME="$own" PATH="$tools" LANG=C.UTF-8 CI=true)
    shift 2
    if [ -n "$wheels" ]; then
        clean+=(PIP_NO_INDEX=1 PIP_QUIET=1)
    fi
    for name in $(compgen -e | grep -E '^(PIP|UV|SSL|REQUESTS_CA|CURL_CA)_|_(proxy|PROXY)$'); do
        clean+=("$name=${!name}")
    done
    (
        cd "$home/checkout"
        "$@" env -i "${clean[@]}" bash -c "umask 077; $command" < /dev/null
    )
}

# as_user COMMAND
as_user() {
    in_checkout "$home" "$1" runuser -u "$user" --
}

# as_nobody_in_a_container COMMAND: about as Kubernetes runs a container with Docker's default profile.
as_nobody_in_a_container() {
    mkdir "$home/nameless"
    chown -R "$nameless:$nameless" "$home"
    in_checkout "$home/nameless" "$1" python3 -m tests.confine.like_container --uid "$nameless"
}

# check_nothing_runs: what the tests started has ended with them. Only Spark's archives may still be in the making,
# in the background: that is told to end, and leaves nothing either.
check_nothing_runs() {
    local left
    for _ in $(seq 40); do
        left=$(processes_of_user)
        if [ -z "$left" ]; then
            return
        fi
        grep -F engine.backends.spark.training <<< "$left" | cut -d' ' -f1 | xargs -r kill 2> /dev/null || true
        sleep 0.5
    done
    printf 'processes of %s are left:\n%s\n' "$user" "$left" >&2
    return 1
}

# The id and the command line of each, a line.
processes_of_user() {
    local folder line
    while read -r folder; do
        line=$(tr '\0' ' ' < "$folder/cmdline" || true)
        if [ -n "$line" ]; then
            echo "${folder#/proc/} $line"
        fi
    done < <(find /proc -maxdepth 1 -name '[0-9]*' -user "$user" 2> /dev/null)
}

remove_people() {
    if [ -n "$user" ]; then
        userdel --force "$user" > /dev/null 2>&1 || true
        rm -rf "$home" "$tools"
    fi
    if [ -n "$wheels" ]; then
        rm -rf "$wheels"
    fi
}

# Every script here sources this: strict mode, messages, timed steps, downloads of Debian packages. It may not install
# or build anything itself.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Downloaded tools and the state of the set-up. It is not part of the checkout, and checkouts may share it.
export SUPPORT_CONSOLE_TOOLS=${SUPPORT_CONSOLE_TOOLS:-$ROOT/.tools}
TOOLS=$SUPPORT_CONSOLE_TOOLS
mkdir -p "$TOOLS/bin" "$TOOLS/stamps"

# Absolute, because the server, Playwright and the scripts run in different folders.
case ${CARGO_TARGET_DIR:-target} in
  /*) TARGET=$CARGO_TARGET_DIR ;;
  *) TARGET=$ROOT/${CARGO_TARGET_DIR:-target} ;;
esac
export CARGO_TARGET_DIR=$TARGET
export SUPPORT_CONSOLE_SITE_ROOT=${SUPPORT_CONSOLE_SITE_ROOT:-$TARGET/site}

# The Python with httpbin, for tests that put it behind the gateway. `setup.sh test` installs it.
export SUPPORT_CONSOLE_PYTHON=${SUPPORT_CONSOLE_PYTHON:-$TOOLS/venv/bin/python}
# The folder for applications from Python's registry that journeys open.
export SUPPORT_CONSOLE_APPLICATIONS=${SUPPORT_CONSOLE_APPLICATIONS:-$TOOLS/applications/bin}
# The folder for the proxies that tests run.
export SUPPORT_CONSOLE_PROXIES=${SUPPORT_CONSOLE_PROXIES:-$TOOLS/proxies/bin}

# Colours only on a terminal.
if [[ -t 1 ]]; then
  bold=$'\033[1m' dim=$'\033[2m' red=$'\033[31m' green=$'\033[32m' plain=$'\033[0m'
else
  bold='' dim='' red='' green='' plain=''
fi

say() { printf '%s\n' "$dim   $*$plain"; }
die() { printf '\n%s\n' "$red✗ $*$plain" >&2; exit 1; }

# `seconds START` — elapsed since START ($EPOCHREALTIME), as 12.3 s or 2 min 05 s.
seconds() {
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {
    t = b - a; if (t < 60) printf "%.1f s", t; else printf "%d min %02d s", t / 60, t % 60 }'
}

# `step NAME COMMAND…` — say what happens, do it, say how long it took. A failing step ends the script.
step() {
  local name=$1 start=$EPOCHREALTIME status mark="$green✓$plain"
  shift
  printf '%s\n' "$bold── $name$plain"
  # Not `|| status=$?`, because that would turn off `set -e` inside the command.
  set +e
  if [[ -n ${STEP_LOG:-} && ! -t 1 ]]; then
    # Kept for the end, because people read the last lines of a long log first.
    (set -e; "$@") 2>&1 | tee "$STEP_LOG.said"
    status=${PIPESTATUS[0]}
    ((status == 0)) || [[ -s $STEP_LOG.failed ]] || tail -n 40 "$STEP_LOG.said" >"$STEP_LOG.failed"
  else
    (set -e; "$@")
    status=$?
  fi
  set -e
  ((status == 0)) || mark="$red✗$plain"
  printf '%s %s %s\n' "$mark" "$name" "$dim$(seconds "$start")$plain"
  if [[ -n ${STEP_LOG:-} ]]; then
    printf '%s\t%s\t%s\n' "$mark" "$name" "$(seconds "$start")" >>"$STEP_LOG"
  fi
  return "$status"
}

# `summary START` — the table of all steps since STEP_LOG was set.
summary() {
  printf '\n%s\n' "${bold}Summary$plain"
  awk -F'\t' '{ printf "  %s %-54s %14s\n", $1, $2, $3 }' "$STEP_LOG"
  printf '    %-54s %14s\n' "total" "$(seconds "$1")"
  if [[ -s $STEP_LOG.failed ]]; then
    printf '\n%s\n' "${bold}The last words of the step that failed$plain"
    cat "$STEP_LOG.failed"
  fi
}

# `done_before NAME INPUT…` — whether `remember NAME INPUT…` was called with the same inputs.
stamp() { local name=$1; shift; printf '%s/stamps/%s-%s' "$TOOLS" "$name" "$(printf '%s\n' "$@" | sha256sum | cut -c1-16)"; }
done_before() { [[ -e $(stamp "$@") ]]; }
remember() { rm -f "$TOOLS/stamps/$1"-*; : >"$(stamp "$@")"; }

# `as_root COMMAND…` — as root, with sudo if necessary.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "This needs root, and sudo isn't here. Run as root, then try again:  $*"
  fi
}

# `apt_install PACKAGE…` — install what is missing from Debian's packages.
apt_install() {
  command -v apt-get >/dev/null || die "Missing, and this is not Debian: please install the equivalent of  $*"
  say "Debian packages: $*"
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  as_root "${get[@]}" update || say "package lists could not be refreshed; going on with those at hand"
  as_root "${get[@]}" install -y --no-install-recommends "$@" >"$TOOLS/apt.log" 2>&1 ||
    { tail -n 30 "$TOOLS/apt.log" >&2; die "apt-get could not install: $*"; }
}

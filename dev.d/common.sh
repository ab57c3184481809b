# What every part of ./dev uses. Sourced, never run.

say() { printf '\n\033[1m%s\033[0m\n' "$*" | plain_unless_terminal; }

# Passes text on without escape sequences where nobody sees colours.
plain_unless_terminal() {
  if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi
}

fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# Microseconds since 1970; the decimal separator depends on the locale.
now() {
  local time=$EPOCHREALTIME
  printf '%s' "${time/[.,]/}"
}

# seconds_since MICROSECONDS: "1.23".
seconds_since() {
  local passed=$(($(now) - $1))
  printf '%d.%02d' $((passed / 1000000)) $((passed % 1000000 / 10000))
}

# human_bytes N: "1.5 GB".
human_bytes() {
  awk -v n="$1" 'BEGIN {
    split("B kB MB GB TB", unit, " ");
    i = 1;
    while (n >= 1000 && i < 5) { n /= 1000; i++ }
    printf(i == 1 ? "%d %s" : "%.1f %s", n, unit[i])
  }'
}

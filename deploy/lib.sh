# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# lib: what deploy/up, deploy/keep and deploy/down share. Sourced by bash.
#
# State folder (default var/):
#   peal.env        how the server was started: KEY=VALUE; `peal` reads it to find the server
#   pid/NAME        "pid start-time" of every process that was started: a recycled pid is never mistaken for ours
#   log/NAME.log    what it says
#   redis/          append-only file of the private Redis; redis.sock
#   run/            sockets of the workers
#   tls/            the self-signed pair, when one was needed

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${UP_BIN:-$root/build/bin}
TIERS="transaction proxy registrar agent transport" # transport last: the door opens when the house is ready

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Field 22 of /proc/PID/stat, counted after the name in parentheses: when the process started.
start_time() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	set -- $stat
	[ "$1" != Z ] && echo "${20}"
}

# Remembered, too, by who noted it: on a full disk the file stays empty.
declare -A noted=()
note_pid() { noted[$1]="$2 $(start_time "$2")"; echo "${noted[$1]}" >"$state/pid/$1"; }

# The process id behind pid/NAME when it is still that very process.
pid_of() {
	local pid started
	{ read -r pid started <"$state/pid/$1"; } 2>/dev/null || read -r pid started <<<"${noted[$1]:-}" || return 1
	[ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

# Ask a process to end and wait; after SECONDS it is killed.
stop_pid() {
	local name=$1 seconds=$2 pid
	pid=$(pid_of "$name") || { rm -f "$state/pid/$name"; return 0; }
	kill -TERM "$pid" 2>/dev/null
	for _ in $(seq $((seconds * 10))); do
		pid_of "$name" >/dev/null || { rm -f "$state/pid/$name"; return 0; }
		sleep 0.1
	done
	echo "${0##*/}: $name (pid $pid) did not end within $seconds s; killed" >&2
	kill -KILL "$pid" 2>/dev/null
	rm -f "$state/pid/$name"
	return 1
}

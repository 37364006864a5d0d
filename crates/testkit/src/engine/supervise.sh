# Runs an Engine for as long as the program that started it lives, and leaves nothing behind.
#
#   supervise.sh RUN DATA COMMAND...
#
# Standard input is a pipe of which the starter holds the other end. It is closed when the starter says so, and also
# when the starter ends in any way whatever (a panic, Ctrl-C, kill -9), so one mechanism serves all ends. Standard
# output carries one line: the process id of the Engine.

run=$1 data=$2
shift 2
trap '' HUP INT TERM

# Should even this shell be killed, the kernel tells the Engine.
if command -v setpriv >/dev/null; then
    set -- setpriv --pdeathsig TERM "$@"
fi
(trap - HUP INT TERM; exec "$@") </dev/null >"$run/log" 2>&1 &
engine=$!
echo "$engine"
exec >/dev/null
read -r _

# A process that has ended but was not waited for still answers to signal 0, so ask for its state.
runs() {
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    case $stat in *') Z '*) return 1 ;; esac
}

# end SIGNAL PID TENTHS: sends the signal and waits until the process is gone, or the time over.
end() {
    kill "-$1" "$2" 2>/dev/null
    left=$3
    while runs "$2" && [ "$left" -gt 0 ]; do
        sleep 0.1
        left=$((left - 1))
    done
}

if runs "$engine"; then
    end TERM "$engine" 100
    if runs "$engine"; then end KILL "$engine" 50; fi
fi

# An Engine that was killed leaves its containerd, and that leaves a shim for each container. They are known by our
# own folder in their arguments.
for proc in /proc/[0-9]*; do
    read -r name 2>/dev/null <"$proc/comm" || continue
    case $name in containerd*) ;; *) continue ;; esac
    if tr '\0' '\n' 2>/dev/null <"$proc/cmdline" | grep -qF -- "$run/"; then
        end KILL "${proc#/proc/}" 20
    fi
done
# Containers of a killed Engine: their root file system lies in our folder.
for proc in /proc/[0-9]*; do
    case $(readlink "$proc/root" 2>/dev/null) in
        "$data"/* | "$run"/*) end KILL "${proc#/proc/}" 20 ;;
    esac
done

# Innermost mounts first.
while read -r _ _ _ _ point _; do
    case $point in "$run"/* | "$data"/*) echo "$point" ;; esac
done </proc/self/mountinfo | sort -r | while read -r point; do
    umount -l "$point"
done
rm -rf --one-file-system "$run" "$data"

/**
 * What a container's process is before it becomes the command: it leads its session by now, so that signals reach it, and says so.
 */
export const START_SCRIPT: string = 'echo "started $$" >&3; exec "$@" 3>&-';

/**
 * The guardian of one container: a shell that outlives the agent. It keeps the pipes of the container open, so that output waits (and is not lost) while nobody reads, writes down how the
 * container ended, and ends when it is told that this was read.
 *
 * Called as `sh -c SCRIPT shim FOLDER STDIN LAUNCHER... -- COMMAND...`, in the container's working directory, with its environment. The container leads a session of its own,
 * so that all of its processes can be signalled together.
 */
export const SHIM_SCRIPT: string = `
folder=$1 input=$2
shift 2
exec 3<>"$folder/events" 4<>"$folder/stdout" 5<>"$folder/stderr"
if [ "$input" = pipe ]; then exec 6<>"$folder/stdin"; source="$folder/stdin"; else source=/dev/null; fi
"$@" <"$source" >"$folder/stdout" 2>"$folder/stderr" 4>&- 5>&- 6>&- &
pid=$!
wait "$pid"
code=$?
echo "$code" >"$folder/exit.new"
mv "$folder/exit.new" "$folder/exit"
echo "exited $code" >&3
read -r _ <"$folder/ack"
`;

import { ApiError, isApiError, type ProcessStreams, type Status } from '@kybern/core';
import type { CommandChannels } from './channels.ts';

/**
 * Connects a process with its client until the process ends, tells how, and closes. The client's going is for whoever started the process to end it by.
 *
 * @param attach of an attached process the exit code is not told
 * @see kubernetes v1.36 staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go, attach.go
 */
export async function serveCommand(channels: CommandChannels, process: ProcessStreams, { attach }: { readonly attach: boolean }): Promise<void> {
  channels.onResize((size) => void process.resize(size).catch(ignore));
  connectInput(channels, process);
  const outputs = [connectOutput(process.stdout, channels.stdout), connectOutput(process.stderr, channels.stderr)];
  // Whichever fails first is the failure; the others follow from it.
  for (const output of outputs) output.catch(ignore);
  try {
    const code = await process.exitCode;
    await Promise.all(outputs);
    await channels.sendStatus(attach ? SUCCESS : exitStatus(code));
  } catch (error) {
    if (!channels.gone.aborted) await channels.sendStatus(failure(error, attach)).catch(ignore);
  } finally {
    channels.close();
  }
}

/** Input that nobody takes is thrown away, so that its sender does not wait for ever. */
function connectInput({ stdin }: CommandChannels, process: ProcessStreams): void {
  if (process.stdin === undefined) {
    stdin?.cancel().catch(ignore);
    return;
  }
  if (stdin === undefined) process.stdin.close().catch(ignore);
  else stdin.pipeTo(process.stdin).catch(ignore);
}

async function connectOutput(from: ReadableStream<Uint8Array> | undefined, to: WritableStream<Uint8Array> | undefined): Promise<void> {
  if (from === undefined) await to?.close();
  else await from.pipeTo(to ?? new WritableStream());
}

const SUCCESS: Status = Object.freeze({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });

/** How a command ended. */
export function exitStatus(code: number): Status {
  if (code === 0) return SUCCESS;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${String(code)}`,
    // A reason of streams alone, not of API objects.
    reason: 'NonZeroExitCode' as string as NonNullable<Status['reason']>,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function failure(error: unknown, attach: boolean): Status {
  if (isApiError(error)) return error.toStatus();
  const what = attach ? 'error attaching to container' : 'error executing command in container';
  return new ApiError('InternalError', `Internal error occurred: ${what}: ${error instanceof Error ? error.message : String(error)}`).toStatus();
}

const ignore = (): void => undefined;

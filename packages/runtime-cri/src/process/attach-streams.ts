import type { AttachRequest } from '../generated/cri.ts';
import type { ExecStreams } from '../runtime.ts';
import type { ContainerProcess } from './container-process.ts';
import type { OutputName } from './log-writer.ts';

/** How far whoever is attached may fall behind before output is dropped for it. */
const BACKLOG_BYTES = 1024 * 1024;

/** The streams of a container's own process, from now on. Its output never waits for whoever is attached. */
export function attachStreams(process: ContainerProcess, wanted: AttachRequest): ExecStreams {
  const controllers = new Map<OutputName, ReadableStreamDefaultController<Uint8Array>>();
  const unfollow = process.follow((output, chunk) => {
    const controller = controllers.get(output);
    if (chunk !== undefined) {
      if ((controller?.desiredSize ?? 0) > 0) controller?.enqueue(new Uint8Array(chunk));
      return;
    }
    controller?.close();
    controllers.delete(output);
  });
  const readable = (output: OutputName): ReadableStream<Uint8Array> =>
    new ReadableStream<Uint8Array>(
      {
        start: (controller) => void controllers.set(output, controller),
        cancel() {
          controllers.delete(output);
          if (controllers.size === 0) unfollow();
        },
      },
      { highWaterMark: BACKLOG_BYTES, size: (chunk) => chunk.length },
    );
  return {
    ...(wanted.stdin === true ? { stdin: new WritableStream<Uint8Array>({ write: (chunk) => process.write(chunk) }) } : {}),
    ...(wanted.stdout === true ? { stdout: readable('stdout') } : {}),
    ...(wanted.stderr === true && wanted.tty !== true ? { stderr: readable('stderr') } : {}),
    exitCode: process.ended,
    resize: () => Promise.resolve(),
  };
}

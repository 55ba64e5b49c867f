import type { ExecStreams } from '../runtime.ts';
import type { CommandResult } from './commands.ts';

/** Which streams a request asks for. */
export interface WantedStreams {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly tty?: boolean;
}

/** The streams of a command that gives `result`; with a terminal both outputs come as one. Its input is read to the end and not used. */
export function commandStreams(result: CommandResult, wanted: WantedStreams, ended: Promise<unknown>): ExecStreams {
  const tty = wanted.tty === true;
  return {
    ...(wanted.stdin === true ? { stdin: new WritableStream<Uint8Array>() } : {}),
    ...(wanted.stdout === true ? { stdout: textStream(tty ? result.stdout + result.stderr : result.stdout) } : {}),
    ...(wanted.stderr === true && !tty ? { stderr: textStream(result.stderr) } : {}),
    exitCode: ended.then(() => result.exitCode),
    resize: () => Promise.resolve(),
  };
}

function textStream(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (text !== '') controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

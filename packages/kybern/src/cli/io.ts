/** Where a command reads from and writes to: the process, or a test. */
export interface CliIo {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** What the person types or pipes in; unset: nothing. Called by the commands that read it. */
  readonly stdin?: () => ReadableStream<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly cwd: string;
  /** Aborts when the person asks the command to end (Ctrl-C, SIGTERM). */
  readonly interrupted: AbortSignal;
}

/** A text sink that may be a terminal. */
export interface CliOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Writes one line. */
export function line(output: CliOutput, text: string): void {
  output.write(`${text}\n`);
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A fake device plugin that runs; disposing it ends its process. */
export interface DevicePluginProcess extends AsyncDisposable {
  /** What it was asked, line by line. */
  readonly lines: readonly string[];
  tell(line: string): void;
}

export function startDevicePlugin(folder: string, resource: string, ids: readonly string[]): DevicePluginProcess {
  const script = fileURLToPath(new URL('./fake-device-plugin.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--conditions=@kybern/source', script, folder, resource, ids.join(',')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = `${rest}${chunk.toString()}`.split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return {
    lines,
    tell: (line) => void child.stdin?.write(`${line}\n`),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

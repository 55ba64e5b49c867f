import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulatedFiles } from './files.ts';
import { startProcess } from './processes.ts';
import { findProgram } from './programs.ts';
import { packTar, unpackTar } from './tar.ts';

const never = new Promise<never>(() => undefined);

async function run(
  command: readonly string[],
  { input = '', files = createSimulatedFiles() }: { input?: string | Uint8Array; files?: ReturnType<typeof createSimulatedFiles> } = {},
): Promise<{
  code: number;
  out: Buffer;
  err: string;
}> {
  const program = findProgram(command);
  if (program === undefined) throw new Error(`${command.join(' ')} is no program`);
  const { stdin, stdout, stderr, exitCode } = startProcess({
    program,
    command,
    env: {},
    files,
    now: () => 0,
    wanted: { stdin: true, stdout: true, stderr: true },
    containerEnded: never,
  });
  const feed = new Blob([input as string])
    .stream()
    .pipeTo(stdin as WritableStream<Uint8Array>)
    .catch(() => undefined);
  const collect = async (stream: ReadableStream<Uint8Array> | undefined): Promise<Buffer> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const [out, err, code] = await Promise.all([collect(stdout), collect(stderr), exitCode, feed]);
  return { code, out, err: err.toString() };
}

describe('programs of simulated containers', () => {
  it('copy input to output, and files', async () => {
    const files = createSimulatedFiles();
    files.write('/etc/motd', Buffer.from('welcome\n'));
    expect((await run(['cat'], { input: 'hello' })).out.toString()).toBe('hello');
    expect((await run(['cat', '/etc/motd'], { files })).out.toString()).toBe('welcome\n');
    expect(await run(['cat', '/nothing'], { files })).toMatchObject({ code: 1, err: 'cat: /nothing: No such file or directory\n' });
    expect((await run(['ls', '/'], { files })).out.toString()).toBe('etc\ntmp\n');
  });

  it('pack and unpack what `kubectl cp` sends', async () => {
    const files = createSimulatedFiles();
    const archive = packTar([
      { name: 'folder', type: 'directory', content: new Uint8Array() },
      { name: 'folder/a.txt', type: 'file', content: Buffer.from('a') },
    ]);
    expect((await run(['tar', '-xmf', '-', '-C', '/data'], { files, input: archive })).code).toBe(0);
    expect(files.walk('/data')).toEqual(['/data', '/data/folder', '/data/folder/a.txt']);
    const { out } = await run(['tar', 'cf', '-', '/data/folder'], { files });
    expect(unpackTar(out).map(({ name }) => name)).toEqual(['data/folder', 'data/folder/a.txt']);
    expect(await run(['tar', 'cf', '-', '/nowhere'], { files })).toMatchObject({ code: 1 });
    expect(await run(['tar', 'xf', '-'], { input: 'x'.repeat(600) })).toMatchObject({ code: 1, err: 'invalid tar header checksum\n' });
  });

  it('run the lines that a shell is given', async () => {
    expect(await run(['sh'], { input: 'echo "one two"\nexit 3\necho never\n' })).toMatchObject({ code: 3 });
    expect((await run(['sh'], { input: 'echo a\necho b' })).out.toString()).toBe('a\nb\n');
  });

  it('end with their container', async () => {
    let end = (): void => undefined;
    const containerEnded = new Promise<void>((resolve) => (end = resolve));
    const { exitCode, stdin } = startProcess({
      program: findProgram(['cat']) ?? (() => 0),
      command: ['cat'],
      env: {},
      now: () => 0,
      files: createSimulatedFiles(),
      wanted: { stdin: true },
      containerEnded,
    });
    end();
    expect(await exitCode).toBe(137);
    await expect(stdin?.getWriter().write(new Uint8Array(1))).rejects.toThrow();
  });

  it('end with their signal', async () => {
    const controller = new AbortController();
    const { exitCode, stdout } = startProcess({
      program: () => new Promise<number>(() => undefined),
      command: [],
      env: {},
      now: () => 0,
      files: createSimulatedFiles(),
      wanted: { stdout: true },
      containerEnded: never,
      signal: controller.signal,
    });
    const reading = stdout?.getReader().read();
    controller.abort(new Error('gone'));
    await expect(exitCode).rejects.toThrow('gone');
    await expect(reading).rejects.toThrow('gone');
  });

  it('keep archives as they are', () => {
    const name = fc.stringMatching(/^[a-z]{1,60}(\/[a-z]{1,60}){0,2}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ name, content: fc.uint8Array({ maxLength: 1500 }) }), { maxLength: 5 }), (entries) => {
        const packed = packTar(entries.map((each) => ({ ...each, type: 'file' as const })));
        expect(unpackTar(packed).map((each) => ({ name: each.name, content: Buffer.from(each.content).toString('hex') }))).toEqual(
          entries.map((each) => ({ name: each.name, content: Buffer.from(each.content).toString('hex') })),
        );
      }),
    );
  });
});

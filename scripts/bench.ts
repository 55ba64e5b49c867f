// Runs the benchmarks and prints one JSON line per figure: { bench, name, value, unit, aim, met, peer }. Each file runs in a process of its own.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';

const HELP = `Usage: npm run bench [-- FILTER…] [--list]

Measures, and prints one JSON line per figure. FILTER is a part of a file's or figure's name.

  --list   say what there is, measure nothing
  --help   this text

Example: npm run bench -- cluster`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean' }, file: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(`${HELP}\n`);
else if (values.file !== undefined) await runFile(values.file);
else await runAll();

async function runAll(): Promise<void> {
  const files = globSync('{packages,examples}/*/bench/*.ts', { cwd: root }).sort();
  for (const file of files) {
    const code = await new Promise<number>((resolve) => {
      const args = [
        '--expose-gc',
        '--disable-warning=ExperimentalWarning',
        '--conditions=@kybern/source',
        fileURLToPath(import.meta.url),
        '--file',
        join(root, file),
      ];
      const child = spawn(process.execPath, [...args, ...(values.list === true ? ['--list'] : []), ...positionals], { stdio: 'inherit', cwd: root });
      child.on('close', (status) => resolve(status ?? 1));
    });
    if (code !== 0) {
      process.stderr.write(`${file}: the benchmark failed\n`);
      process.exitCode = 1;
    }
  }
}

async function runFile(file: string): Promise<void> {
  const { benchmarks } = (await import(pathToFileURL(file).href)) as { benchmarks: readonly Benchmark[] };
  const bench = basename(file, '.ts');
  for (const benchmark of benchmarks) {
    if (positionals.length > 0 && !positionals.some((filter) => `${bench} ${benchmark.name}`.includes(filter))) continue;
    if (values.list === true) {
      process.stdout.write(`${JSON.stringify({ bench, name: benchmark.name, unit: benchmark.unit, aim: benchmark.aim })}\n`);
      continue;
    }
    if (benchmark.missing !== undefined) {
      process.stdout.write(`${JSON.stringify({ bench, name: benchmark.name, missing: benchmark.missing })}\n`);
      continue;
    }
    const measured = await benchmark.run();
    const { value, more } = typeof measured === 'number' ? { value: measured, more: {} } : measured;
    const met = benchmark.aim === undefined ? undefined : benchmark.better === 'higher' ? value >= benchmark.aim : value <= benchmark.aim;
    const peer = await benchmark.peer?.run();
    const line = {
      bench,
      name: benchmark.name,
      value: round(value),
      unit: benchmark.unit,
      ...Object.fromEntries(Object.entries(more).map(([field, figure]) => [field, round(figure)])),
      ...(benchmark.aim === undefined ? {} : { aim: benchmark.aim, met }),
      ...(benchmark.peer === undefined || peer === undefined
        ? {}
        : { peer: benchmark.peer.name, peerValue: round(peer), ratio: round(benchmark.better === 'higher' ? value / peer : peer / value) }),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

/** Four significant digits. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

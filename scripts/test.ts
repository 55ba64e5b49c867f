// Everything that has to hold before a change lands: lint, types, unit and integration tests, package checks. Ends with `N passed, M failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

/** A gate counts as one passed or failed check; the tests count each test. */
interface Step {
  readonly name: string;
  readonly title: string;
  readonly run: () => Promise<Result>;
}
interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
}

const temp = mkdtempSync(join(tmpdir(), 'kybern-test-'));
const node = process.execPath;

const STEPS: readonly Step[] = [
  { name: 'types', title: 'type check', run: () => gate([bin('tsc'), '-b'], [bin('tsc'), '-p', 'tsconfig.test.json']) },
  { name: 'lint', title: 'lint and format', run: () => gate([bin('biome'), 'format', '.'], [bin('eslint'), '.', '--max-warnings=0']) },
  {
    name: 'deps',
    title: 'dependency direction, cycles, unused code',
    run: () => gate([bin('depcruise'), 'packages', '--config', '.dependency-cruiser.mjs'], [bin('knip'), '--no-config-hints']),
  },
  { name: 'unit', title: 'unit and integration tests', run: vitest },
  { name: 'packages', title: 'package checks', run: () => gate([node, 'scripts/check-packages.ts']) },
];

const HELP = `Usage: npm test [-- --only STEP] [-- --update]

Runs every check of the repository. Steps: ${STEPS.map((step) => step.name).join(', ')}.

  --only STEP   run one step (may be given several times)
  --help        this text

Example: npm test -- --only unit`;

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } }, allowPositionals: false });
if (values.help === true) {
  print(HELP);
  process.exit(0);
}
const unknown = (values.only ?? []).filter((name) => STEPS.every((step) => step.name !== name));
if (unknown.length > 0) {
  print(`unknown step ${unknown.join(', ')}\n\n${HELP}`);
  process.exit(2);
}
process.exitCode = await main(STEPS.filter((step) => values.only === undefined || values.only.includes(step.name)));
rmSync(temp, { recursive: true, force: true });

async function main(steps: readonly Step[]): Promise<number> {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const step of steps) {
    print(`\n== ${step.title}`);
    const startMs = performance.now();
    const result = await step.run();
    passed += result.passed;
    failed += result.failed;
    skipped += result.skipped;
    if (result.failed > 0) print(result.output);
    print(`== ${step.title}: ${result.failed > 0 ? 'FAILED' : 'ok'} in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
  print(`\n${String(passed)} passed, ${String(failed)} failed${skipped > 0 ? `, ${String(skipped)} skipped` : ''}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Runs commands one after the other; each is one check. */
async function gate(...commands: readonly (readonly string[])[]): Promise<Result> {
  const results = [];
  for (const command of commands) results.push(await exec(command));
  const failed = results.filter((result) => result.code !== 0);
  return { passed: results.length - failed.length, failed: failed.length, skipped: 0, output: failed.map((result) => result.output).join('\n') };
}

async function vitest(): Promise<Result> {
  const report = join(temp, 'vitest.json');
  const { code, output } = await exec([node, bin('../vitest/vitest.mjs'), 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]);
  const counts = readCounts(report);
  if (counts === undefined || counts.total === 0) return { passed: 0, failed: 1, skipped: 0, output: `${output}\nno test ran` };
  const failed = counts.failed === 0 && code !== 0 ? 1 : counts.failed;
  return { passed: counts.passed, failed, skipped: counts.skipped, output };
}

function readCounts(report: string): { total: number; passed: number; failed: number; skipped: number } | undefined {
  try {
    const json = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    return {
      total: json.numTotalTests ?? 0,
      passed: json.numPassedTests ?? 0,
      failed: json.numFailedTests ?? 0,
      skipped: (json.numPendingTests ?? 0) + (json.numTodoTests ?? 0),
    };
  } catch {
    return undefined; // vitest died before it could write: its output says why
  }
}

function exec([command = '', ...args]: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', (error) => resolve({ code: 1, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: `$ ${[command, ...args].join(' ').replaceAll(`${root}/`, '')}\n${output}` }));
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

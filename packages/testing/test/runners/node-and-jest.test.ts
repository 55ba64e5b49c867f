// The library under the other test runners, each in a process of its own with a suite as its users write them.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** What a runner printed. @throws {Error} with it, when the runner failed */
function output(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _, NODE_V8_COVERAGE: _coverage, VITEST: _vitest, ...env } = process.env;
    const child = spawn(process.execPath, args, { cwd: packageRoot, env: { ...env, NO_COLOR: '1' }, timeout: 100_000 });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`ended with ${String(code)}:\n${text}`))));
  });
}

it('node:test', { timeout: 120_000 }, async () => {
  const text = await output(['--conditions=@kybern/source', '--test', '--test-reporter=tap', `${here}node-test-suite.ts`]);
  expect(text).toMatch(/^# pass 3$/m);
  expect(text).toMatch(/^# fail 0$/m);
});

it('jest', { timeout: 120_000 }, async () => {
  const config = {
    rootDir: here,
    testMatch: ['<rootDir>/jest-suite.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: { '\\.ts$': `${here}jest-transform.cjs` },
    testEnvironmentOptions: { customExportConditions: ['@kybern/source', 'node', 'node-addons'] },
    cache: false,
    watchman: false,
  };
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const text = await output(['--experimental-vm-modules', '--no-warnings', jest, '--ci', '--runInBand', '--config', JSON.stringify(config)]);
  expect(text).toMatch(/^Tests: +3 passed, 3 total$/m);
});

#!/usr/bin/env node
// The one entry behind `npm start`, `npm test`, `npm run kybern` and `npm run bench`. Runs on any Node >= 20 with nothing installed: brings in pnpm and
// the pinned Node 24, installs when the lockfile changed, then hands over. Plain JavaScript with built-ins only, because it runs before any install.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.kybern-installed');
const lock = join(root, '.install-lock');

/** What each command runs, with the arguments that come before the user's. */
const COMMANDS = {
  start: ['packages/kybern/src/bin.ts', 'up', 'examples/quickstart'],
  kybern: ['packages/kybern/src/bin.ts'],
  test: ['scripts/test.ts'],
  bench: ['scripts/bench.ts'],
  torture: ['packages/state/test/torture/long.ts'],
};

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) fail(`unknown command "${name}"; one of: ${Object.keys(COMMANDS).join(', ')}`);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer`);

await install();
const node = pinnedNode();
const child = spawn(node, ['--disable-warning=ExperimentalWarning', '--conditions=@kybern/source', join(root, command[0]), ...command.slice(1), ...args], {
  stdio: 'inherit',
  cwd: name === 'kybern' ? (process.env.INIT_CWD ?? process.cwd()) : root,
  // The quickstart shows three nodes, whatever this machine could run.
  env: {
    ...(name === 'start' ? { KYBERN_RUNTIME: 'simulated' } : {}),
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
  },
});
// A terminal's Ctrl-C reaches the child by itself; we only wait for it to tear down.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));

/** Installs unless node_modules is what the lockfile says. Two commands at once wait for each other. */
async function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (installed()) return;
  await takeLock();
  try {
    if (installed()) return;
    process.stderr.write('kybern: installing what the repository pins (once) ...\n');
    const done = spawnSync('npm', ['exec', '--yes', `--package=${PNPM}`, '--', 'pnpm', 'install', '--frozen-lockfile'], {
      cwd: root,
      stdio: ['ignore', process.stderr, process.stderr],
      shell: process.platform === 'win32',
      env: { ...process.env, CI: 'true', npm_config_yes: 'true' },
    });
    if (done.status !== 0)
      fail(`installing failed (${done.error?.message ?? `pnpm ended with ${done.status ?? done.signal}`}); the lines above say why`, false);
    else writeFileSync(stamp, wanted);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
  if (!installed()) process.exit(1);
}

async function takeLock() {
  const STALE_MS = 600_000;
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > STALE_MS) rmSync(lock, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The Node 24 that the lockfile brings on Linux; elsewhere the user's own, when it is new enough to run TypeScript. */
function pinnedNode() {
  const pinned = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  fail(`the pinned Node is not packaged for ${process.platform}-${process.arch}, and Node ${process.versions.node} is older than 24: install Node 24 or newer`);
}

function fail(message, exit = true) {
  process.stderr.write(`kybern: ${message}\n`);
  if (exit) process.exit(1);
}

// `pnpm torture -- chaos [seeds]`: our own controllers under chaos at many seeds.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEFAULT_SEEDS = '1000';
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../../..');
const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), ['run', here], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KYBERN_CHAOS_SEEDS: process.argv[2] ?? DEFAULT_SEEDS },
});
process.exitCode = status ?? 1;

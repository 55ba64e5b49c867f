// `pnpm torture`: the long run. `--rounds N`, `--seed TEXT`.
import { parseArgs } from 'node:util';
import { tortureFileStore } from './run.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '300' }, seed: { type: 'string' } } });
const seed = values.seed ?? String(Math.floor(Math.random() * 1e9));
process.stdout.write(`torture of the durable store: ${values.rounds} rounds, seed ${seed}\n`);
const report = await tortureFileStore({
  seed,
  rounds: Number(values.rounds),
  onRound: (round) => void (round % 50 === 0 && process.stdout.write(`  round ${round}\n`)),
});
const { problems, faults, ...counts } = report;
for (const [fault, count] of Object.entries(faults).sort()) process.stdout.write(`  ${fault}: ${count}\n`);
process.stdout.write(`${JSON.stringify(counts)}\n`);
for (const problem of problems.slice(0, 20)) process.stdout.write(`PROBLEM: ${problem}\n`);
process.stdout.write(problems.length === 0 ? 'survived all of them\n' : `${problems.length} problems; repeat with --seed ${seed}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

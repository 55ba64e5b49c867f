/**
 * The long run: `node --conditions=@kybern/source packages/state/test/torture/etcd/long.ts [faults] [seed]`. Prints what was tried, and ends with 1 when
 * something is wrong.
 */
import { tortureEtcd } from './run.ts';

const PER_ROUND = 20;
const [faults = '100', seed = 'long'] = process.argv.slice(2);
const totals: Record<string, number> = {};
let events = 0;
let moves = 0;
for (let round = 0, done = 0; done < Number(faults); round += 1, done += PER_ROUND) {
  const report = await tortureEtcd({ seed: `${seed}/${round}`, faultCount: Math.min(PER_ROUND, Number(faults) - done) });
  for (const counts of [report.faults, report.operations]) for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
  events += report.events;
  moves += report.moves;
  process.stdout.write(`${JSON.stringify({ round, seed: `${seed}/${round}`, faults: report.faults, operations: report.operations, events: report.events })}\n`);
  for (const problem of report.problems) process.stderr.write(`${problem}\n`);
  if (report.problems.length > 0) process.exit(1);
}
process.stdout.write(`${JSON.stringify({ survived: totals, events, moves })}\n`);

import type { CallFault, EventFault, FaultSource } from './fault-source.ts';

const LATE: readonly EventFault[] = [1, 20, 300].map((ms) => ({ name: `${String(ms)} ms late`, fate: ms }));
const SLOW: readonly CallFault[] = [1, 20].flatMap((ms) => [
  { name: `reaches the server ${String(ms)} ms late`, fault: { type: 'slow', beforeMs: ms } as const },
  { name: `answered ${String(ms)} ms late`, fault: { type: 'slow', afterMs: ms } as const },
]);
const POSTPONED = [1, 20, 300];

/** Orders that any real cluster may have: events, requests and reconciles that are a little later than they could be. Nothing fails. */
export function interleavings(): FaultSource {
  return {
    name: 'interleavings',
    chance: 0.08,
    isOrder: true,
    ofEvent: (_call, { type }) => (type === 'BOOKMARK' ? [] : LATE),
    ofCall: ({ verb }) => (verb === 'watch' ? [] : SLOW),
    ofReconcile: () => POSTPONED,
  };
}

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { foreseeScript } from './script.ts';

const context = { env: { NAME: 'Kubernetes', EMPTY: '', HOSTNAME: 'web-0' }, nowMs: Date.UTC(2026, 10, 5, 7, 8, 9) };

describe('foreseeScript', () => {
  it.each<{ name: string; command: readonly string[]; text?: string; exitCode?: number; durationMs?: number }>([
    { name: 'echo', command: ['echo', 'a', 'b'], text: 'a b\n' },
    { name: 'echo -n', command: ['/bin/echo', '-n', 'a'], text: 'a' },
    {
      name: 'the CronJob of the documentation',
      command: ['/bin/sh', '-c', 'date; echo Hello from the $NAME cluster'],
      text: 'Thu Nov  5 07:08:09 UTC 2026\nHello from the Kubernetes cluster\n',
    },
    { name: 'an exit code', command: ['sh', '-c', 'echo hi; exit 3; echo no'], text: 'hi\n', exitCode: 3 },
    { name: 'the code of the last command', command: ['sh', '-c', 'true; false'], exitCode: 1 },
    { name: 'exit without a code', command: ['sh', '-c', 'false; exit'], exitCode: 1 },
    { name: 'and, or', command: ['sh', '-c', 'false && echo a || echo b'], text: 'b\n' },
    { name: 'time passes', command: ['sh', '-c', 'sleep 1.5 && sleep 1m'], durationMs: 61_500 },
    { name: 'for ever', command: ['sleep', 'infinity'], durationMs: Infinity },
    { name: 'nothing after for ever', command: ['sh', '-c', 'sleep inf; echo no'], durationMs: Infinity },
    { name: 'quotes', command: ['bash', '-c', `echo "$NAME's" '$NAME' a"b"'c'`], text: "Kubernetes's $NAME abc\n" },
    { name: 'unset variables are empty', command: ['sh', '-c', 'echo "[${NOPE}$EMPTY]"'], text: '[]\n' },
    { name: 'lines', command: ['sh', '-c', 'echo a\n\necho b\n'], text: 'a\nb\n' },
    { name: 'a prototype is no variable', command: ['sh', '-c', 'echo "[$constructor]"'], text: '[]\n' },
  ])('$name', ({ command, text = '', exitCode = 0, durationMs = 0 }) => {
    const seen = foreseeScript(command, context);
    expect({ text: seen?.writes.map((write) => write.text).join(''), exitCode: seen?.exitCode, durationMs: seen?.durationMs }).toEqual({
      text,
      exitCode,
      durationMs,
    });
  });

  it.each([
    'while true; do sleep 1; done',
    'echo $(date)',
    'echo a | cat',
    'echo a > /tmp/x',
    'nginx',
    'sleep soon',
    'exit often',
    'echo `date`',
    'echo ${A:-b}',
    'A=1 echo',
    'sleep 1 & echo',
    "echo 'open",
  ])('does not guess: %s', (script) => {
    expect(foreseeScript(['sh', '-c', script], context)).toBeUndefined();
  });

  it('a written line carries when it is written', () => {
    expect(foreseeScript(['sh', '-c', 'sleep 2; echo later'], context)?.writes).toEqual([{ text: 'later\n', stream: 'stdout', afterMs: 2000 }]);
  });

  it('ends on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (script) => {
        const seen = foreseeScript(['sh', '-c', script], context);
        return seen === undefined || (seen.exitCode >= 0 && seen.exitCode <= 255);
      }),
    );
  });
});

import { expect, it } from 'vitest';
import type { FilterVerdict } from '../engine/explanation.ts';
import { amountText } from './amount-text.ts';
import { verdictText } from './verdict-text.ts';

const GIB = 1024 ** 3;
const cpu = { resource: 'cpu', requested: 1000, used: 3500, capacity: 4000 };

it.each<{ name: string; verdict: FilterVerdict; text: string }>([
  { name: 'no numbers', verdict: { code: 'Unschedulable', reasons: ['no'] }, text: 'no' },
  {
    name: 'one resource',
    verdict: { code: 'Unschedulable', reasons: ['Insufficient cpu'], details: { insufficient: [cpu] } },
    text: 'Insufficient cpu (requests 1, 500m left of 4)',
  },
  {
    name: 'two resources',
    verdict: {
      code: 'Unschedulable',
      reasons: ['a', 'b'],
      details: { insufficient: [cpu, { resource: 'memory', requested: 2 * GIB, used: GIB, capacity: GIB / 2 }] },
    },
    text: 'a, b (cpu: requests 1, 500m left of 4; memory: requests 2Gi, 0 left of 512Mi)',
  },
  {
    name: 'something else',
    verdict: { code: 'Unschedulable', reasons: ['no'], details: { taint: 'a:NoSchedule', port: 80 } },
    text: 'no (taint a:NoSchedule; port 80)',
  },
])('a verdict in words has its numbers: $name', ({ verdict, text }) => {
  expect(verdictText(verdict)).toBe(text);
});

it.each([
  { resource: 'cpu', amount: 1500, text: '1500m' },
  { resource: 'memory', amount: 3 * GIB, text: '3Gi' },
  { resource: 'memory', amount: GIB + 1, text: '1025Mi' },
  { resource: 'memory', amount: 1000, text: '1000' },
  { resource: 'nvidia.com/gpu', amount: 2048, text: '2048' },
])('$amount of $resource is written $text', ({ resource, amount, text }) => {
  expect(amountText(resource, amount)).toBe(text);
});

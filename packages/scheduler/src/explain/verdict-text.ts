import type { FilterVerdict } from '../engine/explanation.ts';
import { amountText } from './amount-text.ts';

interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** A verdict in words, numbers included: `Insufficient cpu (requests 1, 500m left of 4)`. */
export function verdictText({ reasons, details = {} }: FilterVerdict): string {
  const { insufficient, ...others } = details as { readonly insufficient?: readonly Shortage[] } & Record<string, unknown>;
  const numbers = (insufficient ?? []).map(({ resource, requested, used, capacity }) => {
    const [left, all] = [amountText(resource, Math.max(0, capacity - used)), amountText(resource, capacity)];
    return `${(insufficient?.length ?? 0) > 1 ? `${resource}: ` : ''}requests ${amountText(resource, requested)}, ${left} left of ${all}`;
  });
  const rest = Object.entries(others).map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const all = [...numbers, ...rest].join('; ');
  return all === '' ? reasons.join(', ') : `${reasons.join(', ')} (${all})`;
}

import type { Taint, Toleration } from '@kybern/core/kinds';

/**
 * Whether a toleration covers a taint: effect and key empty or equal, and the value as the operator says (`Equal` unless given; an empty key needs
 * `Exists`).
 *
 * @see kubernetes v1.36 staging/src/k8s.io/api/core/v1/toleration.go (ToleratesTaint)
 */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  const { effect, key, operator, value } = toleration;
  if (effect !== undefined && (effect as string) !== '' && effect !== taint.effect) return false;
  const anyKey = key === undefined || key === '';
  if (!anyKey && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case 'Gt':
    case 'Lt':
      return !anyKey && compares(operator, taint.value, value);
    case 'Equal':
    case undefined:
      return !anyKey && (value ?? '') === (taint.value ?? '');
    default:
      return (operator as string) === '' && !anyKey && (value ?? '') === (taint.value ?? '');
  }
}

function compares(operator: 'Gt' | 'Lt', taintValue: string | undefined, value: string | undefined): boolean {
  const [actual, limit] = [parseInteger(taintValue), parseInteger(value)];
  if (actual === undefined || limit === undefined) return false;
  return operator === 'Gt' ? actual > limit : actual < limit;
}

/** A whole number as Kubernetes reads one out of a label or taint; undefined when the text is none. */
export function parseInteger(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** The first taint among those with one of these effects that no toleration covers. */
export function findUntolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly Taint['effect'][],
): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && tolerations?.some((toleration) => toleratesTaint(toleration, taint)) !== true);
}

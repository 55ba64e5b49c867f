/** An absolute number, or a share of a whole such as `"25%"`. */
export type IntOrPercent = number | string;

/**
 * The number that `value` stands for.
 *
 * @param total the whole that a percentage is of
 * @param round which way a fraction goes
 * @returns undefined when `value` is text but no percentage
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go (GetScaledValueFromIntOrPercent)
 */
export function scaledValue(value: IntOrPercent, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) return undefined;
  const share = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}

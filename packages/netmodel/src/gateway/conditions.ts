/** A condition of a Gateway API object, without the time at which it changed: whoever writes it knows. */
export interface GatewayCondition {
  readonly type: string;
  readonly status: 'False' | 'True';
  readonly reason: string;
  readonly message: string;
}

/** Spells a condition. */
export const condition = (type: string, holds: boolean, reason: string, message: string): GatewayCondition => ({
  type,
  status: holds ? 'True' : 'False',
  reason,
  message,
});

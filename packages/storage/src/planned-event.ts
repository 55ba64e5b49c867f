/** An event that a plan wants recorded about the object that it is for. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** An event that is no bad news. */
export const normal = (reason: string, message: string): PlannedEvent => ({ type: 'Normal', reason, message });

/** An event that somebody should look at. */
export const warning = (reason: string, message: string): PlannedEvent => ({ type: 'Warning', reason, message });

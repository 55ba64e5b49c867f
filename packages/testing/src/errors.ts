/** The cluster did not come to rest: something goes on for ever without time passing, or within the window that `settle()` waits for. */
export class NotSettledError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSettledError';
  }
}

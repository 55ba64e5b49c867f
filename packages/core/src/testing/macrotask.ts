/**
 * Resolves in a later turn of the event loop: every promise callback that was runnable, and all that these made runnable, has run by then.
 * The one place where the fakes touch the platform's event loop; it takes no measurable time.
 */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    schedule(resolve);
  });
}

declare const setImmediate: ((fn: () => void) => unknown) | undefined;

function schedule(fn: () => void): void {
  if (typeof setImmediate === 'function') {
    setImmediate(fn);
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => {
    port1.close();
    fn();
  });
  port1.start();
  port2.postMessage(undefined);
}

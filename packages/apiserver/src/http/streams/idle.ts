import type { Clock } from '@kybern/core';

/** Streams on which nothing has moved for so long are ended. @see kubernetes v1.36 pkg/kubelet/apis/config/v1beta1/defaults.go (StreamingConnectionIdleTimeout) */
const IDLE_MS = 4 * 60 * 60 * 1000;

/** What tells how much has moved. */
interface Moving {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  destroy(): void;
}

/** Cuts a socket on which nothing has moved for four hours. The returned function ends the watch. */
export function cutWhenIdle(socket: Moving, clock: Clock): () => void {
  let seen = -1;
  let cancel = (): void => undefined;
  const look = (): void => {
    const moved = socket.bytesRead + socket.bytesWritten;
    if (moved === seen) {
      socket.destroy();
      return;
    }
    seen = moved;
    cancel = clock.after(IDLE_MS, look, { background: true });
  };
  look();
  return () => cancel();
}

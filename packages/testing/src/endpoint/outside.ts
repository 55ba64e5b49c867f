import type { DoorObserver, RequestObserver, ApiRequest } from '@kybern/apiserver';
import type { Clock } from '@kybern/core';
import type { Trace } from '../trace.ts';

/** What goes on between the cluster and clients that live in real time. Virtual time stands still while they talk. */
export interface Outside extends DoorObserver {
  /** Requests that are being answered; they are work that has to be done. */
  readonly answering: number;
  /** What clients have under way, watches and streams included: whoever has is waiting for the cluster. */
  readonly open: number;
  /** Whether somebody has said something a short while ago. */
  isTalking(): boolean;
  /** Resolves when nobody has said anything for a while. */
  quiet(): Promise<void>;
  /** Lets a while of real time pass. */
  pause(): Promise<void>;
}

/** What an {@link Outside} works with. */
export interface OutsideParts {
  /** The clients' clock. */
  readonly clock: Clock;
  /** How long a client may take, in real ms, from an answer or an event to what it says to that. */
  readonly patienceMs: number;
  readonly trace: Trace;
}

/** A client that never stops talking does not stop the time: after so long it goes on. */
const MAX_TALK_MS = 5_000;

/** Makes an {@link Outside}. */
export function createOutside({ clock, patienceMs, trace }: OutsideParts): Outside {
  let spokenMs = -Infinity;
  let answering = 0;
  let open = 0;
  const spoken = (): void => {
    spokenMs = clock.monotonicMs();
  };
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const talkingMs = (): number => spokenMs + patienceMs - clock.monotonicMs();
  return {
    get answering() {
      return answering;
    },
    get open() {
      return open;
    },
    opened() {
      spoken();
      open += 1;
      return () => {
        spoken();
        open -= 1;
      };
    },
    began(request): RequestObserver {
      spoken();
      answering += 1;
      return {
        answered: (response) => trace.answeredOutside(actorOf(request), request, response),
        sent: spoken,
        ended() {
          spoken();
          answering -= 1;
        },
      };
    },
    isTalking: () => talkingMs() > 0,
    async quiet() {
      const untilMs = clock.monotonicMs() + MAX_TALK_MS;
      for (let ms = talkingMs(); ms > 0 && clock.monotonicMs() < untilMs; ms = talkingMs()) await sleep(Math.ceil(ms));
    },
    pause: () => sleep(patienceMs),
  };
}

/** What a timeline calls a client: the program by whose name its requests go. */
function actorOf({ options }: ApiRequest): string {
  return options?.fieldManager ?? 'HTTP client';
}

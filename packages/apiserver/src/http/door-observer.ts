import type { WatchEvent, KubernetesObject } from '@kybern/core';
import { Observable } from '../internal/rx.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';

/** Is told of what comes in at a door, so that a virtual clock can wait for it. */
export interface DoorObserver {
  /** A client has something under way: a request, a watch, a stream. @returns called when it is over */
  opened(): () => void;
  /** A request was read and is being answered. */
  began(request: ApiRequest): RequestObserver;
}

/** Is told of one request. */
export interface RequestObserver {
  /** It has its answer, which is about to be sent. Not called when it fails. */
  answered(response: ApiResponse): void;
  /** An event of its watch is being sent. */
  sent(): void;
  /** It was answered, or failed. A watch goes on. */
  ended(): void;
}

/** Answers requests as `execute` does, and tells. */
export function observeExecute(execute: (request: ApiRequest) => Promise<ApiResponse>, observer: DoorObserver): (request: ApiRequest) => Promise<ApiResponse> {
  return async (request) => {
    const observed = observer.began(request);
    try {
      const response = await execute(request);
      observed.answered(response);
      return response.type === 'watch' ? { ...response, events: observeEvents(response.events, observed) } : response;
    } finally {
      observed.ended();
    }
  };
}

function observeEvents(events: Observable<WatchEvent<KubernetesObject>>, observed: RequestObserver): Observable<WatchEvent<KubernetesObject>> {
  return new Observable((subscriber) =>
    events.subscribe({
      next(event) {
        observed.sent();
        subscriber.next(event);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}

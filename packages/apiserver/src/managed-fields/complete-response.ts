import { deepFreeze, toObjectList, type KubernetesObject, type WatchEvent } from '@kybern/core';
import { Observable } from '../internal/rx.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { Books } from './books.ts';

type Execute = (request: ApiRequest) => Promise<ApiResponse>;

/** `execute` for callers in this process: objects come with their managedFields when a request asks for them or is an apply. */
export function completing(execute: Execute, books: Books): Execute {
  return (request) => {
    const answer = execute(request);
    return request.options?.managedFields === true || request.patchType === 'apply' ? answer.then((response) => complete(response, request, books)) : answer;
  };
}

function complete(response: ApiResponse, { kind }: ApiRequest, books: Books): ApiResponse {
  const whole = (object: KubernetesObject): KubernetesObject => deepFreeze(books.withManagedFields(object));
  switch (response.type) {
    case 'object':
      return { ...response, object: whole(response.object) };
    case 'list':
      return { ...response, list: toObjectList(kind, response.list.items.map(whole), response.list.metadata) };
    case 'watch':
      return { ...response, events: wholeEvents(response.events, whole) };
  }
}

function wholeEvents(
  events: Observable<WatchEvent<KubernetesObject>>,
  whole: (object: KubernetesObject) => KubernetesObject,
): Observable<WatchEvent<KubernetesObject>> {
  return new Observable((subscriber) =>
    events.subscribe({
      next: (event) => subscriber.next(event.type === 'BOOKMARK' ? event : { ...event, object: whole(event.object) }),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}

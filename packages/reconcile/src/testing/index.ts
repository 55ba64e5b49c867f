export { createFaultyClient } from './faulty-client.ts';
export type { Call, CallObserver, CallVerb, EventFate, Fault, FaultyClient, FaultyClientOptions } from './faulty-client.ts';

import type { FieldError } from '@kybern/core';
import type { HTTPGetAction, LifecycleHandler, Probe } from '@kybern/core/kinds';
import { forbiddenField, invalidValue, required } from './field-errors.ts';
import { between, headerNameProblem, isPortName, NOT_NEGATIVE, portNameProblems, portProblem } from './formats.ts';

/** A probe or a lifecycle hook: what is done. */
interface Handler extends LifecycleHandler {
  readonly grpc?: Probe['grpc'];
}

const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

/** Checks a probe. @see kubernetes v1.36 pkg/apis/core/validation/validation.go (validateProbe) */
export function validateProbe(probe: Probe, field: string, errors: FieldError[]): void {
  validateHandler(probe, field, errors);
  for (const name of COUNTS) {
    const value = probe[name];
    if (value !== undefined && value < 0) errors.push(invalidValue(`${field}.${name}`, value, NOT_NEGATIVE));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
}

/** Checks a liveness or startup probe: one success is enough. */
export function validateRestartingProbe(probe: Probe, field: string, errors: FieldError[]): void {
  validateProbe(probe, field, errors);
  if (probe.successThreshold !== undefined && probe.successThreshold !== 1)
    errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold, 'must be 1'));
}

/** A readiness probe never ends a container, so it has no grace period for that. */
export function validateReadinessProbe(probe: Probe, field: string, errors: FieldError[]): void {
  validateProbe(probe, field, errors);
  if (probe.terminationGracePeriodSeconds !== undefined) {
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'must not be set for readinessProbes'));
  }
}

/** Checks what a probe or hook does: exactly one thing. */
export function validateHandler(handler: Handler, field: string, errors: FieldError[]): void {
  let count = 0;
  const take = (name: string): boolean => {
    count += 1;
    if (count > 1) errors.push(forbiddenField(`${field}.${name}`, 'may not specify more than 1 handler type'));
    return count === 1;
  };
  if (handler.exec !== undefined && take('exec') && (handler.exec.command ?? []).length === 0) errors.push(required(`${field}.exec.command`));
  if (handler.httpGet !== undefined && take('httpGet')) validateHttpGet(handler.httpGet, `${field}.httpGet`, errors);
  if (handler.tcpSocket !== undefined && take('tcpSocket')) validatePortRef(handler.tcpSocket.port, `${field}.tcpSocket.port`, errors);
  if (handler.grpc !== undefined && take('grpc')) {
    const problem = portProblem(handler.grpc.port);
    if (problem !== undefined) errors.push(invalidValue(`${field}.grpc.port`, handler.grpc.port, problem));
  }
  if (handler.sleep !== undefined && take('sleep') && handler.sleep.seconds < 0)
    errors.push(invalidValue(`${field}.sleep`, handler.sleep.seconds, NOT_NEGATIVE));
  if (count === 0) errors.push(required(field, 'must specify a handler type'));
}

function validateHttpGet({ path, port, httpHeaders, host }: HTTPGetAction, field: string, errors: FieldError[]): void {
  if (path === undefined || path === '') errors.push(required(`${field}.path`));
  validatePortRef(port, `${field}.port`, errors);
  if (host !== undefined && host.length > 253) errors.push(invalidValue(`${field}.host`, host, 'must be no more than 253 characters'));
  httpHeaders?.forEach(({ name }, i) => {
    const problem = headerNameProblem(name);
    if (problem !== undefined) errors.push(invalidValue(`${field}.httpHeaders[${i}].name`, name, problem));
  });
}

/** A port, by number or by the name of a container port. */
export function validatePortRef(port: number | string, field: string, errors: FieldError[]): void {
  if (typeof port === 'number') {
    if (portProblem(port) !== undefined) errors.push(invalidValue(field, port, between(1, 65_535)));
  } else if (!isPortName(port)) for (const problem of portNameProblems(port)) errors.push(invalidValue(field, port, problem));
}

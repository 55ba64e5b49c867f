import { Environment } from '@marcbachmann/cel-js';
import { evaluationError, registerFormats, registerRegex, registerStrings, type Register } from './functions-text.ts';
import { registerAddresses, registerLists, registerOptionals, registerQuantities, registerSets, registerUrls } from './functions-values.ts';

/** An environment for rules, and what its evaluations may cost. */
export interface RuleEnvironment {
  readonly env: Environment;
  /** Begins a count anew: `steps` for all evaluations until the next call. */
  allow(steps: number): void;
}

/** What a rule fails with when the count is used up. */
export const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/**
 * Makes an environment with the functions that Kubernetes' rules have.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/cel/environment/base.go
 */
export function createRuleEnvironment(): RuleEnvironment {
  const env = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  const register: Register = (signature, handler) => {
    env.registerFunction(signature, handler as never, { async: false } as never);
  };
  let left = Infinity;
  const charge = (steps: number): void => {
    left -= steps + 1;
    if (left < 0) throw evaluationError(OUT_OF_BUDGET);
  };
  const counted = (size: number, value: unknown): unknown => {
    charge(size);
    return value;
  };
  register('k8sCharge(int): int', (value: unknown) => value);
  register('k8sCharge(list<A>): list<A>', (list: readonly unknown[]) => counted(list.length, list));
  register('k8sCharge(map<K, V>): map<K, V>', (map: ReadonlyMap<unknown, unknown>) => counted(map instanceof Map ? map.size : Object.keys(map).length, map));
  registerRegex(register, charge);
  registerStrings(register);
  registerFormats(env, register);
  registerLists(register);
  registerSets(env, register, charge);
  registerUrls(env, register);
  registerAddresses(env, register);
  registerQuantities(env, register);
  registerOptionals(register);
  return {
    env,
    allow(steps) {
      left = steps;
    },
  };
}

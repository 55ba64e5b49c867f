import { resolveRef, walkSchema, type Definition, type OpenApiSchema } from './input.ts';
import { definitionOf, type GenerationPlan } from './plan.ts';

/** What of the schemas is held against an object. The schemas say more than Kubernetes enforces. */
export interface Enforcement {
  /** Whether required fields and closed sets of values count in this type: not in types that only a status has, which Kubernetes takes as it is. */
  isChecked(definition: Definition): boolean;
  /** Never true of a struct: see {@link Enforcement.needsFields}. */
  isRequired(definition: Definition, field: string): boolean;
  /** Whether an empty object of this type lacks something. A struct that is absent is an empty struct in Go, so what it lacks is missing then too. */
  needsFields(definition: Definition): boolean;
}

/**
 * Fields that are required by the schema because Go writes them always, but whose absence Kubernetes accepts: the zero value is a right one, or
 * the defaults fill it in.
 */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set(
  [
    'apps.v1.ControllerRevision.revision',
    'batch.v1.PodFailurePolicy.rules',
    'core.v1.Event.involvedObject',
    'core.v1.HTTPHeader.value',
    'core.v1.ISCSIPersistentVolumeSource.lun',
    'core.v1.ISCSIVolumeSource.lun',
    'core.v1.LimitRangeSpec.limits',
    'core.v1.SleepAction.seconds',
    'core.v1.Sysctl.value',
    'events.v1.Event.eventTime',
    'resource.v1.ResourcePool.generation',
    'resource.v1beta1.ResourcePool.generation',
    'resource.v1beta2.ResourcePool.generation',
    'storage.v1.CSINodeSpec.drivers',
  ]
    .map((field) => `io.k8s.api.${field}`)
    .concat(['served', 'storage'].map((field) => `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion.${field}`)),
);

/** Works out what is enforced. */
export function enforcement(plan: GenerationPlan): Enforcement {
  const checked = outsideStatus(plan);
  const lacking = new Map<Definition, boolean>();
  const rules: Enforcement = {
    isChecked: (definition) => checked.has(definition),
    isRequired(definition, field) {
      const schema = definition.schema.properties?.[field];
      if (!rules.isChecked(definition) || schema === undefined || isStruct(schema)) return false;
      return (definition.schema.required ?? []).includes(field) && !MAY_BE_ABSENT.has(`${definition.id}.${field}`);
    },
    needsFields(definition) {
      const known = lacking.get(definition);
      if (known !== undefined) return known;
      lacking.set(definition, false);
      const fields = rules.isChecked(definition) ? Object.entries(definition.schema.properties ?? {}) : [];
      const found = fields.some(([field, schema]) =>
        isStruct(schema) ? rules.needsFields(resolveRef(plan.input, schema.$ref)) : rules.isRequired(definition, field),
      );
      lacking.set(definition, found);
      return found;
    },
  };
  return rules;
}

/** A struct that is no pointer: Go writes it even when it is empty, which the schema shows by its default. */
export const isStruct = (schema: OpenApiSchema): schema is OpenApiSchema & { readonly $ref: string } =>
  schema.$ref !== undefined && schema.default !== undefined;

/** The types that are reached without passing through the `status` of a kind. */
function outsideStatus(plan: GenerationPlan): Set<Definition> {
  const seen = new Set<Definition>();
  const visit = (definition: Definition, fields: OpenApiSchema): void => {
    if (seen.has(definition)) return;
    seen.add(definition);
    walkSchema(fields, ({ $ref }) => {
      if ($ref === undefined) return;
      const target = resolveRef(plan.input, $ref);
      visit(target, target.schema);
    });
  };
  const kinds = plan.input.resources.map(({ schema }) => definitionOf(plan.input, schema));
  const bodies = plan.modules.flatMap((module) => module.bodies.map((body) => body.definition));
  for (const definition of [...kinds, ...bodies]) {
    const { status: _, ...properties } = definition.schema.properties ?? {};
    visit(definition, { ...definition.schema, properties });
  }
  return seen;
}

import { attestErrors } from '../errors.ts';
import { isRecord, type JsonRecord } from '../record.ts';
import { checkDescriptor } from '../statement/descriptor.ts';
import { predicateTypes, type InTotoStatement, type ResourceDescriptor } from '../statement/types.ts';

/**
 * What every version of SLSA provenance says, in one shape. Members are absent where the version or the statement has none. Nothing is proven by
 * reading: the envelope's signature and the trust in `builderId` decide what the rest is worth.
 */
export interface Provenance {
  readonly predicateType: string;
  readonly builderId: string;
  readonly buildType?: string;
  readonly invocationId?: string;
  /** RFC 3339, as written. */
  readonly startedOn?: string;
  readonly finishedOn?: string;
  /** v1: externalParameters; v0.2: invocation.parameters; v0.1: recipe.arguments. */
  readonly externalParameters: JsonRecord;
  readonly internalParameters: JsonRecord;
  /** Where the build's definition came from, if it says so (v0.2 configSource, v0.1 definedInMaterial). */
  readonly configSource?: ResourceDescriptor;
  /** v1: resolvedDependencies; before: materials. */
  readonly dependencies: readonly ResourceDescriptor[];
  readonly byproducts: readonly ResourceDescriptor[];
}

type Reader = (predicate: JsonRecord, fail: Fail) => Provenance;
type Fail = (what: string) => Error;

const readers: Readonly<Record<string, Reader>> = {
  [predicateTypes.slsaV1]: readV1,
  [predicateTypes.slsaV02]: readV02,
  [predicateTypes.slsaV01]: readV01,
  [predicateTypes.chains2021]: readChains2021,
};

export function isProvenance(predicateType: string): boolean {
  return Object.hasOwn(readers, predicateType);
}

/** Reads the predicate of a statement of any SLSA version (v0.1, v0.2, v1) or of Chains' 2021 format. Throws ATTEST_PREDICATE_INVALID. */
export function readProvenance({ predicateType, predicate }: InTotoStatement): Provenance {
  const fail: Fail = (what) => attestErrors.error('ATTEST_PREDICATE_INVALID', `the predicate ${predicateType} ${what}`);
  const reader = Object.hasOwn(readers, predicateType) ? readers[predicateType] : undefined;
  if (reader === undefined || !isRecord(predicate)) throw fail('is not provenance');
  return reader(predicate, fail);
}

function readV1(predicate: JsonRecord, fail: Fail): Provenance {
  const definition = object(predicate, 'buildDefinition', fail);
  const details = object(predicate, 'runDetails', fail);
  const metadata = object(details, 'metadata', fail, {});
  return {
    predicateType: predicateTypes.slsaV1,
    builderId: needText(object(details, 'builder', fail), 'id', fail),
    buildType: needText(definition, 'buildType', fail),
    ...optional('invocationId', text(metadata, 'invocationId', fail) ?? text(metadata, 'invocationID', fail)),
    ...optional('startedOn', text(metadata, 'startedOn', fail)),
    ...optional('finishedOn', text(metadata, 'finishedOn', fail)),
    externalParameters: object(definition, 'externalParameters', fail),
    internalParameters: object(definition, 'internalParameters', fail, {}),
    dependencies: descriptors(definition, 'resolvedDependencies', fail),
    byproducts: descriptors(details, 'byproducts', fail),
  };
}

function readV02(predicate: JsonRecord, fail: Fail): Provenance {
  const invocation = object(predicate, 'invocation', fail, {});
  const metadata = object(predicate, 'metadata', fail, {});
  const configSource = object(invocation, 'configSource', fail, {});
  return {
    predicateType: predicateTypes.slsaV02,
    builderId: needText(object(predicate, 'builder', fail), 'id', fail),
    buildType: needText(predicate, 'buildType', fail),
    ...optional('invocationId', text(metadata, 'buildInvocationId', fail) ?? text(metadata, 'buildInvocationID', fail)),
    ...optional('startedOn', text(metadata, 'buildStartedOn', fail)),
    ...optional('finishedOn', text(metadata, 'buildFinishedOn', fail)),
    externalParameters: object(invocation, 'parameters', fail, {}),
    internalParameters: object(invocation, 'environment', fail, {}),
    ...(configSource['uri'] === undefined ? {} : { configSource: source(configSource, fail) }),
    dependencies: descriptors(predicate, 'materials', fail),
    byproducts: [],
  };
}

function readV01(predicate: JsonRecord, fail: Fail): Provenance {
  const recipe = object(predicate, 'recipe', fail, {});
  const metadata = object(predicate, 'metadata', fail, {});
  const dependencies = descriptors(predicate, 'materials', fail);
  const index = recipe['definedInMaterial'];
  const defined = typeof index === 'number' ? dependencies[index] : undefined;
  return {
    predicateType: predicateTypes.slsaV01,
    builderId: needText(object(predicate, 'builder', fail), 'id', fail),
    ...optional('buildType', text(recipe, 'type', fail)),
    ...optional('invocationId', text(metadata, 'buildInvocationId', fail)),
    ...optional('startedOn', text(metadata, 'buildStartedOn', fail)),
    ...optional('finishedOn', text(metadata, 'buildFinishedOn', fail)),
    externalParameters: isRecord(recipe['arguments']) ? recipe['arguments'] : {},
    internalParameters: isRecord(recipe['environment']) ? recipe['environment'] : {},
    ...(defined === undefined ? {} : { configSource: defined }),
    dependencies,
    byproducts: [],
  };
}

function readChains2021(predicate: JsonRecord, fail: Fail): Provenance {
  const invocation = object(predicate, 'invocation', fail);
  const metadata = object(predicate, 'metadata', fail, {});
  const recipeUri = text(invocation, 'recipe_uri', fail);
  return {
    predicateType: predicateTypes.chains2021,
    builderId: needText(invocation, 'builder.id', fail),
    ...optional('invocationId', text(invocation, 'event_id', fail)),
    ...optional('startedOn', text(metadata, 'buildStartedOn', fail)),
    ...optional('finishedOn', text(metadata, 'buildFinishedOn', fail)),
    externalParameters: { parameters: invocation['parameters'] ?? [] },
    internalParameters: {},
    ...(recipeUri === undefined ? {} : { configSource: { uri: recipeUri } }),
    dependencies: descriptors(predicate, 'materials', fail),
    byproducts: [],
  };
}

function source(configSource: JsonRecord, fail: Fail): ResourceDescriptor {
  const { entryPoint: _, ...descriptor } = configSource;
  return checkDescriptor(descriptor, { path: 'invocation.configSource', fail });
}

function object(parent: JsonRecord, name: string, fail: Fail, otherwise?: JsonRecord): JsonRecord {
  const value = parent[name] ?? otherwise;
  if (!isRecord(value)) throw fail(`has no object ${name}`);
  return value;
}

function text(parent: JsonRecord, name: string, fail: Fail): string | undefined {
  const value = parent[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw fail(`has a ${name} that is not text`);
  return value;
}

function needText(parent: JsonRecord, name: string, fail: Fail): string {
  const value = text(parent, name, fail);
  if (value === undefined) throw fail(`has no ${name}`);
  return value;
}

function descriptors(parent: JsonRecord, name: string, fail: Fail): ResourceDescriptor[] {
  const value = parent[name] ?? [];
  if (!Array.isArray(value)) throw fail(`has a ${name} that is not a list`);
  return value.map((item: unknown, index) => checkDescriptor(item, { path: `${name}[${index}]`, fail }));
}

function optional<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]?: string });
}

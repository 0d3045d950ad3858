export type {
  BuildRecord,
  ClaimRecord,
  DefinitionRecord,
  InputRecord,
  PackageRecord,
  ProducedImage,
  ResultRecord,
  RunKind,
  RunReference,
  StepImageRecord,
} from './build-record.ts';
export type {
  Images,
  InputRequest,
  Inputs,
  Masks,
  OutputRequest,
  Outputs,
  PreparedInput,
  ResolvedImage,
} from './contract.ts';

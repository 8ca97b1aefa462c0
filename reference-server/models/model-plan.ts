import type { ModelSettings } from '../model-settings.ts';
import type { DeclaredEnsemble, DeclaredPipeline } from '../pipeline/declared-graph.ts';
import type { StepFiles } from '../pipeline/step.ts';
import type { RoutingSettings } from '../routing/routing-settings.ts';
import type { LimitsByInput } from './input-limits.ts';
import type { WarmUpSample } from './model-file.ts';
import type { OnnxInterface } from './onnx-file.ts';
import type { VersionPolicy } from './version-policy.ts';

/** One version of a model as it should be served. */
export interface VersionPlan {
  readonly name: string;
  readonly version: string;
  /** A bundled model's name, or the path of an .onnx file. */
  readonly source: string;
  readonly settings: ModelSettings;
  /** Whether requests of different callers may share a batch. */
  readonly sharesBatches: boolean;
  /** What the file says that it takes and gives, narrowed by the configuration; undefined: ask the model. */
  readonly tensors?: OnnxInterface;
  /** What inputs take beyond that; undefined: anything. */
  readonly limits?: LimitsByInput;
  /** Requests that each instance must answer before it is ready. */
  readonly warmUp: readonly WarmUpSample[];
  /** Steps before and after the model. */
  readonly pipeline?: DeclaredPipeline;
  /** Other models and steps, which are this model: then there is no source. */
  readonly ensemble?: DeclaredEnsemble;
  /** Of the steps. */
  readonly files?: StepFiles;
  /** For outputs that are scores of classes, the name of each class. */
  readonly classLabels: Readonly<Record<string, readonly string[]>>;
  /** Differs when the files or the settings differ: what runs with an equal one need not be loaded again. */
  readonly fingerprint: string;
  /** Why it cannot be served. */
  readonly problem?: string;
}

/** What should be served under one name. */
export interface ModelPlan {
  readonly name: string;
  /** In ascending order; empty where the model is broken. */
  readonly versions: readonly VersionPlan[];
  readonly versionPolicy: VersionPolicy;
  /** Names for versions, as in `stable: 3`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Version or label that a request without one gets; undefined: the newest that runs. */
  readonly defaultVersion?: string;
  /** Which version requests that name none get, where more than one does. */
  readonly routing?: RoutingSettings;
  /** All versions there are, chosen or not, in ascending order. */
  readonly available?: readonly string[];
  /** Fields of the model's configuration that this server reads and does not act on. */
  readonly notHonoured: readonly string[];
  /** Why nothing, or not everything, of the model can be served. */
  readonly problem?: string;
}

/** Where models come from: the configuration's list, a folder, or a stand-in under test. */
export interface ModelCatalogue {
  /** The names of all models there are, broken ones included. */
  names(): Promise<readonly string[]>;
  /** Undefined where there is no model of that name. `override` stands for the model's configuration file. */
  plan(name: string, override?: ConfigOverride): Promise<ModelPlan | undefined>;
}

/** The model configuration of a load request, as a JSON text. */
export interface ConfigOverride {
  readonly json: string;
}

import type { StepKind } from './step.ts';
import { cleanse, clip, impute, normalise } from './steps/cleansing.ts';
import { cross, oneHot, polynomial } from './steps/features.ts';
import { image } from './steps/image.ts';
import { calibrate, softmax, threshold, topK } from './steps/scores.ts';
import { cast, join, select, transpose } from './steps/shapes.ts';
import { tokenise, vectorise } from './steps/text.ts';

/** Every kind of step by the name that a configuration has for it. */
export const STEP_KINDS = {
  cleanse,
  impute,
  clip,
  normalise,
  cross,
  polynomial,
  oneHot,
  select,
  join,
  transpose,
  cast,
  tokenise,
  vectorise,
  image,
  softmax,
  topK,
  threshold,
  calibrate,
} as const satisfies Readonly<Record<string, StepKind>>;

export type StepName = keyof typeof STEP_KINDS;

export const STEP_NAMES = Object.keys(STEP_KINDS) as readonly StepName[];

/** Fields of steps that name a file beside the configuration. */
export const FILE_FIELDS = ['vocabulary', 'labelFile'] as const;

/** Only what is really there. */
const EXTENSIONS = [
  'binary_tensor_data',
  'classification',
  'parameters',
  'statistics',
  'model_configuration',
  'model_repository',
  'schedule_policy',
];

export function serverMetadata(version: string) {
  return { name: 'inferometer', version, extensions: EXTENSIONS };
}

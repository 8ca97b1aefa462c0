/* What a run's files are called on disk; apart from what writes them, because every verb's help names them. */

export const DEFAULT_OUT_FOLDER = 'results';
export const RECORD_FILE = 'run.json';
export const LATEST = 'latest';

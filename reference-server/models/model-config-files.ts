import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigProblem, located } from '../config-document.ts';
import { type ModelFile, parseModelFile, SILENT } from './model-file.ts';
import type { ConfigOverride } from './model-plan.ts';
import { parseTextProto } from './text-proto.ts';
import { TextProtoError } from './text-proto-tokens.ts';
import { fromTritonConfig } from './triton-config.ts';
import { Message } from './triton-message.ts';

/** What the configuration in a model's folder says, in whichever form; an override stands in its place. */
export function readModelConfig(
  name: string,
  path: string,
  override: ConfigOverride | undefined,
): { readonly file: ModelFile } | { readonly problem: string } {
  const yaml = join(path, 'config.yaml');
  const pbtxt = join(path, 'config.pbtxt');
  if (override !== undefined)
    return checked(tritonJson(override.json, name), 'the configuration of the request');
  if (existsSync(yaml) && existsSync(pbtxt)) {
    return { problem: `${path} has a config.yaml and a config.pbtxt: there must be one of them` };
  }
  try {
    if (existsSync(yaml)) return checked(parseModelFile(readFileSync(yaml, 'utf8')), yaml);
    if (existsSync(pbtxt)) return checked(tritonText(readFileSync(pbtxt, 'utf8'), name), pbtxt);
  } catch (error) {
    return { problem: `the configuration cannot be read: ${reasonOf(error)}` };
  }
  return { file: SILENT };
}

function checked(
  read: ModelFile | readonly ConfigProblem[],
  file: string,
): { readonly file: ModelFile } | { readonly problem: string } {
  if ('settings' in read) return { file: read };
  return { problem: read.map((problem) => located(problem, file)).join('; ') };
}

function tritonText(text: string, name: string): ModelFile | readonly ConfigProblem[] {
  try {
    return fromTritonConfig(Message.fromText(parseTextProto(text)), name);
  } catch (error) {
    if (error instanceof TextProtoError) return [{ line: error.line, message: error.message }];
    throw error;
  }
}

function tritonJson(json: string, name: string): ModelFile | readonly ConfigProblem[] {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [{ message: 'it must be a JSON object' }];
    }
    return fromTritonConfig(Message.fromJson(value as Readonly<Record<string, unknown>>), name);
  } catch (error) {
    return [{ message: `it is not JSON: ${reasonOf(error)}` }];
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

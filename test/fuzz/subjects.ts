import type { Subject } from './fuzz-loop.ts';
import { grpcSubject } from './grpc-subject.ts';
import { httpSubject } from './http-subject.ts';

export const SUBJECTS = { http: httpSubject, grpc: grpcSubject } as const satisfies Readonly<
  Record<string, Subject>
>;

export type SubjectName = keyof typeof SUBJECTS;
export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

import type { Subject } from './fuzz-loop.ts';
import { grpcFramesSubject, grpcMessagesSubject } from './grpc-door-subjects.ts';
import { grpcSubject } from './grpc-subject.ts';
import { httpSubject } from './http-subject.ts';
import { restDoorSubject } from './rest-door-subject.ts';

export const SUBJECTS: Readonly<Record<SubjectName, Subject>> = {
  http: httpSubject,
  grpc: grpcSubject,
  'rest-door': restDoorSubject,
  'grpc-messages': grpcMessagesSubject,
  'grpc-frames': grpcFramesSubject,
};

/** The first two are the engines, which hear servers; the others are the doors of our own server, which hear clients. */
export type SubjectName = 'http' | 'grpc' | 'rest-door' | 'grpc-messages' | 'grpc-frames';
export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

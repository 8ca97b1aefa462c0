import type { Datatype } from '../infer.ts';
import { ELEMENT } from './tensors.ts';

/** The datatypes whose elements are numbers in an order; of FP16 there are only bits here. */
export type NumericDatatype = Exclude<Datatype, 'BOOL' | 'FP16' | 'BYTES'>;

export function isNumeric(datatype: Datatype): datatype is NumericDatatype {
  return datatype !== 'BOOL' && datatype !== 'FP16' && datatype !== 'BYTES';
}

/** Row-major little-endian bytes, aligned or not, as the numbers that they are; copied only where they are not aligned. */
export function valuesOf<Type extends NumericDatatype>(
  datatype: Type,
  data: Uint8Array,
): InstanceType<(typeof ELEMENT)[Type]['array']> {
  const { bytes, array: ArrayType } = ELEMENT[datatype];
  // Not data.slice(): that of a Buffer copies nothing.
  const aligned = data.byteOffset % bytes === 0 ? data : new Uint8Array(data);
  const values = new ArrayType(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / bytes);
  return values as InstanceType<(typeof ELEMENT)[Type]['array']>;
}

import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { mergePriceBooks, type PriceBook, parsePriceBook } from './price-book.ts';

/** The shipped prices, and over them the machines of the user's own CSV file with the same columns. */
export function loadPriceBook(ownCsvPath?: string): PriceBook {
  const shipped = readBook(packageFile('harness', 'cost', 'prices', 'instances.csv'));
  return ownCsvPath === undefined ? shipped : mergePriceBooks([shipped, readBook(ownCsvPath)]);
}

function readBook(path: string): PriceBook {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the price list ${path}: ${(error as Error).message}`);
  }
  return parsePriceBook(text, path);
}
